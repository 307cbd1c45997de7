"""How likely it is that a name was spoken where it was recognised.

A search over a long list tries every name at every place, and boosts make up for what the tokens lack: some
name always fits somewhere. Whether it was spoken is judged by emissions that were not boosted. The phone head has
them: the name's pronunciations are aligned with its own stretch of frames, and their loss against the stretch's
likeliest phones is counted in nats a phone. A right name loses less; a short one fits more often by chance;
where the phone head is uncertain, anything fits; and the more names were tried, the better the best of the
wrong ones fits. The log-odds are a weighted sum of these four.
"""
from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ctcb.phones.graph import PhoneGraph, Pronunciations, scores

LONG = 10  # phones: what is longer is no likelier
_ROUNDING = 1e-6  # of log-odds


@dataclass(frozen=True)
class PhoneScore:
    """How well a name fits its stretch of frames."""

    phones: int  # of its shortest pronunciation
    loss_per_phone: float  # nats a phone by which it is less likely than the likeliest phones
    uncertainty: float  # nats a phone by which the likeliest phones are less likely than certainty

    @classmethod
    def none(cls) -> PhoneScore:
        """Of a name that cannot be aligned at all."""
        return cls(0, math.inf, math.inf)


@dataclass(frozen=True)
class LogOddsWeights:
    """The weights of the log-odds."""

    base: float
    loss: float  # a nat a phone
    phones: float  # a phone, up to LONG
    uncertainty: float  # a nat a phone
    names: float  # e times as many names


# The regression of local/open_en/fit_verification.py on 1,268 names, 1,064 of them spoken, that came out of half 1 of four dev sets with
# lists of 100 to 1,000,000 names (results/notes/verification.md).
FITTED = LogOddsWeights(base=2.267, loss=1.491, phones=0.416, uncertainty=2.440, names=0.223)


def score_name(log_probs: np.ndarray, pronunciations: Pronunciations) -> PhoneScore:
    """How well a name fits ``log_probs``, ``[T, P]`` float32 natural-log probabilities of its frames and no others."""
    if not len(pronunciations) or not len(log_probs):
        return PhoneScore.none()
    count = min(map(len, pronunciations))
    likeliest = float(log_probs.max(axis=1).sum())
    aligned = float(scores(log_probs, [PhoneGraph.build([pronunciations])])[0])
    return PhoneScore(count, (likeliest - aligned) / count, -likeliest / count)


def log_odds(score: PhoneScore, names: int, weights: LogOddsWeights = FITTED) -> float:
    """Of the name having been spoken, in a list of so many names; natural logarithm, -inf where it cannot be aligned."""
    if not math.isfinite(score.loss_per_phone):
        return -math.inf
    return (
        weights.base - weights.loss * score.loss_per_phone + weights.phones * min(score.phones, LONG)
        - weights.uncertainty * score.uncertainty - weights.names * math.log(max(1, names))
    )


def probability(score: PhoneScore, names: int, weights: LogOddsWeights = FITTED) -> float:
    """:func:`log_odds` as a probability, 0 to 1."""
    at = log_odds(score, names, weights)
    return 1.0 / (1.0 + math.exp(-at)) if at > -700 else 0.0


def may_reach(
    least: float, phones: np.ndarray, loss_per_phone: np.ndarray, uncertainty: np.ndarray, names: int, weights: LogOddsWeights = FITTED
) -> np.ndarray:
    """``[N]`` bool: which scores, given by arrays of their fields, have a :func:`probability` of at least ``least``, or nearly so."""
    return weights.loss * loss_per_phone <= _spare(least, phones, names, weights) - weights.uncertainty * uncertainty


def most_loss(least: float, phones: np.ndarray, names: int, weights: LogOddsWeights = FITTED) -> np.ndarray:
    """``[N]`` float64, nats a phone: what a name of so many phones may lose at most to have a :func:`probability` of at least ``least``, or
    nearly so, however certain the phone head is; below 0 where it has not."""
    return _spare(least, phones, names, weights) / weights.loss


def _spare(least: float, phones: np.ndarray, names: int, weights: LogOddsWeights) -> np.ndarray:
    """The log-odds by which a name that loses nothing exceeds what is needed."""
    needed = math.log(least / (1 - least)) if 0 < least < 1 else math.inf if least >= 1 else -math.inf
    return weights.base + weights.phones * np.minimum(phones, LONG) - weights.names * math.log(max(1, names)) - (needed - _ROUNDING)
