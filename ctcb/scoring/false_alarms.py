"""False alarms: listed names in the hypotheses that are not in the references.

On data without any of the listed names (anti-context) they measure the harm that the list does.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ctcb.scoring.entities import EntityCounts


@dataclass(frozen=True)
class FalseAlarms:
    """The number of false alarms, and the amount of speech. ``measures.py`` defines the rates, for an hour and for 1000 words."""

    count: int
    words: int  # of the references
    hours: Optional[float] = None  # of audio; None where durations are not known


def false_alarms(entities: EntityCounts, words: int, seconds: Optional[float] = None) -> FalseAlarms:
    """The false alarms of a corpus of ``words`` reference words and, if known, ``seconds`` of audio."""
    return FalseAlarms(entities.false, words, None if seconds is None else seconds / 3600.0)
