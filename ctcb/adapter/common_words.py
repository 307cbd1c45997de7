"""Common words as competitors of a listed name: how much better, or worse, the best of them fits the same frames.

A name of a long list fits somewhere by chance, and most often where a common word was spoken ("whiting" for
"wedding"). A common word that fits the same frames nearly as well is the likelier of the two.
"""
from __future__ import annotations

from typing import Collection, Sequence

import numpy as np

from ctcb.adapter.entries import EntrySpeller, Ids
from ctcb.ctc.viterbi import BLANK, IMPOSSIBLE, chains, spotting_scores
from ctcb.text.lang import Lang

SLACK = 3  # frames before and behind an entry's best path within which the compared paths begin and end


class CommonWords:
    """Words and their phones; serves any number of threads."""

    def __init__(self, words: Sequence[str], pronunciations: Sequence[Ids]) -> None:
        """N ``pronunciations`` as phone ids, and the word of each: a word stands there once for each of its own."""
        self._words = np.array(words, dtype=np.str_)
        self._labels, self._starts = chains(pronunciations)

    @classmethod
    def of(cls, lang: Lang) -> CommonWords:
        """Those of a model, with all pronunciations of its lexicon."""
        speller = EntrySpeller(lang, True)
        pairs = [(word, phones) for word in lang.common for phones in speller.pronunciations(word)]
        return cls([word for word, _ in pairs], [phones for _, phones in pairs])

    def __len__(self) -> int:
        """Pronunciations."""
        return len(self._words)

    def margin(self, lost: np.ndarray, begin: int, end: int, phones: Ids, own: Collection[str] = ()) -> float:
        """By how many nats the best common word fits better than ``phones`` about frames ``begin`` to ``end`` (included).

        ``lost [T, P]``: what each phone loses against the frame's best (:func:`ctcb.adapter.alignment.below_best`);
        ``own``: words that do not compete. Minus infinity where there is no other word, or none fits into so few frames.
        """
        rows = lost[max(0, begin - SLACK) : end + 1 + SLACK]
        scores = spotting_scores(rows, self._labels, self._starts, SLACK, BLANK)
        best = scores[~np.isin(self._words, list(own))].max(initial=IMPOSSIBLE)
        if best == IMPOSSIBLE:
            return float("-inf")
        return float(best - spotting_scores(rows, *chains([phones]), SLACK, BLANK)[0])
