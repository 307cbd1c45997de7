"""Subtitles: SubRip (SRT) and WebVTT, with the names as the list prints them."""
from __future__ import annotations

import html
import textwrap
from dataclasses import dataclass
from typing import List, Sequence, Tuple

from ctcb.transcript.hypothesis import Word, joined
from ctcb.transcript.transcript import Transcript

# What broadcasters ask of subtitles (BBC Subtitle Guidelines 1.2.3): two lines of about 40 letters, not
# longer than seven seconds, none shorter than one.
LINE = 42  # letters
LINES = 2
LONGEST, SHORTEST = 7.0, 1.0  # seconds
PAUSE = 0.8  # seconds of silence that end a subtitle


@dataclass(frozen=True)
class Cue:
    """One subtitle."""

    start: float  # seconds
    end: float
    lines: Tuple[str, ...]


def cues(words: Sequence[Word]) -> List[Cue]:
    """Words, in their order, as subtitles that do not overlap."""
    groups: List[List[Word]] = []
    for word in words:
        if groups and _fits(groups[-1], word):
            groups[-1].append(word)
        else:
            groups.append([word])
    found = []
    for group, following in zip(groups, [*groups[1:], None]):
        end = max(group[-1].end, group[0].start + SHORTEST)
        if following is not None:
            end = min(end, max(group[-1].end, following[0].start))
        found.append(Cue(group[0].start, end, tuple(_lines(group))))
    return found


def _lines(group: Sequence[Word]) -> List[str]:
    return textwrap.wrap(joined(group), LINE, break_on_hyphens=False)


def _fits(group: Sequence[Word], word: Word) -> bool:
    if word.start - group[-1].end >= PAUSE or word.end - group[0].start > LONGEST:
        return False
    return len(_lines([*group, word])) <= LINES


def as_srt(result: Transcript) -> str:
    """SubRip: numbered subtitles, an empty line behind each."""
    return "".join(
        f"{number}\n{_time(cue.start, ',')} --> {_time(cue.end, ',')}\n" + "\n".join(cue.lines) + "\n\n"
        for number, cue in enumerate(cues(result.shown), start=1)
    )


def as_vtt(result: Transcript) -> str:
    """WebVTT."""
    return "WEBVTT\n\n" + "".join(
        f"{_time(cue.start, '.')} --> {_time(cue.end, '.')}\n" + html.escape("\n".join(cue.lines), quote=False) + "\n\n"
        for cue in cues(result.shown)
    )


def _time(seconds: float, point: str) -> str:
    """``00:01:02,345``"""
    milliseconds = round(1000 * seconds)
    whole, rest = divmod(milliseconds, 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}{point}{rest:03d}"
