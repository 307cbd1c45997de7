"""Tables for a terminal."""
from __future__ import annotations

from typing import List, Sequence


def table(rows: Sequence[Sequence[str]], left: Sequence[int]) -> str:
    """``rows`` (the first is the heading) as text: columns two spaces apart, right-aligned unless their index is in ``left``."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines: List[str] = []
    for row in rows:
        cells = [
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths))
        ]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "-" * max(len(line) for line in lines))
    return "\n".join(lines)
