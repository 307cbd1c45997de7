"""An ablation as a bar chart in SVG."""
from __future__ import annotations

from typing import Sequence

from ctcb.report.axis import TICKS, AxisRow
from ctcb.report.page import render

HIGH, LEFT, WIDE, RIGHT, TOP = 26, 96, 420, 184, 52  # pixels; HIGH: of a row; RIGHT: room for "100.0 (100.0 to 100.0)"


def bars(title: str, unit: str, rows: Sequence[AxisRow]) -> str:
    """The SVG of horizontal bars from 0 to 100 with intervals, for light and dark pages; each row has one mark, or none."""
    sizes = {"high": HIGH, "left": LEFT, "wide": WIDE, "right": RIGHT, "top": TOP, "bottom": TOP + HIGH * len(rows)}
    return render("bars.svg", title=title, unit=unit, rows=rows, ticks=TICKS, **sizes)
