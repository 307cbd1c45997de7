"""Confidence intervals and comparisons by resampling utterances.

Intervals: percentile bootstrap (Bisani and Ney, "Bootstrap estimates for confidence intervals in ASR
performance evaluation", ICASSP 2004). Comparison: both systems are scored on the same resampled
utterances, so that differences between utterances cancel out. Utterances are assumed to be
independent; where one speaker has many, the intervals are too narrow.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Mapping, Optional

import numpy as np

from ctcb.scoring.measures import Measure, known_measures

MIN_UTTERANCES = 2  # utterances that an interval needs
_MAX_CELLS = 4_000_000  # resampled utterances held in memory at a time


@dataclass(frozen=True)
class Estimate:
    """A measure with its 95 % interval.

    ``value`` is None where its denominator is 0; ``low`` and ``high`` are None where fewer than
    MIN_UTTERANCES contribute to the denominator.
    """

    value: Optional[float]
    low: Optional[float] = None
    high: Optional[float] = None


@dataclass(frozen=True)
class Difference:
    """A measure of two systems, ``value - other``, with its 95 % interval and two-sided p-value."""

    value: Optional[float]
    other: Optional[float]
    difference: Optional[float]
    low: Optional[float] = None
    high: Optional[float] = None
    p_value: Optional[float] = None


def estimate(counts: Mapping[str, np.ndarray], draws: int = 1000, seed: int = 0) -> Dict[str, Estimate]:
    """Every measure that can be computed from the counts, with intervals.

    Parameters
    ----------
    counts : count name -> ``[N]``, one number for each utterance.
    draws : number of resampled corpora; 0 for no intervals.
    seed : equal seeds give equal intervals.

    Draws in which a measure is undefined are left out of its interval. A measure to whose denominator
    fewer than MIN_UTTERANCES utterances contribute has no interval: resampling one utterance always
    gives the same value.
    """
    sums, resampled = _sums(counts), _resample(counts, draws, seed)
    results = {}
    for name, measure in known_measures(counts).items():
        low, high = _interval(measure.ratio(resampled)) if _contributing(measure, counts) >= MIN_UTTERANCES else (None, None)
        results[name] = Estimate(_number(measure.ratio(sums)), low, high)
    return results


def compare(
    counts: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray], draws: int = 1000, seed: int = 0
) -> Dict[str, Difference]:
    """Paired bootstrap of two systems on the same N utterances, in the same order.

    ``counts`` and ``other`` are as in :func:`estimate`. The p-value is twice the share of draws on the
    rarer side of zero, at most 1; ties count on both sides, and one draw is added to each, so it is
    never 0. There is no interval and no p-value where either system's measure has fewer than
    MIN_UTTERANCES contributing utterances.
    """
    both = {**counts, **{f"other {name}": column for name, column in other.items()}}
    sums, resampled = _sums(both), _resample(both, draws, seed)
    return {
        name: _difference(measure, sums, resampled, min(_contributing(measure, counts), _contributing(measure, other)) >= MIN_UTTERANCES)
        for name, measure in known_measures(counts).items()
        if measure.known(other)
    }


def _difference(measure: Measure, sums: Dict[str, np.ndarray], resampled: Dict[str, np.ndarray], enough: bool) -> Difference:
    value, other = measure.ratio(sums), measure.ratio(_others(sums))
    differences = measure.ratio(resampled) - measure.ratio(_others(resampled))
    low, high = _interval(differences) if enough else (None, None)
    p_value = None
    if low is not None:
        defined = differences[~np.isnan(differences)]
        rarer = min(np.count_nonzero(defined <= 0), np.count_nonzero(defined >= 0))
        p_value = min(1.0, 2.0 * (1 + rarer) / (1 + len(defined)))
    return Difference(_number(value), _number(other), _number(value - other), low, high, p_value)


def _contributing(measure: Measure, counts: Mapping[str, np.ndarray]) -> int:
    """The number of utterances that contribute to a measure's denominator."""
    return int(np.count_nonzero(np.any([np.asarray(counts[name]) != 0 for name in measure.under], axis=0)))


def _others(sums: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
    return {name[len("other ") :]: column for name, column in sums.items() if name.startswith("other ")}


def _sums(counts: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
    return {name: np.asarray(column, float).sum() for name, column in counts.items()}


def _resample(counts: Mapping[str, np.ndarray], draws: int, seed: int) -> Dict[str, np.ndarray]:
    """Sums over ``draws`` corpora of N utterances drawn with replacement: name -> ``[draws]``."""
    table = np.stack([np.asarray(column, float) for column in counts.values()], axis=1)  # [N, K]
    n = len(table)
    random = np.random.default_rng(seed)
    sums = []
    step = max(1, _MAX_CELLS // n)
    for start in range(0, draws, step):
        size = min(step, draws - start)
        picks = random.integers(n, size=(size, n)) + n * np.arange(size)[:, None]
        times = np.bincount(picks.ravel(), minlength=size * n).reshape(size, n)
        sums.append(times.astype(float) @ table)
    resampled = np.concatenate(sums) if sums else np.empty((0, table.shape[1]))
    return dict(zip(counts, resampled.T))


def _interval(ratios: np.ndarray):
    defined = ratios[~np.isnan(ratios)]
    if not len(defined):
        return None, None
    low, high = np.percentile(defined, (2.5, 97.5))
    return float(low), float(high)


def _number(ratio: np.ndarray) -> Optional[float]:
    return None if np.isnan(ratio) else float(ratio)
