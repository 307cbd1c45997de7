"""Curves over a common axis, in panels one below the other, as SVG."""
from __future__ import annotations

import math
from html import escape
from itertools import groupby
from typing import Iterable, List, NamedTuple, Sequence, Tuple

from ctcb.report.svg import begin

LEFT, WIDE, RIGHT, TOP, HIGH, BELOW = 64, 560, 200, 44, 150, 34  # pixels; HIGH: of a panel's plot
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


def line_chart(title: str, axis: str, panels: Sequence[Panel]) -> str:
    """The SVG of the panels, for light and dark pages; ``axis``: what the common axis counts."""
    height = TOP + len(panels) * (HIGH + BELOW + 24)
    lines = begin(title, axis, LEFT + WIDE + RIGHT, height, _style(LIGHT), _style(DARK))
    steps = [x for panel in panels for curve in panel.curves for x, _ in curve.points]
    low, high = (min(steps), max(steps)) if steps else (0.0, 1.0)
    for number, panel in enumerate(panels):
        lines += _panel(panel, TOP + 24 + number * (HIGH + BELOW + 24), low, high)
    return "\n".join([*lines, "</svg>", ""])


def _style(colours: Sequence[str]) -> str:
    return "".join(f".c{n}{{stroke:{colour};fill:none;stroke-width:1.5}}.d{n}{{fill:{colour}}}" for n, colour in enumerate(colours))


def _panel(panel: Panel, top: int, first: float, last: float) -> List[str]:
    curves = [Curve(curve.name, _thinned([point for point in curve.points if math.isfinite(point[1])])) for curve in panel.curves]
    values = [y for curve in curves for _, y in curve.points]
    ticks = _ticks(min(values, default=0.0), max(values, default=1.0), panel.from_zero)
    low, high = ticks[0], ticks[-1]

    def at(point: Point) -> str:
        x = LEFT + WIDE * ((point[0] - first) / (last - first) if last > first else 0.5)
        return f"{x:.1f},{top + HIGH * (high - point[1]) / (high - low):.1f}"

    lines = [f"<text x='{LEFT}' y='{top - 8}'>{escape(panel.title)}</text>"]
    for tick in ticks:
        y = top + HIGH * (high - tick) / (high - low)
        lines.append(f"<line class='grid' x1='{LEFT}' x2='{LEFT + WIDE}' y1='{y:.1f}' y2='{y:.1f}'/>")
        lines.append(f"<text class='dim' x='{LEFT - 8}' y='{y + 4:.1f}' text-anchor='end'>{tick:g}</text>")
    for x in _ticks(first, last)[1:-1] if last > first else [first]:
        place = at((x, low)).split(",")[0]
        lines.append(f"<text class='dim' x='{place}' y='{top + HIGH + 18}' text-anchor='middle'>{x:,.0f}</text>")
    for number, curve in enumerate(curves):
        colour = number % len(LIGHT)
        if len(curve.points) > 1:
            lines.append(f"<polyline class='c{colour}' points='{' '.join(map(at, curve.points))}'/>")
        if len(curve.points) <= 40:
            lines += [f"<circle class='d{colour}' cx='{x}' cy='{y}' r='2.5'/>" for x, y in (at(point).split(",") for point in curve.points)]
        y = top + 8 + 17 * number
        end = f" {curve.points[-1][1]:.4g}" if curve.points else ""
        lines.append(f"<rect class='d{colour}' x='{LEFT + WIDE + 12}' y='{y - 4}' width='12' height='4'/>")
        lines.append(f"<text x='{LEFT + WIDE + 30}' y='{y + 4}'>{escape(curve.name)}<tspan class='dim'>{end}</tspan></text>")
    return lines


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
