"""By how much better than in training an entry must fit to be heard, at recognition: where fitting tells little.

The adapter judges an entry by how well it fits as a whole. What these nats add is what the edges of words, the faintest
of its pieces and the rest of the language say against it. They are a weighted sum: a logistic regression on noisy
training speech (local/open_en/fit_penalties.py; results/notes/adapter.md) in nats of the adapter's own judgement.
"""
from __future__ import annotations

from typing import Collection, NamedTuple, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from ctcb.adapter.alignment import UNHEARD, Found, relative
from ctcb.adapter.common_words import CommonWords
from ctcb.adapter.entries import Entry
from ctcb.ctc.viterbi import BLANK
from ctcb.text.lang import Lang
from ctcb.text.tokens import WORD_START

FEW_PHONES = 6  # names of fewer fit by chance
MOST_INSIDE = 4.0  # nats by which pieces within words may be likelier at a name's edge, at most
MOST_BEHIND, MOST_AHEAD = 15.0, 6.0  # nats by which a common word may fit worse or better than a name, at most
UNSAID = 1e-9  # probability below which a kind of piece is as good as not heard
# What would be judged worse than this, even if no common word fitted at all, is not worth comparing: it is not heard.
HOPELESS = -1.0


class Against(NamedTuple):
    """What speaks against entries, a number each (float32 ``[M]``, or one for all); or the weights of these."""

    base: float  # 1
    brief: float  # phones fewer than FEW_PHONES
    unsure: float  # nats a phone by which the likeliest phones are less likely than certainty
    worst: float  # nats that the piece loses that fits worst
    before: float  # nats by which pieces within words are likelier where an entry begins than those that begin one
    behind: float  # the same where the next piece is heard
    common: float  # nats by which a common word fits the same frames better than the entry


# The base, which says how much is believed, was chosen by F1 and false alarms; the others lie between the regression's
# results for what is judged above -3 and above -1.
FITTED = Against(base=-1.7, brief=0.5, unsure=2.1, worst=0.33, before=0.42, behind=0.42, common=0.18)


class Listed(NamedTuple):
    """What was found of a list in an utterance, entry by entry."""

    found: Found
    entries: Sequence[Entry]  # M
    own: Sequence[Collection[str]]  # the words that stand for each one's entity


class Handicap:
    """The nats that entries lose of their judgement. Serves any number of threads."""

    def __init__(self, starts: np.ndarray, common: CommonWords, weights: Against = FITTED) -> None:
        """``starts [V]`` bool: the pieces that begin a word; none of them where pieces do not tell."""
        self.starts, self.common, self.weights = starts, common, weights

    @classmethod
    def of(cls, lang: Lang, weights: Against = FITTED) -> Handicap:
        """With the pieces and the common words of a model."""
        starts = np.array([piece.startswith(WORD_START) for piece in lang.tokenizer.pieces])
        return cls(starts, CommonWords.of(lang), weights)

    def __call__(self, judged: Tensor, listed: Listed, phones: np.ndarray, pieces: np.ndarray) -> Tensor:
        """``[M]`` float32 for entries ``judged [M]``, in ``[T, P]`` natural-log probabilities of phones and ``[T, V]`` of pieces.

        What cannot be heard whatever a comparison with common words would give loses all.
        """
        against = self.against(listed, phones, pieces)
        lost = sum(weight * column for weight, column in zip(self.weights, against))
        hopeless = judged.numpy() - lost + self.weights.common * MOST_BEHIND < HOPELESS
        lost[hopeless] = -UNHEARD
        if len(self.common):
            rows = relative(phones)
            for row in np.flatnonzero(~hopeless):
                lost[row] += self.weights.common * self.lead(listed, row, rows)
        return torch.from_numpy(lost.astype(np.float32))

    def against(self, listed: Listed, phones: np.ndarray, pieces: np.ndarray) -> Against:
        """All but the comparison with common words, which takes longer than the rest (0 here)."""
        found, entries = listed.found, listed.entries
        counts = np.array([len(entry.phones) for entry in entries], np.float32)
        certain, lost = phones.max(axis=1), relative(pieces)
        spans = [span(scores) for scores in found.scores]
        before = behind = np.zeros(len(entries), np.float32)
        if self.starts.any():
            edges = WordEdges(pieces, self.starts)
            before, behind = (
                np.array([side(scores) for scores in found.scores], np.float32).clip(0.0, MOST_INSIDE)
                for side in (edges.before, edges.behind)
            )
        return Against(
            1.0, np.maximum(0.0, FEW_PHONES - counts),
            np.array([-certain[first : last + 1].sum() for first, last in spans], np.float32) / counts,
            np.array([worst_piece(lost, entry.tokens, scores) for entry, scores in zip(entries, found.scores)], np.float32),
            before, behind, 0.0,
        )

    def lead(self, listed: Listed, row: int, lost: np.ndarray) -> float:
        """By how many nats a common word fits better than an entry; ``lost [T, P]`` as :func:`relative` gives it."""
        first, last = span(listed.found.scores[row])
        lead = self.common.lead(lost, first, last, listed.entries[row].phones, listed.own[row])
        return min(max(lead, -MOST_BEHIND), MOST_AHEAD)


def span(scores: np.ndarray) -> Tuple[int, int]:
    """The first and the last frame of an entry's best path, by its states' scores ``[T, S]``."""
    return int(scores[:, 0].argmax()), int(np.flatnonzero(scores[:, -1] == scores[:, -1].max())[-1])


def worst_piece(lost: np.ndarray, tokens: Sequence[int], scores: np.ndarray) -> float:
    """The nats that the worst piece of an entry's best path loses, the blanks behind it included.

    ``lost [T, V]`` as :func:`relative` gives it; ``scores [T, S]`` are the states'.
    """
    first, last = span(scores)
    states = scores[first : last + 1].argmax(axis=1)
    symbols = np.where(states % 2, BLANK, np.array(tokens)[states // 2])
    pieces = np.zeros(len(tokens), np.float32)
    np.subtract.at(pieces, states // 2, lost[np.arange(first, last + 1), symbols])
    return float(pieces.max())


class WordEdges:
    """Where the final head hears words begin, and where it hears them go on."""

    def __init__(self, pieces: np.ndarray, starts: np.ndarray) -> None:
        """``pieces [T, V]`` natural-log probabilities; ``starts [V]`` bool, the pieces that begin a word."""
        within = ~starts
        within[BLANK] = False
        probs = np.exp(pieces)
        self._begin, self._inside = (np.log(probs[:, kind].sum(axis=1) + UNSAID) for kind in (starts, within))
        self._heard = np.flatnonzero(probs[:, BLANK] < 0.5)

    def before(self, scores: np.ndarray) -> float:
        """By how many nats pieces within a word are likelier where an entry begins than those that begin one.

        An entry (its states' scores ``[T, S]``) begins at the frames at which its best path is in its first piece;
        one frame before them counts for both kinds, and one behind them for those that begin a word.
        """
        frames = np.flatnonzero(scores[:, 0] == scores[:, 0].max())
        first, end = max(0, frames[0] - 1), frames[-1] + 1
        return float(self._inside[first:end].max() - self._begin[first : end + 1].max())

    def behind(self, scores: np.ndarray) -> float:
        """The same for the first frame behind an entry on which blank is not likelier than all else; 0 where there is none."""
        _, last = span(scores)
        at = self._heard[self._heard > last]
        return float(self._inside[at[0]] - self._begin[at[0]]) if len(at) else 0.0
