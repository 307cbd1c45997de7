"""What else could have been said where a name was found: how much better, or worse, a common word fits there.

A name of a long list fits somewhere by chance, and most often where a common word was said ("whiting" where it was
"wedding"). A common word that fits the same frames nearly as well is the likelier of the two, whatever the list says.
"""
from __future__ import annotations

from typing import Collection, Sequence

import numpy as np

from ctcb.adapter.entries import EntrySpeller, Ids
from ctcb.ctc.viterbi import BLANK, IMPOSSIBLE, chains, spotting_scores
from ctcb.text.lang import Lang

ABOUT = 3  # frames before and behind an entry's best path within which what is compared begins and ends


class CommonWords:
    """Words and their phones; serves any number of threads."""

    def __init__(self, words: Sequence[str], sounds: Sequence[Ids]) -> None:
        """``words`` and how each is said, N ways in all: a word stands there once for each of its ways."""
        self._words = np.array(words, dtype=np.str_)
        self._labels, self._starts = chains(sounds)

    @classmethod
    def of(cls, lang: Lang) -> CommonWords:
        """Those of a model, each said in all the ways that its lexicon knows."""
        speller = EntrySpeller(lang, True)
        ways = [(word, sound) for word in lang.common for sound in speller.sounds(word)]
        return cls([word for word, _ in ways], [sound for _, sound in ways])

    def __len__(self) -> int:
        return len(self._words)

    def lead(self, lost: np.ndarray, begin: int, end: int, sound: Ids, own: Collection[str] = ()) -> float:
        """By how many nats the best common word fits better than ``sound`` about frames ``begin`` to ``end`` (included).

        ``lost [T, P]``: what each phone loses against the frame's best (:func:`ctcb.adapter.alignment.relative`);
        ``own``: words that are no rivals. Minus infinity where there is no other word, or none fits into so few frames.
        """
        rows = lost[max(0, begin - ABOUT) : end + 1 + ABOUT]
        scores = spotting_scores(rows, self._labels, self._starts, ABOUT, BLANK)
        best = scores[~np.isin(self._words, list(own))].max(initial=IMPOSSIBLE)
        if best == IMPOSSIBLE:
            return float("-inf")
        return float(best - spotting_scores(rows, *chains([sound]), ABOUT, BLANK)[0])
