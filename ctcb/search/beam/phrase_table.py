"""The token sequences of a list's entities as flat arrays, in alphabetical order, which change with the list."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import List, Optional, Sequence

import numpy as np

from ctcb.errors import InputError
from ctcb.search.beam.token_trie import in_order, merge_sorted, sort_sequences
from ctcb.search.vocabulary import Vocabulary
from ctcb.sequences import Runs
from ctcb.text.token_sequences import TokenSequences

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
        sequences = TokenSequences.of(phrases)
        flat, starts, lengths, owners = sequences.flat, sequences.starts, sequences.lengths, sequences.owners
        each = np.zeros(len(starts))
        if costs is not None:
            rows = Runs.of(costs)
            if not np.array_equal(rows.limits, sequences.limits):
                raise InputError("costs and phrases do not fit together", hint="give one cost a token sequence")
            each = rows.values
        own = np.ones(len(phrases)) if weights is None else np.asarray(weights, np.float64)
        _check(flat, starts, lengths, owners, own, each, vocabulary, first)
        flat = flat.astype(np.int32, copy=False)
        order = sort_sequences(flat, starts, lengths, vocabulary.size)
        flat, starts = in_order(flat, starts, lengths, order)
        letters = np.empty(len(starts))
        letters[order] = np.add.reduceat(vocabulary.letters[flat], starts[order]) if len(starts) else np.zeros(0)
        return cls(flat, starts, lengths, owners, each, letters, order, own, vocabulary.size)

    @classmethod
    def empty(cls, size: int) -> PhraseTable:
        """The table of no entities, for a vocabulary of so many tokens."""
        numbers, none = np.zeros(0, np.int64), np.zeros(0)
        return cls(np.zeros(0, np.int32), numbers, numbers, numbers, none, none, numbers, none, size)

    @property
    def sequences(self) -> TokenSequences:
        """The sequences of each entity."""
        return TokenSequences(self.flat, self.starts, self.lengths, self.limits)

    @property
    def limits(self) -> np.ndarray:
        """Where each entity's sequences begin, and where the last one's end: ``[E + 1]`` int64."""
        return np.searchsorted(self.owners, np.arange(len(self) + 1))

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

    def blocks(self, removed: Sequence[int]) -> List[slice]:
        """The sequences before, between and behind those of some entities, which rise."""
        begins, ends = (np.searchsorted(self.owners, removed, side=side).tolist() for side in ("left", "right"))
        return [slice(begin, end) for begin, end in zip([0, *ends], [*begins, len(self.owners)])]

    def changed(self, removed: Sequence[int], more: PhraseTable) -> PhraseTable:
        """The table without some entities, given by their indices, which rise, and with those of another table behind the others."""
        blocks = self.blocks(removed)
        stays = np.ones(len(self), bool)
        stays[np.asarray(removed, np.int64)] = False
        weights = np.concatenate([self.weights[stays], more.weights])
        starts, lengths, costs, letters = (
            np.concatenate([*(own[block] for block in blocks), others]) for own, others in (
                (self.starts, more.starts + len(self.flat)), (self.lengths, more.lengths), (self.costs, more.costs), (self.letters, more.letters),
            )
        )  # fmt: skip
        left = len(weights) - len(more)
        owners = np.concatenate([*(self.owners[block] - number for number, block in enumerate(blocks)), more.owners + left])
        flat, place, count = np.concatenate([self.flat, more.flat]), np.full(len(self.starts), -1, np.int64), 0
        for block in blocks:
            place[block] = np.arange(count, count + block.stop - block.start)
            count += block.stop - block.start
        order = place[self.order]
        order = merge_sorted(flat, starts, lengths, order[order >= 0], more.order + count)
        return PhraseTable(flat, starts, lengths, owners, costs, letters, order, weights, self.size)


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
        before = np.append(0, np.cumsum(wrong))
        for number in np.flatnonzero(before[starts + lengths] > before[starts])[:1]:
            own = slice(starts[number], starts[number] + lengths[number])
            token = flat[own][wrong[own]][0]
            what = "the blank's id" if token == vocabulary.blank else "no id of the vocabulary"
            raise EntityError(first + owners[number], f"holds token {token}, which is {what}", "tokenize it anew")
    if len(flat):
        inside = vocabulary.starts_word[flat[starts]] == 0
        if inside.any() and not vocabulary.is_separator.any():
            bad = np.flatnonzero(inside)[0]
            raise EntityError(first + owners[bad], f"begins with token {flat[starts[bad]]}, which does not begin a word",
                              "tokenize it as a word of its own")
        edges = vocabulary.is_separator[flat[starts]] | vocabulary.is_separator[flat[starts + lengths - 1]]
        if edges.any():
            raise EntityError(first + owners[edges != 0][0], "begins or ends with a separator", "strip it")
