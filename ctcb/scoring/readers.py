"""Reading references and hypotheses in four formats, distinguished by the first line that is not blank.

1.  ``hyps.jsonl``: the file's name ends in ``.jsonl``, or the line begins with ``{``. One JSON object on
    each line, with the strings ``id`` and ``text``.
2.  ``manifest.tsv``: the line is a header that names at least two of the manifest's columns.
3.  A reference table of is21_deep_bias: tab-separated id, text and one or two JSON lists.
4.  Kaldi ``text``: everything else. An id, white space, the words; an id alone is an empty text.
"""
from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, Optional, Tuple

from ctcb.data.manifest import read_manifest
from ctcb.entities.per_utt import is_is21_line
from ctcb.errors import InputError
from ctcb.io import PathOrStr, read_lines

_MANIFEST_COLUMNS = {"utt_id", "audio", "duration_s", "speaker", "source", "license", "text"}


@dataclass(frozen=True, eq=False)
class Transcripts(Mapping[str, str]):
    """A mapping of utterance ids to texts, in the file's order."""

    texts: Dict[str, str]
    path: Optional[Path] = None
    seconds: Optional[Dict[str, float]] = None  # the durations in a manifest, by id; None for other formats

    def __getitem__(self, utterance: str) -> str:
        return self.texts[utterance]

    def __iter__(self) -> Iterator[str]:
        return iter(self.texts)

    def __len__(self) -> int:
        return len(self.texts)


def read_transcripts(path: PathOrStr) -> Transcripts:
    """Read a file of references or hypotheses in any of the formats above.

    Raises
    ------
    InputError : an unreadable or empty file, a repeated id, a line that does not fit the format.
    """
    path = Path(path)
    lines = [(number, line) for number, line in read_lines(path) if line.strip()]
    if not lines:
        raise InputError("the file is empty", file=path, hint="it needs one utterance a line, such as 'utt-id words'")
    first = lines[0][1]
    if path.suffix == ".jsonl" or first.lstrip().startswith("{"):
        return Transcripts(_collect(_read_jsonl(path, lines), path), path)
    if len(_MANIFEST_COLUMNS.intersection(first.split("\t"))) > 1:
        return _from_manifest(path)
    if is_is21_line(first):
        return Transcripts(_collect(_read_is21(path, lines), path), path)
    return Transcripts(_collect(_read_kaldi(lines), path), path)


def _from_manifest(path: Path) -> Transcripts:
    rows = read_manifest(path)
    seconds = {row.utt_id: row.duration for row in rows if row.duration is not None}
    return Transcripts({row.utt_id: row.text for row in rows}, path, seconds)


def _collect(rows: Iterator[Tuple[int, str, str]], path: Path) -> Dict[str, str]:
    """The rows (line number, id, text) as a dictionary; a repeated id is an error."""
    texts: Dict[str, str] = {}
    lines: Dict[str, int] = {}
    for number, utterance, text in rows:
        if utterance in texts:
            raise InputError(
                f"utterance {utterance!r} is already in line {lines[utterance]}", file=path, line=number,
                hint="keep one line an utterance",
            )
        texts[utterance], lines[utterance] = text, number
    return texts


def _read_jsonl(path: Path, lines: List[Tuple[int, str]]) -> Iterator[Tuple[int, str, str]]:
    for number, line in lines:
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(
                f"not JSON ({error.msg}, column {error.colno})", file=path, line=number, hint="give one JSON object a line"
            ) from None
        for key in ("id", "text"):
            if not isinstance(row, dict) or not isinstance(row.get(key), str):
                raise InputError(
                    f"no string {key!r}", file=path, line=number, hint='each line needs {"id": "...", "text": "..."}'
                )
        if not row["id"].strip():
            raise InputError("the id is empty", file=path, line=number, hint="give each utterance an id")
        yield number, row["id"], row["text"]


def _read_is21(path: Path, lines: List[Tuple[int, str]]) -> Iterator[Tuple[int, str, str]]:
    for number, line in lines:
        if not is_is21_line(line) or not line.split("\t")[0].strip():
            raise InputError(
                "is not an id, a text and one or two JSON lists, like the lines above it", file=path, line=number,
                hint="separate these fields by single tabs",
            )
        utterance, text = line.split("\t")[:2]
        yield number, utterance.strip(), text


def _read_kaldi(lines: List[Tuple[int, str]]) -> Iterator[Tuple[int, str, str]]:
    for number, line in lines:
        utterance, *text = line.split(None, 1)
        yield number, utterance, text[0] if text else ""
