"""Which of a long list's names an utterance could hold: a loose look at all of them, in one pass.

A name's score is that of its best path: its symbols in their order, each on some frame, at most `REACH`
frames after the one before. Frames that are surely blank are left out first. Names that begin alike
share the work, for they are gone through in the order of their symbols.
"""
from __future__ import annotations

from typing import Sequence, Tuple

import numpy as np

from ctcb.compiled import compiled

REACH = 4  # frames
FLOOR = -8.0  # log-probability below which a symbol is as good as not heard
GAIN = 4.0  # added a symbol: a longer match counts more than a shorter one that is as good
SURELY_BLANK = 0.99


class Prefilter:
    """The names of one list; serves any number of threads."""

    def __init__(self, names: Sequence[Tuple[int, ...]], blank: int = 0) -> None:
        """``names``: each name's symbols; one without any is never heard."""
        self.blank, self.size = blank, len(names)
        self._order = np.array(sorted((i for i, name in enumerate(names) if name), key=lambda i: names[i]), np.int64)
        ordered = [names[i] for i in self._order]
        self._symbols = np.array([symbol for name in ordered for symbol in name], np.int64)
        self._starts = np.concatenate([[0], np.cumsum([len(name) for name in ordered])]).astype(np.int64)
        self._shared = np.array([_common(a, b) for a, b in zip([(), *ordered], ordered)], np.int64)

    def scores(self, log_probs: np.ndarray) -> np.ndarray:
        """``[N]`` float32 scores of the names in ``[T, V]`` natural-log probabilities."""
        scores = np.full(self.size, -np.inf, np.float32)
        heard = log_probs[log_probs[:, self.blank] < np.log(SURELY_BLANK)]
        if len(heard) and len(self._order):
            rows = np.ascontiguousarray((np.maximum(heard, FLOOR) + GAIN).T, dtype=np.float32)
            scores[self._order] = _best_paths(rows, self._symbols, self._starts, self._shared, REACH)
        return scores



def _common(a: Tuple[int, ...], b: Tuple[int, ...]) -> int:
    """How many symbols two names begin with alike."""
    count = 0
    for left, right in zip(a, b):
        if left != right:
            break
        count += 1
    return count


@compiled
def _best_paths(rows: np.ndarray, symbols: np.ndarray, starts: np.ndarray, shared: np.ndarray, reach: int) -> np.ndarray:
    """Scores ``[N]`` of names in their order; ``rows [V, T]`` a symbol's score by frame."""
    frames, names = rows.shape[1], len(shared)
    longest = 0
    for n in range(names):
        longest = max(longest, starts[n + 1] - starts[n])
    # The best score of each name's first j + 1 symbols that ends at each frame; `reach` frames of nothing before.
    table = np.full((longest, reach + frames), np.float32(-1e9))
    scores = np.empty(names, np.float32)
    for n in range(names):
        count = starts[n + 1] - starts[n]
        for j in range(shared[n], count):
            row, now = rows[symbols[starts[n] + j]], table[j, reach:]
            if j == 0:
                now[:] = row
                continue
            before = table[j - 1]
            for t in range(frames):
                now[t] = before[t]
            for step in range(1, reach):
                for t in range(frames):
                    value = before[t + step]
                    now[t] = value if value > now[t] else now[t]
            for t in range(frames):
                now[t] += row[t]
        best = np.float32(-1e9)
        last = table[count - 1, reach:]
        for t in range(frames):
            best = last[t] if last[t] > best else best
        scores[n] = best
    return scores
