"""Praat's TextGrid: a tier of words and one of the names found, the gaps between them filled with silence."""
from __future__ import annotations

from typing import Iterable, List, Tuple

from ctcb.transcript.transcript import Transcript

Interval = Tuple[float, float, str]

TICK = 0.001  # seconds: Praat takes no interval without length


def as_textgrid(result: Transcript) -> str:
    """A TextGrid file in Praat's long text format."""
    spoken = [(word.start, word.end, word.word) for word in result.words]
    named = [(found.start, found.end, found.entity) for found in result.entities]
    end = max([result.seconds, TICK, *(stop + TICK for _, stop, _ in spoken)])
    tiers = [("words", _filled(spoken, end)), ("names", _filled(named, end))]
    lines = [
        'File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {end:.3f}",
        "tiers? <exists>", f"size = {len(tiers)}", "item []:",
    ]  # fmt: skip
    for number, (name, intervals) in enumerate(tiers, start=1):
        lines += [
            f"    item [{number}]:", '        class = "IntervalTier"', f'        name = "{name}"', "        xmin = 0",
            f"        xmax = {end:.3f}", f"        intervals: size = {len(intervals)}",
        ]  # fmt: skip
        for place, (start, stop, text) in enumerate(intervals, start=1):
            quoted = text.replace('"', '""')
            lines += [
                f"        intervals [{place}]:", f"            xmin = {start:.3f}", f"            xmax = {stop:.3f}",
                f'            text = "{quoted}"',
            ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _filled(intervals: Iterable[Interval], end: float) -> List[Interval]:
    """Intervals from 0 to ``end`` without gap or overlap: what is between the given ones is empty."""
    found: List[Interval] = []
    at = 0.0
    for start, stop, text in intervals:
        start = max(start, at)
        if start - at >= TICK:
            found.append((at, start, ""))
        else:
            start = at
        at = max(stop, start + TICK)
        found.append((start, at, text))
    if end - at >= TICK or not found:
        found.append((at, end, ""))
    else:
        found[-1] = (found[-1][0], end, found[-1][2])
    return found
