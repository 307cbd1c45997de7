"""The token sequences of a list's entities as flat arrays, in alphabetical order, which change with the list."""
from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import Optional, Sequence

import numpy as np

from ctcb.errors import InputError
from ctcb.search.beam.token_trie import in_order, merge_sorted, sort_sequences
from ctcb.search.vocabulary import Vocabulary

TokenIds = Sequence[int]


class EntityError(InputError):
    """An invalid entity; ``entity`` is its index and ``what`` the problem."""

    def __init__(self, entity: int, what: str, hint: str) -> None:
        super().__init__(f"entity {entity} {what}", hint=hint)
        self.entity, self.what = int(entity), what


@dataclass(frozen=True)
class PhraseTable:
    """N token sequences of E entities, valid in a context graph."""

    flat: np.ndarray  # int32 tokens: sequence n is flat[starts[n] : starts[n] + lengths[n]]
    starts: np.ndarray  # [N] int64
    lengths: np.ndarray  # [N] int64
    owners: np.ndarray  # [N] int64, the entity of each sequence, rising
    costs: np.ndarray  # [N] float64, nats, what an entity loses where it is found by the sequence
    letters: np.ndarray  # [N] float64, of the sequences
    order: np.ndarray  # [N] int64, the sequences in alphabetical order
    weights: np.ndarray  # [E] float64
    size: int  # of the vocabulary

    def __len__(self) -> int:
        return len(self.weights)

    @classmethod
    def of(
        cls, phrases: Sequence[Sequence[TokenIds]], vocabulary: Vocabulary, weights: Optional[Sequence[float]] = None,
        costs: Optional[Sequence[Sequence[float]]] = None, first: int = 0,
    ) -> PhraseTable:
        """The sequences of entities; parameters and errors as of :meth:`ContextGraph.build`.

        ``first``: the number of the first entity, for errors.
        """
        owners = np.repeat(np.arange(len(phrases)), np.fromiter(map(len, phrases), np.int64, len(phrases)))
        sequences = list(chain.from_iterable(phrases))
        lengths = np.fromiter(map(len, sequences), np.int64, len(sequences))
        flat = np.fromiter(chain.from_iterable(sequences), np.int64, int(lengths.sum()))
        if costs is not None and list(map(len, costs)) != list(map(len, phrases)):
            raise InputError("costs and phrases do not fit together", hint="give one cost a token sequence")
        each = np.zeros(len(sequences)) if costs is None else np.fromiter(chain.from_iterable(costs), np.float64, len(sequences))
        starts = np.cumsum(lengths) - lengths
        own = np.ones(len(phrases)) if weights is None else np.asarray(weights, np.float64)
        _check(flat, starts, lengths, owners, own, each, vocabulary, first)
        letters = np.add.reduceat(vocabulary.letters[flat], starts) if len(starts) else np.zeros(0)
        order = sort_sequences(flat, starts, lengths, vocabulary.size)
        flat, starts = in_order(flat.astype(np.int32), starts, lengths, order)
        return cls(flat, starts, lengths, owners, each, letters, order, own, vocabulary.size)

    @classmethod
    def empty(cls, size: int) -> PhraseTable:
        """The table of no entities, for a vocabulary of so many tokens."""
        numbers, none = np.zeros(0, np.int64), np.zeros(0)
        return cls(np.zeros(0, np.int32), numbers, numbers, numbers, none, none, numbers, none, size)

    def joined(self, other: PhraseTable) -> PhraseTable:
        """These entities, and those of another table behind them."""
        together = replace(
            self, flat=np.concatenate([self.flat, other.flat]), starts=np.concatenate([self.starts, other.starts + len(self.flat)]),
            lengths=np.concatenate([self.lengths, other.lengths]), owners=np.concatenate([self.owners, other.owners + len(self)]),
            costs=np.concatenate([self.costs, other.costs]), letters=np.concatenate([self.letters, other.letters]),
            weights=np.concatenate([self.weights, other.weights]),
        )
        order = merge_sorted(together.flat, together.starts, together.lengths, self.order, other.order + len(self.starts))
        return replace(together, order=order)

    def without(self, entities: Sequence[int]) -> PhraseTable:
        """The table without some entities, given by their indices; those behind them move up."""
        stays = np.ones(len(self), bool)
        stays[np.asarray(entities, np.int64)] = False
        kept = stays[self.owners]
        place = np.cumsum(kept) - 1
        return replace(
            self, starts=self.starts[kept], lengths=self.lengths[kept], owners=(np.cumsum(stays) - 1)[self.owners[kept]],
            costs=self.costs[kept], letters=self.letters[kept], order=place[self.order[kept[self.order]]], weights=self.weights[stays],
        )


def _check(
    flat: np.ndarray, starts: np.ndarray, lengths: np.ndarray, owners: np.ndarray,
    weights: np.ndarray, costs: np.ndarray, vocabulary: Vocabulary, first: int,
) -> None:
    """Raise EntityError for an entity that cannot be in a graph."""
    if not (np.isfinite(weights) & (weights >= 0)).all():
        bad = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))[0]
        raise EntityError(first + bad, f"has the weight {weights[bad]}", "give a finite weight of at least 0")
    if not (np.isfinite(costs) & (costs >= 0)).all():
        bad = np.flatnonzero(~(np.isfinite(costs) & (costs >= 0)))[0]
        raise EntityError(first + owners[bad], f"has the cost {costs[bad]}", "give a finite cost of at least 0")
    if (lengths == 0).any():
        raise EntityError(first + owners[lengths == 0][0], "has an empty token sequence", "drop it")
    wrong = (flat < 0) | (flat >= vocabulary.size) | (flat == vocabulary.blank)
    if wrong.any():
        bad = np.flatnonzero(wrong)[0]
        owner = owners[np.searchsorted(starts, bad, side="right") - 1]
        what = "the blank's id" if flat[bad] == vocabulary.blank else "no id of the vocabulary"
        raise EntityError(first + owner, f"holds token {flat[bad]}, which is {what}", "tokenize it anew")
    if len(flat):
        inside = vocabulary.starts_word[flat[starts]] == 0
        if inside.any() and not vocabulary.is_separator.any():
            bad = np.flatnonzero(inside)[0]
            raise EntityError(first + owners[bad], f"begins with token {flat[starts[bad]]}, which does not begin a word",
                              "tokenize it as a word of its own")
        edges = vocabulary.is_separator[flat[starts]] | vocabulary.is_separator[flat[starts + lengths - 1]]
        if edges.any():
            raise EntityError(first + owners[edges != 0][0], "begins or ends with a separator", "strip it")
