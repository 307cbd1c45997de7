"""What else could have been said where a name was found: how much better, or worse, a common word fits there.

A name of a long list fits somewhere by chance, and most often where a common word was said ("whiting" where it was
"wedding"). A common word that fits the same frames nearly as well is the likelier of the two, whatever the list says.
"""
from __future__ import annotations

from typing import Collection, Sequence, Tuple

import numpy as np

from ctcb.compiled import compiled
from ctcb.models.entries import EntrySpeller, Ids
from ctcb.models.matching import BLANK
from ctcb.text.lang import Lang

ABOUT = 3  # frames before and behind an entry's best path within which what is compared begins and ends
NONE_FITS = np.float32(-1e9)


class CommonWords:
    """Words and their phones; serves any number of threads."""

    def __init__(self, words: Sequence[str], sounds: Sequence[Ids]) -> None:
        """``words`` and how each is said, N ways in all: a word stands there once for each of its ways."""
        self._words = np.array(words, dtype=np.str_)
        self._symbols, self._starts = _flat(sounds)

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

        ``lost [T, P]``: what each phone loses against the frame's best (:func:`ctcb.models.matching.relative`);
        ``own``: words that are no rivals. Minus infinity where there is no other word, or none fits into so few frames.
        """
        rows = lost[max(0, begin - ABOUT) : end + 1 + ABOUT]
        others = ~np.isin(self._words, list(own)) if own else np.ones(len(self), bool)
        best = _fit(rows, self._symbols, self._starts, others, ABOUT)
        if best == NONE_FITS:
            return float("-inf")
        return float(best - _fit(rows, *_flat([sound]), np.ones(1, bool), ABOUT))


def _flat(sounds: Sequence[Ids]) -> Tuple[np.ndarray, np.ndarray]:
    symbols = np.array([phone for sound in sounds for phone in sound], np.int64)
    return symbols, np.concatenate([[0], np.cumsum([len(sound) for sound in sounds])]).astype(np.int64)


@compiled
def _fit(rows: np.ndarray, symbols: np.ndarray, starts: np.ndarray, among: np.ndarray, about: int) -> np.float32:
    """The score of the best path through ``rows [T, P]`` of any word ``among`` those; NONE_FITS where there is none.

    It begins on one of the first ``about + 1`` frames and ends on one of the last; what is before and behind it is free.
    """
    frames, best = rows.shape[0], np.float32(-1e9)
    longest = 1
    for n in range(len(among)):
        longest = max(longest, starts[n + 1] - starts[n])
    state = np.empty(2 * longest, np.float32)
    for n in range(len(among)):
        first, count = starts[n], starts[n + 1] - starts[n]
        if not among[n] or count == 0 or count > frames:
            continue
        last = 2 * count - 2
        state[: last + 1] = np.float32(-1e9)
        for t in range(frames):
            for s in range(last, -1, -1):  # downwards, so that state[s - 1] is still the last frame's
                value = state[s]
                if s >= 1 and state[s - 1] > value:
                    value = state[s - 1]
                if s % 2 == 1:
                    state[s] = value + rows[t, BLANK]
                    continue
                symbol = symbols[first + s // 2]
                if s >= 2 and symbol != symbols[first + s // 2 - 1] and state[s - 2] > value:
                    value = state[s - 2]
                if s == 0 and t <= about and value < 0.0:
                    value = np.float32(0.0)
                state[s] = value + rows[t, symbol]
            if t >= frames - 1 - about and state[last] > best:
                best = state[last]
    return best
