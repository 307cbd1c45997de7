"""Telling by its lines that a list was read in the wrong format, for a warning; no format is guessed."""
from __future__ import annotations

import csv
import re
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence

from ctcb.entities.named_fields import field_name
from ctcb.entities.tables import COMMAS, DELIMITERS, is_address_book, is_header

# Characters at either end of a line that show its shape: the patterns are slow on lines of a megabyte.
ENOUGH = 200
_sherpa_score = re.compile(r"\s:-?\d+(?:\.\d+)?$").search
_nemo_spelling = re.compile(r"[^_\s]_[^_\s]").search
_score_field = re.compile(r"^[^\t]+\t\s*-?\d+(?:\.\d+)?\s*$").match
# FunASR's weights go up to 100; a larger number is more likely part of a name (Boeing 737).
_funasr_weight = re.compile(r"[^\W\d_]['’.)]?[ \t]+-?(?:\d{1,2}|100)(?:\.\d+)?$").search
_weighted_cell = re.compile(r"^[^,;\t]*[^\W\d_][^,;\t]*[,;]\s*-?\d+(?:\.\d+)?\s*(?:[,;]|$)").match
_quoted_cell = re.compile(r'^"(?:[^"]|"")*"\s*[,;\t]').match
_two_names = re.compile(rf"\w[\w\s.'’\-]*[{COMMAS}]\s*[^\W\d]").search
_json_start = re.compile(r'\s*[\[{]\s*["\[{]').match
_letters = re.compile(r"[A-Za-z ]*").fullmatch  # such a line has none of these shapes
_card_start = re.compile(r"BEGIN:VCARD\s*$", re.IGNORECASE).match


class _Shape(NamedTuple):
    format: str
    name: str  # what its lines look like
    is_like: Callable[[str], object]
    share: float  # of the lines that must look so; below it they may be names


# Ours to choose. Lines of sherpa and bare scores do not occur in plain lists, so one is enough; underscores, numbers and
# commas do, so at least half of the lines must have one. Of two shapes that as many lines have, the first counts.
_LINES = (
    _Shape("sherpa", "phrase :2.0", lambda line: ":" in line and _sherpa_score(line), 0.0),
    _Shape("nemo-score", "word<TAB>2.0", lambda line: "\t" in line and _score_field(line), 0.0),
    _Shape("nemo", "word_spelling", lambda line: "_" in line and _nemo_spelling(line), 0.5),
    _Shape("funasr", "phrase 20", _funasr_weight, 0.5),
    _Shape("csv", "name,weight", lambda line: _weighted_cell(line) or _quoted_cell(line), 0.5),
    _Shape("comma", "name, name", _two_names, 0.5),
)


class Suspicion(NamedTuple):
    """The format that a list seems to have."""

    format: str
    look: str  # what looks like it, as a clause

    def warning(self) -> str:
        """The warning about a list that was read as plain text."""
        return f"{self.look} but {'were' if self.look[0].isdigit() else 'was'} read as plain text; if that is wrong, give --entities-format {self.format}"


def suspect(first: Sequence[str], odd: Sequence[str], count: int) -> Optional[Suspicion]:
    """What ``count`` lines read as plain text look like, if that is another format; else None.

    ``first``: the first two, or fewer; ``odd``: all but those that are letters and spaces alone.
    """
    whole = _whole(first, odd)
    if whole is not None:
        return whole
    cut = [line if len(line) <= 2 * ENOUGH else f"{line[:ENOUGH]}{line[-ENOUGH:]}" for line in odd if not _letters(line)]
    counts: Dict[_Shape, int] = {shape: sum(map(bool, map(shape.is_like, cut))) for shape in _LINES}
    likely: List[_Shape] = [shape for shape in _LINES if counts[shape] and counts[shape] >= shape.share * count]
    if not likely:
        return None
    shape = max(likely, key=counts.__getitem__)
    return Suspicion(shape.format, f"{counts[shape]:,} of {count:,} lines look like {shape.name!r}")


def _whole(first: Sequence[str], odd: Sequence[str]) -> Optional[Suspicion]:
    """The format of a file that is not one of lines."""
    if any(map(_card_start, odd)):
        return Suspicion("vcard", "it looks like an address book (BEGIN:VCARD)")
    if first and _json_start("\n".join(first)):
        return Suspicion("json", "it looks like JSON")
    if first and any(_has_header(first[0], mark) for mark in DELIMITERS):
        return Suspicion("csv", f"it looks like a table with the header {first[0].strip()!r}")
    return None


def _has_header(line: str, delimiter: str) -> bool:
    """Whether a line is a table's header: usual titles of columns, that of the names among them. With tabs, which our
    own lists have too, one title is not enough."""
    try:
        cells = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return False
    titles = sum(field_name(cell) is not None for cell in cells)
    return is_address_book(cells) or len(cells) > 1 and is_header(cells) and titles >= (2 if delimiter == "\t" else 1)
