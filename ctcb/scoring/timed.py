"""NIST's files with times: CTM (a line a word) and STM (a line a segment), as SCTK's ``doc/infmts.htm`` describes them.

CTM: ``recording channel start duration word [confidence [type [speaker]]]``. STM: ``recording channel speaker start end
[<labels>] words``. Times are seconds. Lines that start with ``;;`` are comments. Alternatives (``{ um / uh / @ }`` in STM,
``<ALT_BEGIN>``, ``<ALT>`` and ``<ALT_END>`` in CTM) become braces in the text, which :mod:`ctcb.scoring.readings` reads.
"""
from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Dict, Iterable, List, Optional, Pattern, Sequence, Tuple

from ctcb.errors import InputError
from ctcb.io import PathOrStr

Lines = Sequence[Tuple[int, str]]

COMMENT = ";;"
IGNORED = "ignore_time_segment_in_scoring"  # the text of an STM segment in which nothing is scored
_ALTERNATIVE = {"<ALT_BEGIN>": "{", "<ALT>": "/", "<ALT_END>": "}"}
_CTM_HINT = "write 'recording channel start duration word', times in seconds"
_STM_HINT = "write 'recording channel speaker start end words', times in seconds"

# How files without a telling name are recognised: times with decimals in the right columns of every line.
_TIME = r"\d+\.\d+"
_CTM_LINE = re.compile(rf"\S+\s+\S{{1,2}}\s+(?:{_TIME}\s+{_TIME}|\*\s+\*)\s+\S+(?:\s+(?:-?\d[\d.eE-]*|NA)(?:\s+\S+){{0,2}})?\s*")
_STM_LINE = re.compile(rf"\S+\s+\S{{1,2}}\s+\S+\s+{_TIME}\s+{_TIME}(?:\s.*)?")
# The same with whole seconds or any channel: told by several lines together.
_NUMBER = r"\d+(?:\.\d*)?(?:[eE]-?\d+)?|\.\d+"
_CONFIDENCE = r"-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?|NA|nan|\*"
_LOOSE_CTM = re.compile(rf"\S+\s+(\S+)\s+(?:({_NUMBER})\s+({_NUMBER})|\*\s+\*)\s+\S+(?:\s+(?:{_CONFIDENCE})(?:\s+\S+){{0,2}})?\s*")
_LOOSE_STM = re.compile(rf"\S+\s+(\S+)\s+\S+\s+({_NUMBER})\s+({_NUMBER})(?:\s.*)?")
_is_confidence = re.compile(_CONFIDENCE).fullmatch


@dataclass(frozen=True)
class TimedText:
    """A word of a CTM file, or a segment of an STM file."""

    recording: str
    channel: str
    start: float  # seconds
    end: float
    text: str
    speaker: Optional[str] = None

    @property
    def scored(self) -> bool:
        """False for an STM segment that says that nothing is scored there."""
        return self.text.strip().lower() != IGNORED


def content(lines: Lines) -> Lines:
    """The lines without comments."""
    return [(number, line) for number, line in lines if not line.startswith(COMMENT)]


def is_ctm(lines: Lines) -> bool:
    """Whether all lines, comments left out, have the form of a CTM file."""
    return bool(lines) and all(_CTM_LINE.fullmatch(line) for _, line in lines)


def is_stm(lines: Lines) -> bool:
    """Whether all lines, comments left out, have the form of an STM file."""
    return bool(lines) and all(_STM_LINE.fullmatch(line) for _, line in lines)


def could_be_ctm(lines: Lines, repeated: bool) -> bool:
    """Whether several lines are a CTM file with whole seconds or long names of channels.

    They are where recordings repeat, as ids never do, or where channels have a short name and a time has decimals.
    """
    return _fit_loosely(_LOOSE_CTM, lines, repeated)


def could_be_stm(lines: Lines, repeated: bool) -> bool:
    """:func:`could_be_ctm` for STM."""
    ends_last = all(float(found[2]) <= float(found[3]) for _, line in lines for found in [_LOOSE_STM.fullmatch(line)] if found)
    return ends_last and _fit_loosely(_LOOSE_STM, lines, repeated)


def _fit_loosely(pattern: Pattern[str], lines: Lines, repeated: bool) -> bool:
    found = [pattern.fullmatch(line) for _, line in lines]
    if not all(found):
        return False
    decimal = any("." in (one[2] or "") + (one[3] or "") for one in found if one)
    return repeated or (decimal and all(len(one[1]) <= 2 for one in found if one))


def read_ctm(lines: Lines, path: PathOrStr) -> Tuple[TimedText, ...]:
    """The words of a CTM file in its order; alternatives are one word. Raises InputError for a line that does not fit."""
    words: List[TimedText] = []
    group: List[str] = []  # an alternative that is not yet closed, and its words' times
    spans: List[TimedText] = []
    opened = 0
    for number, line in lines:
        fields = line.split()
        if not 5 <= len(fields) <= 8:
            raise InputError(f"{len(fields)} fields, and a line of a CTM file has 5 to 8", file=path, line=number, hint=_CTM_HINT)
        mark = _ALTERNATIVE.get(fields[4].upper())
        if mark is not None:
            if (mark == "{") == bool(group):
                raise InputError(f"{fields[4]} where none can be", file=path, line=number, hint="write <ALT_BEGIN>, <ALT> and <ALT_END> in turn")
            group, opened = [*group, mark], opened or number
            if mark == "}":
                if spans:
                    words.append(replace(spans[0], end=max(span.end for span in spans), text=" ".join(group)))
                group, spans, opened = [], [], 0
            continue
        start, seconds = _seconds(fields[2:4], path, number, _CTM_HINT)
        if len(fields) > 5 and not _is_confidence(fields[5]):
            raise InputError(f"the confidence {fields[5]!r} is no number", file=path, line=number, hint="write one word a line, without spaces")
        word = TimedText(fields[0], fields[1], start, start + seconds, fields[4], fields[7] if len(fields) == 8 else None)
        if group:
            group.append(word.text)
            spans.append(word)
        else:
            words.append(word)
    if group:
        raise InputError("<ALT_BEGIN> without an end", file=path, line=opened, hint="add a line with <ALT_END>")
    return tuple(words)


def read_stm(lines: Lines, path: PathOrStr) -> Tuple[TimedText, ...]:
    """The segments of an STM file in its order. Raises InputError for a line that does not fit."""
    segments: List[TimedText] = []
    for number, line in lines:
        fields = line.split(None, 5)
        if len(fields) < 5:
            raise InputError(f"{len(fields)} fields, and a line of an STM file has at least 5", file=path, line=number, hint=_STM_HINT)
        start, end = _seconds(fields[3:5], path, number, _STM_HINT)
        if end < start:
            raise InputError(f"the segment ends at {end:g} s, before its start at {start:g} s", file=path, line=number, hint=_STM_HINT)
        text = re.sub(r"^<[^<>\s]*>(?:\s+|$)", "", fields[5].strip()) if len(fields) > 5 else ""
        if text.count("{") != text.count("}"):
            raise InputError("a brace of an alternative is not closed", file=path, line=number, hint="write alternatives as { um / uh / @ }")
        segments.append(TimedText(fields[0], fields[1], start, end, text, fields[2]))
    return tuple(segments)


def segment_ids(segments: Iterable[TimedText], path: Optional[PathOrStr] = None) -> Dict[str, TimedText]:
    """The scored segments by ids that are made of recording, channel and times, and of the speaker where that is not enough.

    Raises InputError for a repeated segment.
    """
    found: Dict[str, TimedText] = {}
    for segment in filter(lambda segment: segment.scored, segments):
        name = f"{segment.recording}-{segment.channel}-{segment.start:.2f}-{segment.end:.2f}"
        name = f"{name}-{segment.speaker}" if name in found else name
        if name in found:
            raise InputError(f"the segment {name} stands there twice", file=path, hint="keep one of the lines")
        found[name] = segment
    return found


def _seconds(fields: Sequence[str], path: PathOrStr, number: int, hint: str) -> Tuple[float, float]:
    values = []
    for field in fields:
        try:
            value = float(field)
        except ValueError:
            value = math.nan
        if not 0.0 <= value < math.inf:
            raise InputError(f"{field!r} is not a number of seconds", file=path, line=number, hint=hint)
        values.append(value)
    return values[0], values[1]
