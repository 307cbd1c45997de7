"""Penalties of recognition: nats that an entry loses of its score where its alignment alone says little.

The adapter scores an entry by how well it fits as a whole. The penalties add what the word boundaries, the worst piece
and common words of the language say about it. They are a weighted sum of terms: a logistic regression on noisy
training speech (local/open_en/fit_penalties.py; results/notes/adapter.md), in nats of the adapter's own scores.
"""
from __future__ import annotations

from typing import Collection, NamedTuple, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from ctcb.adapter.alignment import EXCLUDED, UtteranceAlignment, below_best
from ctcb.adapter.common_words import CommonWords
from ctcb.adapter.entries import Entry
from ctcb.ctc.viterbi import BLANK
from ctcb.text.lang import Lang
from ctcb.text.tokens import WORD_START

FEW_PHONES = 6  # names of fewer phones fit by chance
MAX_EDGE = 4.0  # nats, the highest value of the terms `before` and `behind`
MIN_COMMON, MAX_COMMON = -15.0, 6.0  # nats, the range of the term `common`
MIN_PROB = 1e-9  # added to probabilities before their logarithm
# An entry whose score would be below this even with the lowest `common` is excluded without the comparison.
MIN_SCORE = -1.0


class PenaltyTerms(NamedTuple):
    """The terms of M entries' penalties, each float32 ``[M]`` or one number for all."""

    base: np.ndarray  # 1
    short_name: np.ndarray  # phones fewer than FEW_PHONES
    uncertainty: np.ndarray  # nats a phone by which the likeliest phones are less likely than certainty
    worst_piece: np.ndarray  # nats that the piece loses that fits worst
    before: np.ndarray  # nats by which pieces within words are likelier where an entry begins than those that begin one
    behind: np.ndarray  # the same on the first frame behind the entry that is not blank
    common: np.ndarray  # nats by which a common word fits the same frames better than the entry


class PenaltyWeights(NamedTuple):
    """The weights of these terms."""

    base: float
    short_name: float
    uncertainty: float
    worst_piece: float
    before: float
    behind: float
    common: float


# `base`, the threshold of it all, was chosen by F1 and false alarms; the others lie between the regression's results
# for entries that score above -3 and above -1.
FITTED = PenaltyWeights(base=-1.7, short_name=0.5, uncertainty=2.1, worst_piece=0.33, before=0.42, behind=0.42, common=0.18)


class AlignedEntries(NamedTuple):
    """The entries of a list that fit an utterance."""

    alignment: UtteranceAlignment
    entries: Sequence[Entry]  # M
    own: Sequence[Collection[str]]  # the words that stand for each one's entity


class Penalties:
    """The nats that entries lose of their scores. Serves any number of threads."""

    def __init__(self, starts: np.ndarray, common: CommonWords, weights: PenaltyWeights = FITTED) -> None:
        """``starts [V]`` bool: the pieces that begin a word; none of them where pieces do not show that."""
        self.starts, self.common, self.weights = starts, common, weights

    @classmethod
    def of(cls, lang: Lang, weights: PenaltyWeights = FITTED) -> Penalties:
        """With the pieces and the common words of a model."""
        starts = np.array([piece.startswith(WORD_START) for piece in lang.tokenizer.pieces])
        return cls(starts, CommonWords.of(lang), weights)

    def __call__(self, entry_scores: Tensor, listed: AlignedEntries, phones: np.ndarray, pieces: np.ndarray) -> Tensor:
        """The penalties ``[M]`` float32 in nats of entries with ``entry_scores [M]``.

        ``phones [T, P]`` and ``pieces [T, V]`` are natural-log probabilities. An entry that no comparison with common
        words could bring above the minimum is excluded.
        """
        terms = self.terms(listed, phones, pieces)
        penalty = sum(weight * term for weight, term in zip(self.weights, terms))
        excluded = entry_scores.numpy() - penalty - self.weights.common * MIN_COMMON < MIN_SCORE
        penalty[excluded] = -EXCLUDED
        if len(self.common):
            rows = below_best(phones)
            for row in np.flatnonzero(~excluded):
                penalty[row] += self.weights.common * self.common_term(listed, row, rows)
        return torch.from_numpy(penalty.astype(np.float32))

    def terms(self, listed: AlignedEntries, phones: np.ndarray, pieces: np.ndarray) -> PenaltyTerms:
        """All terms but `common`, which takes longer than the rest (0 here); arguments as above."""
        state_scores, entries = listed.alignment.state_scores, listed.entries
        counts = np.array([len(entry.phones) for entry in entries], np.float32)
        certain, lost = phones.max(axis=1), below_best(pieces)
        spans = [span(scores) for scores in state_scores]
        before = behind = np.zeros(len(entries), np.float32)
        if self.starts.any():
            edges = WordEdges(pieces, self.starts)
            before, behind = (
                np.array([side(scores) for scores in state_scores], np.float32).clip(0.0, MAX_EDGE)
                for side in (edges.before, edges.behind)
            )
        return PenaltyTerms(
            1.0, np.maximum(0.0, FEW_PHONES - counts),
            np.array([-certain[first : last + 1].sum() for first, last in spans], np.float32) / counts,
            np.array([worst_piece(lost, entry.tokens, scores) for entry, scores in zip(entries, state_scores)], np.float32),
            before, behind, 0.0,
        )

    def common_term(self, listed: AlignedEntries, row: int, lost: np.ndarray) -> float:
        """The term `common` of an entry; ``lost [T, P]`` as :func:`below_best` gives it of the phones."""
        first, last = span(listed.alignment.state_scores[row])
        margin = self.common.margin(lost, first, last, listed.entries[row].phones, listed.own[row])
        return min(max(margin, MIN_COMMON), MAX_COMMON)


def span(scores: np.ndarray) -> Tuple[int, int]:
    """The first and the last frame of an entry's best path, by its states' scores ``[T, S]``."""
    return int(scores[:, 0].argmax()), int(np.flatnonzero(scores[:, -1] == scores[:, -1].max())[-1])


def worst_piece(lost: np.ndarray, tokens: Sequence[int], scores: np.ndarray) -> float:
    """The nats that the worst piece of an entry's best path loses, the blanks behind it included.

    ``lost [T, V]`` as :func:`below_best` gives it; ``scores [T, S]`` are the states'.
    """
    first, last = span(scores)
    states = scores[first : last + 1].argmax(axis=1)
    symbols = np.where(states % 2, BLANK, np.array(tokens)[states // 2])
    pieces = np.zeros(len(tokens), np.float32)
    np.subtract.at(pieces, states // 2, lost[np.arange(first, last + 1), symbols])
    return float(pieces.max())


class WordEdges:
    """The final head's evidence, frame by frame, that a word begins or goes on."""

    def __init__(self, pieces: np.ndarray, starts: np.ndarray) -> None:
        """``pieces [T, V]`` natural-log probabilities; ``starts [V]`` bool, the pieces that begin a word."""
        within = ~starts
        within[BLANK] = False
        probs = np.exp(pieces)
        self._begin, self._inside = (np.log(probs[:, kind].sum(axis=1) + MIN_PROB) for kind in (starts, within))
        self._spoken = np.flatnonzero(probs[:, BLANK] < 0.5)

    def before(self, scores: np.ndarray) -> float:
        """By how many nats pieces within a word are likelier where an entry begins than those that begin one.

        An entry (its states' scores ``[T, S]``) begins at the frames at which its best path is in its first piece;
        one frame before them counts for both kinds, and one behind them for those that begin a word.
        """
        frames = np.flatnonzero(scores[:, 0] == scores[:, 0].max())
        first, end = max(0, frames[0] - 1), frames[-1] + 1
        return float(self._inside[first:end].max() - self._begin[first : end + 1].max())

    def behind(self, scores: np.ndarray) -> float:
        """As :meth:`before`, on the first frame behind the entry whose blank has less than half; 0 where there is none."""
        _, last = span(scores)
        at = self._spoken[self._spoken > last]
        return float(self._inside[at[0]] - self._begin[at[0]]) if len(at) else 0.0
