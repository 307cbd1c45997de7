"""Curves over a common axis, in panels one below the other, as SVG."""
from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby
from typing import Iterable, List, NamedTuple, Sequence, Tuple

from ctcb.report.page import render

LEFT, WIDE, RIGHT, TOP, HIGH, BELOW = 64, 560, 200, 68, 150, 58  # pixels; WIDE and HIGH: of a panel's plot
MAX_POINTS = 400  # of a curve that are drawn; of more, means of neighbours
LIGHT = ("#1f5fbf", "#b3261e", "#0b6e3b", "#8a5a00", "#6b3fa0", "#00707a", "#a3246f", "#5b646e")
DARK = ("#6ea8ff", "#ff8a80", "#7bd8a3", "#f0b75a", "#c3a1ff", "#66d4de", "#ff94cf", "#9aa5b1")
Point = Tuple[float, float]


class Curve(NamedTuple):
    """Values over steps; those that are not finite are left out."""

    name: str
    points: Sequence[Point]


class Panel(NamedTuple):
    """Curves with a common scale."""

    title: str
    curves: Sequence[Curve]
    from_zero: bool = False  # whether the scale begins at 0


class Tick(NamedTuple):
    """A number on a scale."""

    at: float  # pixels
    text: str


class DrawnCurve(NamedTuple):
    """A curve in pixels."""

    name: str
    colour: int  # in LIGHT and DARK
    points: Sequence[Point]
    last: str  # the last value


@dataclass(frozen=True)
class DrawnPanel:
    """A panel in pixels from its plot's upper left corner."""

    title: str
    curves: Sequence[DrawnCurve]
    levels: Sequence[Tick]  # of the values
    steps: Sequence[Tick]
    width: int
    height: int = HIGH


def line_chart(title: str, axis: str, panels: Sequence[Panel]) -> str:
    """The SVG of the panels, for light and dark pages; ``axis``: what the common axis counts."""
    apart = HIGH + BELOW
    tops = [TOP + number * apart for number in range(len(panels))]
    return render(
        "line_chart.svg", title=title, axis=axis, panels=drawn(panels), tops=tops, left=LEFT, width=LEFT + WIDE + RIGHT,
        height=TOP - 24 + len(panels) * apart, light=LIGHT, dark=DARK,
    )  # fmt: skip


def drawn(panels: Sequence[Panel], width: int = WIDE) -> List[DrawnPanel]:
    """Panels with a common axis, whose plots are ``width`` pixels wide."""
    steps = [x for panel in panels for curve in panel.curves for x, _ in curve.points]
    low, high = (min(steps), max(steps)) if steps else (0.0, 1.0)
    return [_drawn(panel, low, high, width) for panel in panels]


def _drawn(panel: Panel, first: float, last: float, width: int) -> DrawnPanel:
    curves = [Curve(curve.name, _thinned([point for point in curve.points if math.isfinite(point[1])])) for curve in panel.curves]
    values = [y for curve in curves for _, y in curve.points]
    ticks = _ticks(min(values, default=0.0), max(values, default=1.0), panel.from_zero)
    low, high = ticks[0], ticks[-1]

    def across(step: float) -> float:
        return width * ((step - first) / (last - first) if last > first else 0.5)

    def down(value: float) -> float:
        return HIGH * (high - value) / (high - low)

    return DrawnPanel(
        panel.title,
        [
            DrawnCurve(curve.name, number % len(LIGHT), [(across(x), down(y)) for x, y in curve.points], f"{curve.points[-1][1]:.4g}" if curve.points else "")
            for number, curve in enumerate(curves)
        ],
        [Tick(down(tick), f"{tick:g}") for tick in ticks],
        [Tick(across(step), f"{step:,.0f}") for step in (_ticks(first, last)[1:-1] if last > first else [first])],
        width,
    )  # fmt: skip


def _thinned(points: Sequence[Point]) -> List[Point]:
    """At most MAX_POINTS points: the means of neighbours."""
    size = math.ceil(len(points) / MAX_POINTS)
    if size <= 1:
        return list(points)
    groups: Iterable[List[Point]] = ([point for _, point in group] for _, group in groupby(enumerate(points), lambda item: item[0] // size))
    return [(sum(x for x, _ in group) / len(group), sum(y for _, y in group) / len(group)) for group in groups]


def _ticks(low: float, high: float, from_zero: bool = False) -> List[float]:
    """From 3 to 7 round numbers at equal distances that enclose a range."""
    if from_zero:
        low = min(0.0, low)
    if high <= low:
        low, high = (0.0, high) if high > 0 else (low - 1.0, low + 1.0)
    rough = (high - low) / 4
    unit = 10.0 ** math.floor(math.log10(rough))
    step = unit * next(share for share in (1, 2, 5, 10) if share * unit >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, max(last, first + 1) + 1)]
