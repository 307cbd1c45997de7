"""Which format a file of transcripts is in, where its lines leave no doubt.

Kaldi ``text`` has an utterance's id before its words, SCTK's ``.trn`` has it behind them, in parentheses, and plain text has
none. They are told apart by the ids: unique, and of a shape that words do not have (``spk1_utt2``, ``1089-134686-0000``,
``u1``, numbered lines). A file in which that is not so is of several possible formats, and one of them must be named.
"""
from __future__ import annotations

import re
from typing import List, Optional, Sequence, Tuple

from ctcb.scoring.timed import COMMENT, could_be_ctm, could_be_stm, is_ctm, is_stm
from ctcb.text.scripts import is_unspaced

Lines = Sequence[Tuple[int, str]]

KALDI, PLAIN, TRN, CTM, STM, JSONL, MANIFEST, IS21 = "kaldi", "plain", "trn", "ctm", "stm", "jsonl", "manifest", "is21"
FORMATS = (KALDI, PLAIN, TRN, CTM, STM, JSONL, MANIFEST, IS21)
# The share of lines whose id has the shape of one, from which on the others' ids are believed too.
ENOUGH = 0.8

TRN_LINE = re.compile(r"\s*(.*?)\s*\(([^\s()]+)\)\s*")
# Words with digits that are no ids: 21st, 1980s, 5pm, 10-year-old, 24-7, 1/2, 3.5, 10:30, a date.
_NO_ID = re.compile(r"\d+'?[a-z]{1,3}|\d+(?:-[^\W\d_]+)+|\d{1,4}(?:[-/:.,]\d{1,4})?|\d{4}-\d\d-\d\d|\d{1,2}/\d{1,2}/\d{2,4}|[^\w]*\d+[^\w]*", re.I)
_ID = re.compile(r"[\w.:@=#~+/\\-]*[\w-]")


def shaped_as_id(word: str) -> bool:
    """Whether a word has the shape of an utterance's id, which no word of a text has."""
    if _ID.fullmatch(word) is None or _NO_ID.fullmatch(word) is not None:
        return False
    if "_" in word.strip("_"):
        return True
    return any(map(str.isdigit, word)) and not is_unspaced(word)


def have_ids(ids: Sequence[str]) -> bool:
    """Whether the first (or last) words of all lines are ids without doubt: nearly all of them have the shape of one, or count the lines."""
    if _are_numbered(ids):
        return True
    return sum(map(shaped_as_id, ids)) >= max(1.0, ENOUGH * len(ids))


def trn_rows(lines: Lines) -> Optional[List[Tuple[int, str, str]]]:
    """The rows (line number, id, text) of a ``.trn`` file; None where a line does not end in an id in parentheses."""
    rows = []
    for number, line in lines:
        if line.startswith(COMMENT):
            continue
        found = TRN_LINE.fullmatch(line)
        if found is None:
            return None
        rows.append((number, found[2], found[1]))
    return rows or None


def timed_format(lines: Lines) -> Optional[str]:
    """CTM or STM, where lines without comments are of it without doubt.

    All lines fit; or the first ones do and recordings repeat, so that a line that does not fit is a mistake in such a file.
    """
    for name, fits in ((CTM, is_ctm), (STM, is_stm)):
        if fits(lines):
            return name
    repeated = len({line.split(None, 1)[0] for _, line in lines}) < len(lines)
    if len(lines) > 1:
        loose = [name for name, fits in ((CTM, could_be_ctm), (STM, could_be_stm)) if fits(lines, repeated)]
        if len(loose) == 1:
            return loose[0]
        if repeated:
            fitting = [name for name, fits in ((CTM, is_ctm), (STM, is_stm)) if 2 * sum(fits([line]) for line in lines) > len(lines)]
            return fitting[0] if fitting else None
    return None


def _are_numbered(ids: Sequence[str]) -> bool:
    """Whether the ids are numbers that count the lines from 0 or 1, or that are of one width, with zeros before them or long."""
    if not all(one.isascii() and one.isdigit() for one in ids):
        return False
    if [int(one) for one in ids] in (list(range(len(ids))), list(range(1, len(ids) + 1))):
        return True
    width = len(ids[0])
    of_one_width = len(ids) > 1 and len(set(ids)) == len(ids) and all(len(one) == width for one in ids)
    return of_one_width and (width > 4 or width > 2 and any(one.startswith("0") for one in ids))
