"""False alarms: names that came out and were not said, an hour and a thousand words.

On data that holds none of the listed names (anti-context) this is the price of having the list.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ctcb.scoring.entities import EntityCounts


@dataclass(frozen=True)
class FalseAlarms:
    """How many, and in how much speech. The rates are among a score's estimates, with their intervals (``measures.py``)."""

    count: int
    words: int  # of the references
    hours: Optional[float] = None  # of audio; None where durations are not known


def false_alarms(entities: EntityCounts, words: int, seconds: Optional[float] = None) -> FalseAlarms:
    """False alarms of a corpus of ``words`` reference words and, where known, ``seconds`` of audio."""
    return FalseAlarms(entities.false, words, None if seconds is None else seconds / 3600.0)
