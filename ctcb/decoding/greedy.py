"""Greedy (best-path) CTC decoding with the frames and confidences of its tokens."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

import numpy as np

BLANK = 0


@dataclass(frozen=True)
class BestPath:
    """What the likeliest token of each frame spells; N tokens."""

    tokens: Tuple[int, ...]  # N ids, repeats merged, blanks gone
    frames: Tuple[int, ...]  # N first frames
    ends: Tuple[int, ...]  # N frames after the last on which the token was held
    confidences: Tuple[float, ...]  # N highest posteriors over the token's frames, 0 to 1
    score: float  # log-probability of the path


def greedy(log_probs: np.ndarray, blank: int = BLANK) -> BestPath:
    """Best path through ``[T, V]`` log-probabilities (Graves et al. 2006)."""
    if not len(log_probs):
        return BestPath((), (), (), (), 0.0)
    best = log_probs.argmax(axis=1)
    top = log_probs[np.arange(len(best)), best]
    starts = np.flatnonzero(np.r_[True, best[1:] != best[:-1]])
    ends = np.r_[starts[1:], len(best)]
    peaks = np.maximum.reduceat(top, starts)
    spoken = best[starts] != blank
    return BestPath(
        tuple(int(i) for i in best[starts[spoken]]),
        tuple(int(i) for i in starts[spoken]),
        tuple(int(i) for i in ends[spoken]),
        tuple(float(min(1.0, np.exp(peak))) for peak in peaks[spoken]),
        float(top.sum()),
    )
