"""How likely it is that a name was said where it came out.

A search over a long list tries every name at every place, and boosts make up for what the tokens lack: some
name always fits somewhere. Whether it was said is told by witnesses that were not boosted. The phone head is
one: the name's pronunciations are aligned with its own stretch of frames, and what they lack to the stretch's
likeliest phones is counted in nats a phone. A right name lacks less; a short one fits more often by chance;
what the phone head is unsure of fits anything; and the more names were tried, the better the best of the
wrong ones fits. The log-odds are a weighted sum of these four.
"""
from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ctcb.phones.graph import PhoneGraph, Ways, scores

LONG = 12  # phones: what is longer is no likelier


@dataclass(frozen=True)
class Evidence:
    """Of a name in its stretch of frames."""

    phones: int  # of its shortest pronunciation, at most LONG
    lack: float  # nats a phone by which it is less likely than the likeliest phones
    doubt: float  # nats a phone by which the likeliest phones are less likely than certainty

    @classmethod
    def none(cls) -> Evidence:
        """Of what cannot be aligned at all."""
        return cls(0, math.inf, math.inf)


@dataclass(frozen=True)
class Odds:
    """The weights of the log-odds."""

    base: float
    lack: float  # a nat a phone
    phones: float  # a phone
    doubt: float  # a nat a phone
    names: float  # e times as many names


# The regression of local/open_en/fit_verification.py on 555 names that came out of one half of three dev sets
# (results/notes/verification.md).
FITTED = Odds(base=3.245, lack=2.046, phones=0.552, doubt=0.95, names=0.526)


def weigh(log_probs: np.ndarray, ways: Ways) -> Evidence:
    """The evidence for a name with pronunciations ``ways`` in ``log_probs [T, P]``, which are its frames and no others'."""
    if not len(ways) or not len(log_probs):
        return Evidence.none()
    count = min(map(len, ways))
    certain = float(log_probs.max(axis=1).sum())
    fit = float(scores(log_probs, [PhoneGraph.build([ways])])[0])
    return Evidence(min(count, LONG), (certain - fit) / count, -certain / count)


def log_odds(evidence: Evidence, names: int, odds: Odds = FITTED) -> float:
    """Of the name having been said, in a list of so many."""
    if not math.isfinite(evidence.lack):
        return -math.inf
    return (
        odds.base - odds.lack * evidence.lack + odds.phones * evidence.phones - odds.doubt * evidence.doubt
        - odds.names * math.log(max(1, names))
    )


def likelihood(evidence: Evidence, names: int, odds: Odds = FITTED) -> float:
    """:func:`log_odds` as a probability."""
    at = log_odds(evidence, names, odds)
    return 1.0 / (1.0 + math.exp(-at)) if at > -700 else 0.0
