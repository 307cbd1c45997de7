"""CTC forced alignment: when each token of a known sequence was most likely said."""
from __future__ import annotations

import numpy as np

from ctcb.compiled import compiled


@compiled
def align_tokens(log_probs: np.ndarray, targets: np.ndarray, blank: int) -> np.ndarray:
    """First frames of the targets on the best CTC path that spells them (Viterbi).

    ``log_probs [T, V]`` float32, ``targets [N]`` int64. Returns ``[N]`` int64 rising frames, or N
    times -1 where the sequence does not fit into the frames.
    """
    frames, count = log_probs.shape[0], targets.shape[0]
    states = 2 * count + 1  # blank, token, blank, token, ..., blank
    came_from = np.zeros((frames, states), np.int8)
    score = np.full(states, -np.inf)
    first = np.full(count, -1, np.int64)
    if frames == 0 or count == 0:
        return first
    score[0], score[1] = log_probs[0, blank], log_probs[0, targets[0]]
    for t in range(1, frames):
        for s in range(states - 1, -1, -1):  # downwards, so that score[s - 1] is still the last frame's
            best, step = score[s], 0
            if s >= 1 and score[s - 1] > best:
                best, step = score[s - 1], 1
            if s >= 3 and s % 2 == 1 and targets[s // 2] != targets[s // 2 - 1] and score[s - 2] > best:
                best, step = score[s - 2], 2
            score[s] = best + (log_probs[t, blank] if s % 2 == 0 else log_probs[t, targets[s // 2]])
            came_from[t, s] = step
    s = states - 1 if score[states - 1] > score[states - 2] else states - 2
    if score[s] == -np.inf:
        return first
    for t in range(frames - 1, -1, -1):
        if s % 2 == 1:
            first[s // 2] = t
        s -= came_from[t, s]
    return first
