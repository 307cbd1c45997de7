"""The head of a chart in SVG; an ablation as a bar chart."""
from __future__ import annotations

from html import escape
from typing import List, NamedTuple, Optional, Sequence

ROW, LEFT, WIDE, RIGHT, TOP = 26, 96, 420, 150, 52  # pixels
LIGHT = ".bar{fill:#1f5fbf}.span{stroke:#10305f;stroke-width:2}"
DARK = ".bar{fill:#4f8fe8}.span{stroke:#cfe2ff}"
FONT = "font-family='system-ui, sans-serif' font-size='13'"


class Bar(NamedTuple):
    """A value in percent, with its interval where there is one."""

    name: str
    value: Optional[float]
    low: Optional[float] = None
    high: Optional[float] = None


def begin(title: str, below: str, width: int, height: int, light: str, dark: str) -> List[str]:
    """The first lines of an SVG with a heading and a line ``below`` it; ``light`` and ``dark``: further rules for such pages."""
    return [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' role='img' {FONT}>",
        f"<title>{escape(title)}: {escape(below)}</title>",
        f"<style>text{{fill:#1c2024}}.dim{{fill:#5b646e}}.grid{{stroke:#d5dbe1}}{light}"
        f"@media(prefers-color-scheme:dark){{text{{fill:#e6e9ec}}.dim{{fill:#9aa5b1}}.grid{{stroke:#37404a}}{dark}}}</style>",
        f"<text x='8' y='18' font-weight='bold'>{escape(title)}</text>",
        f"<text x='8' y='36' class='dim'>{escape(below)}</text>",
    ]


def bars(title: str, unit: str, rows: Sequence[Bar]) -> str:
    """The SVG of horizontal bars from 0 to 100 with intervals, for light and dark pages."""
    height = TOP + ROW * len(rows) + 30
    bottom = TOP + ROW * len(rows)
    lines = begin(title, unit, LEFT + WIDE + RIGHT, height, LIGHT, DARK)
    for share in range(0, 101, 25):
        x = LEFT + WIDE * share / 100
        lines += [
            f"<line class='grid' x1='{x:g}' x2='{x:g}' y1='{TOP - 6}' y2='{bottom}'/>",
            f"<text class='dim' x='{x:g}' y='{bottom + 18}' text-anchor='middle'>{share}</text>",
        ]
    for number, row in enumerate(rows):
        middle = TOP + ROW * number + ROW // 2
        lines.append(f"<text x='{LEFT - 8}' y='{middle + 4}' text-anchor='end'>{escape(row.name)}</text>")
        label = "-" if row.value is None else f"{row.value:.1f}"
        if row.value is not None:
            lines.append(f"<rect class='bar' x='{LEFT}' y='{middle - 8}' width='{WIDE * row.value / 100:.1f}' height='16' rx='2'/>")
        if row.low is not None and row.high is not None:
            low, high = (LEFT + WIDE * edge / 100 for edge in (row.low, row.high))
            lines.append(f"<line class='span' x1='{low:.1f}' x2='{high:.1f}' y1='{middle}' y2='{middle}'/>")
            label += f" ({row.low:.1f} to {row.high:.1f})"
        lines.append(f"<text class='dim' x='{LEFT + WIDE + 10}' y='{middle + 4}'>{label}</text>")
    return "\n".join([*lines, "</svg>", ""])
