"""``manifest.tsv``: a data set as one tab-separated table, one utterance a line.

Columns, named by the header line: ``utt_id audio duration_s speaker source license text``. Only
``utt_id``, ``audio`` and ``text`` must be there. Audio paths are relative to the manifest's folder.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, Optional, Tuple

from ctcb.errors import InputError
from ctcb.io import PathOrStr, read_lines

REQUIRED = ("utt_id", "audio", "text")
SAFE_ID = re.compile(r"(?!\.)[^\s/\\\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ud800-\udfff]+")


@dataclass(frozen=True)
class ManifestRow:
    """One utterance of a manifest."""

    line: int  # in the file, counted from 1
    utt_id: str
    audio: Path  # absolute, or relative to the working directory as the manifest's own path is
    text: str
    duration: Optional[float] = None  # seconds, as the manifest claims
    speaker: Optional[str] = None
    source: Optional[str] = None
    license: Optional[str] = None


def read_manifest(path: PathOrStr) -> List[ManifestRow]:
    """Read and check a ``manifest.tsv``.

    Raises
    ------
    InputError : no such file, bytes that are not UTF-8, a missing column, a line with another
        number of fields than the header, an empty or repeated or unsafe utt_id, a duration that is
        no positive number, or no utterance at all.
    """
    return [row for row, _ in checked_rows(path, read_lines(path))]


def checked_rows(path: PathOrStr, lines: Iterable[Tuple[int, str]]) -> Iterator[Tuple[ManifestRow, Dict[str, str]]]:
    """The utterances of a manifest's numbered ``lines``, and their fields as they stand there. Raises as :func:`read_manifest`."""
    path, lines = Path(path), iter(lines)
    first = next(lines, None)
    if first is None:
        raise InputError("the manifest is empty", file=path, hint="it needs a header line and a line an utterance")
    columns = first[1].split("\t")
    for name in columns:
        if columns.count(name) > 1:
            raise InputError(f"the column {name!r} stands in the header twice", file=path, line=1, hint="rename or remove one of them")
    for name in REQUIRED:
        if name not in columns:
            raise InputError(
                f"no column {name!r} in the header", file=path, line=1,
                hint=f"the first line must name the tab-separated columns, {', '.join(REQUIRED)} among them",
            )
    seen: Dict[str, int] = {}
    for number, line in lines:
        if not line.strip():
            continue
        fields = line.split("\t")
        if len(fields) != len(columns):
            raise InputError(
                f"{len(fields)} fields where the header names {len(columns)}", file=path, line=number,
                hint="give every column of the header, separated by single tabs",
            )
        row = _row(path, number, dict(zip(columns, fields)))
        if row.utt_id in seen:
            raise InputError(
                f"utt_id {row.utt_id!r} stands in line {seen[row.utt_id]} already", file=path, line=number,
                hint="give each utterance an id of its own",
            )
        seen[row.utt_id] = number
        yield row, dict(zip(columns, fields))
    if not seen:
        raise InputError("no utterance below the header", file=path, hint="add a line an utterance")


def _row(path: Path, number: int, fields: Dict[str, str]) -> ManifestRow:
    utt_id = fields["utt_id"]
    if not SAFE_ID.fullmatch(utt_id):
        raise InputError(
            f"utt_id {utt_id!r} is empty, begins with a dot or holds a space, a slash, or a control or invisible character",
            file=path, line=number, hint="rename it: ids become names of files and fields of tables",
        )
    if not fields["audio"]:
        raise InputError("the audio field is empty", file=path, line=number, hint="name the audio file")
    duration: Optional[float] = None
    if fields.get("duration_s"):
        try:
            duration = float(fields["duration_s"])
        except ValueError:
            duration = -1.0
        if not 0.0 < duration < float("inf"):
            raise InputError(
                f"duration_s {fields['duration_s']!r} is no positive number of seconds", file=path, line=number,
                hint="correct it or leave it empty",
            )
    return ManifestRow(
        line=number, utt_id=utt_id, audio=path.parent / fields["audio"], text=fields["text"], duration=duration,
        speaker=fields.get("speaker") or None, source=fields.get("source") or None, license=fields.get("license") or None,
    )
