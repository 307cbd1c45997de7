"""Values with intervals on the one axis of the report's plots, 0 to 100 percent."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping, Optional, Tuple

TICKS = (0, 25, 50, 75, 100)
WITH, WITHOUT = "with", "without"  # the list


@dataclass(frozen=True)
class Mark:
    """A value on the axis, with its interval where there is one; all in percent of the axis, 0 to 100."""

    at: float
    low: Optional[float]
    high: Optional[float]
    text: str  # the value as it is
    kind: str = WITH
    beyond: bool = False  # whether the value is above 100, so that the mark is at the end


@dataclass(frozen=True)
class AxisRow:
    """A line of a plot: a name, and marks on the same axis."""

    name: str
    marks: Tuple[Mark, ...]


def mark(value: Optional[float], low: Optional[float] = None, high: Optional[float] = None, kind: str = WITH) -> Tuple[Mark, ...]:
    """The mark of a share (0.1 is 10 %) with its interval; none where there is no value."""
    if value is None:
        return ()
    text = f"{100 * value:.1f}"
    if low is None or high is None:
        return (Mark(_place(value), None, None, text, kind, value > 1),)
    return (Mark(_place(value), _place(low), _place(high), f"{text} ({100 * low:.1f} to {100 * high:.1f})", kind, value > 1),)


def mark_of(estimate: Optional[Mapping[str, Any]]) -> Tuple[Mark, ...]:
    """The mark of an estimate in JSON."""
    return () if estimate is None else mark(*(estimate.get(part) for part in ("value", "low", "high")))


def _place(share: float) -> float:
    return min(100.0, max(0.0, 100.0 * share))
