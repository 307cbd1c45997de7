"""The table of names: how often each was spoken and recognised, and what was recognised instead."""
from __future__ import annotations

from dataclasses import dataclass
from typing import List, Mapping, Optional

from ctcb.scoring.entities import EntityCounts
from ctcb.scoring.render import instead_text
from ctcb.scoring.report import ScoreReport


@dataclass(frozen=True)
class NameRow:
    """A listed name that was spoken or recognised."""

    name: str
    weight: float
    spoken: int
    found: int
    found_before: Optional[int]  # without the list; None where nothing is compared
    instead_before: str  # what was recognised in its place without the list
    instead: str  # and with the list
    false: int


def name_rows(before: Optional[ScoreReport], after: ScoreReport, weights: Mapping[str, float]) -> List[NameRow]:
    """Each name's counts, those with most errors first; ``weights`` on the list, by name."""
    without = {} if before is None else before.per_entity
    instead_before = {} if before is None else before.recognised_instead
    instead = after.recognised_instead
    # A name that only the transcripts without the list hold.
    counts = {**after.per_entity, **{name: EntityCounts() for name in without if name not in after.per_entity}}
    return [
        NameRow(
            name, weights.get(name, 1.0), one.found + one.missed, one.found,
            None if before is None else without.get(name, EntityCounts()).found,
            instead_text(instead_before.get(name, {})), instead_text(instead.get(name, {})), one.false,
        )
        for name, one in counts.items()
    ]  # fmt: skip
