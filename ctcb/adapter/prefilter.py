"""The prefilter: an approximate score of every name of a long list in an utterance, in one pass.

A name's score is what its best path loses a symbol against the best that the frames could say: its symbols in
their order, each first on some frame, at most `REACH` frames after the one before; a frame between two
goes to the earlier symbol or to blank, whichever loses less. That is CTC's alignment but for three things:
blank may stand within a symbol and need not stand between a doubled one, and no symbol lasts longer than
`REACH`. Frames that are surely blank are left out first. Names that begin alike share the work, for they are
processed in the order of their symbols. `ctcb.ctc.viterbi` stays exact and can share no work between names, which
is why this is no function of it.
"""
from __future__ import annotations

from typing import Sequence, Tuple

import numpy as np

from ctcb.compiled import compiled

REACH = 4  # frames; _best_paths is written for it
FLOOR = -8.0  # log-probability below which differences do not count
SURELY_BLANK = 0.99
NEVER = np.float32(-1e9)


class Prefilter:
    """The names of one list; serves any number of threads."""

    def __init__(self, names: Sequence[Tuple[int, ...]], blank: int = 0) -> None:
        """``names``: each name's symbols; one without any scores minus infinity."""
        self.blank, self.size = blank, len(names)
        self._order = np.array(sorted((i for i, name in enumerate(names) if name), key=lambda i: names[i]), np.int64)
        ordered = [names[i] for i in self._order]
        self._symbols = np.array([symbol for name in ordered for symbol in name], np.int64)
        self._starts = np.concatenate([[0], np.cumsum([len(name) for name in ordered])]).astype(np.int64)
        self._shared = np.array([_common(a, b) for a, b in zip([(), *ordered], ordered)], np.int64)

    def scores(self, log_probs: np.ndarray) -> np.ndarray:
        """``[N]`` float32 scores of the names in ``[T, V]`` natural-log probabilities: nats a symbol, at most 0."""
        scores = np.full(self.size, -np.inf, np.float32)
        spoken = log_probs[log_probs[:, self.blank] < np.log(SURELY_BLANK)]
        if len(spoken) and len(self._order):
            lost = (np.maximum(spoken, FLOOR) - spoken.max(axis=1, keepdims=True)).T.astype(np.float32)
            held = np.maximum(lost, lost[self.blank]).cumsum(axis=1)  # what frames up to each lose after a symbol began
            enter = np.concatenate([np.full((len(lost), REACH), NEVER), lost - held], axis=1, dtype=np.float32)
            leave = np.concatenate([np.zeros((len(lost), REACH + 1)), held[:, :-1]], axis=1, dtype=np.float32)
            ends = np.concatenate([np.zeros((len(lost), REACH)), held], axis=1, dtype=np.float32)
            best = _best_paths(enter, leave, ends, self._symbols, self._starts, self._shared)
            scores[self._order] = best / np.diff(self._starts)
        return scores


def _common(a: Tuple[int, ...], b: Tuple[int, ...]) -> int:
    """The length of the longest common beginning of two names."""
    count = 0
    for left, right in zip(a, b):
        if left != right:
            break
        count += 1
    return count


@compiled(fastmath={"nnan", "ninf", "nsz"})
def _best_paths(
    enter: np.ndarray, leave: np.ndarray, ends: np.ndarray, symbols: np.ndarray, starts: np.ndarray, shared: np.ndarray
) -> np.ndarray:
    """Scores ``[N]`` of names in their order.

    ``enter``, ``leave`` and ``ends [V, REACH + T]``: by symbol and frame, what beginning there adds, what the frames
    before add once the symbol began among them, and what cancels those after the last symbol's first.
    """
    # Flat and counted without signs: slices cost more than the sums, and signed places keep loops from being vectorised.
    width, reach, one = np.uint64(enter.shape[1]), np.uint64(4), np.uint64(1)
    enter, leave, ends = enter.ravel(), leave.ravel(), ends.ravel()
    names = len(shared)
    longest = 0
    for n in range(names):
        longest = max(longest, starts[n + 1] - starts[n])
    # The best score of each name's first j + 1 symbols of which the last begins at each frame; REACH frames of nothing before.
    table = np.full(np.uint64(longest) * width, np.float32(-1e9))
    now = np.empty(width, np.float32)
    scores = np.empty(names, np.float32)
    for n in range(names):
        begin, count = starts[n], starts[n + 1] - starts[n]
        for j in range(shared[n], count):
            place, here = np.uint64(j) * width, np.uint64(symbols[begin + j]) * width
            if j == 0:
                for t in range(reach, width):
                    table[place + t] = enter[here + t]
                continue
            before, there = place - width, np.uint64(symbols[begin + j - 1]) * width
            for t in range(reach, width):
                a, b = table[before + t - one], table[before + t - one - one]
                c, d = table[before + t - one - one - one], table[before + t - reach]
                a = a if a > b else b
                c = c if c > d else d
                now[t] = (a if a > c else c) + (enter[here + t] + leave[there + t])
            for t in range(reach, width):
                table[place + t] = now[t]
        best = np.float32(-1e9)
        place, here = np.uint64(count - 1) * width, np.uint64(symbols[begin + count - 1]) * width
        for t in range(reach, width):
            value = table[place + t] + ends[here + t]
            best = value if value > best else best
        scores[n] = best
    return scores
