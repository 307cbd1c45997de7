"""Interpolated modified Kneser-Ney smoothing: probabilities and backoffs from counts.

Chen & Goodman 1998 (equation 26 for the discounts), computed as KenLM's ``lmplz`` does (Heafield et
al., "Scalable Modified Kneser-Ney Language Model Estimation", ACL 2013). Unigrams are interpolated
with the uniform distribution over all words, ``</s>`` and ``<unk>``; that share is all of ``<unk>``'s
probability. The probability of pruned n-grams goes to the backoff. Results equal lmplz's up to
rounding, with one exception: lmplz looks up the last n-gram that it reads by its raw count, which
changes its counts of counts by at most one in each order.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

import numpy as np

from ctcb.lm.counts import BOS, SPECIALS, Grams

FALLBACK = (0.5, 1.0, 1.5)  # lmplz --discount_fallback
LEAST_LOG10 = -99.0  # how ARPA files write probability zero


@dataclass(frozen=True)
class Level:
    """One order's n-grams, smoothed; rows as in the order's :class:`Grams`."""

    keep: np.ndarray  # [M] bool: not pruned
    log10: np.ndarray  # [M] float64: log10 P(last word | the words before), interpolated
    backoff: Optional[np.ndarray]  # [M] float64: log10; None at the highest order
    fell_back: bool  # whether its discounts are FALLBACK


def discounts(adjusted: np.ndarray) -> Tuple[np.ndarray, bool]:
    """The discounts of adjusted counts 0, 1, 2, and 3 or more, ``[4]`` float64; and whether they are FALLBACK.

    The closed form (Chen & Goodman 1998, equation 26) needs n-grams with adjusted counts of 1, 2 and 3,
    which small texts lack. ``adjusted`` is ``[M]`` int64.
    """
    n = np.bincount(np.minimum(adjusted, 5), minlength=6).astype(float)
    if np.all(n[1:4] > 0):
        share = n[1] / (n[1] + 2 * n[2])
        estimated = np.array([0.0] + [j - (j + 1) * share * n[j + 1] / n[j] for j in (1, 2, 3)])
        if np.all(estimated >= 0):
            return estimated, False
    return np.array((0.0, *FALLBACK)), True


def smooth(grams: Sequence[Grams], prune: Sequence[int], excluded: Optional[np.ndarray] = None) -> List[Level]:
    """Smooth all orders.

    Parameters
    ----------
    grams : the n-grams of :func:`ctcb.lm.counts.count`, lowest order first.
    prune : one threshold for each order, not decreasing; n-grams with at most this raw count are pruned.
    excluded : ``[V]`` bool, words whose n-grams are left out.
    """
    levels: List[Level] = []
    probability = dropped = None
    for n, (level, threshold) in enumerate(zip(grams, prune), 1):
        keep = level.raw > threshold
        if n == 1:
            dropped = np.zeros(len(keep), bool) if excluded is None else excluded.copy()
            dropped[: len(SPECIALS)] = False
            word_dropped = dropped
            keep[: len(SPECIALS)] = True
        else:
            dropped = word_dropped[level.first] | dropped[level.suffix]
        keep &= ~dropped
        discount, fell_back = discounts(level.adjusted)
        off = discount[np.minimum(level.adjusted, 3)]
        contexts = 1 if n == 1 else len(grams[n - 2].raw)
        total = np.bincount(level.context, level.adjusted, contexts)
        spare = np.bincount(level.context, np.where(keep, off, level.adjusted), contexts)
        gamma = np.divide(spare, total, out=np.ones(contexts), where=total > 0)
        lower = 1 / (keep.sum() - 1) if n == 1 else probability[level.suffix]  # <s> is never predicted
        probability = (level.adjusted - off) / np.maximum(total, 1)[level.context] + gamma[level.context] * lower
        if n == 1:
            probability[BOS] = 1.0
        else:
            levels[-1] = _with_backoff(levels[-1], gamma)
        levels.append(Level(keep, np.minimum(_log10(probability), 0), None, fell_back))
    return levels


def _with_backoff(level: Level, gamma: np.ndarray) -> Level:
    return Level(level.keep, level.log10, _log10(gamma), level.fell_back)


def _log10(values: np.ndarray) -> np.ndarray:
    return np.log10(np.maximum(values, 10.0**LEAST_LOG10))
