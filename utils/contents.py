"""Digests of what a job rests on: the contents of files, not their names or times."""
from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Iterable, Iterator, List, Sequence, Set

import yaml

from ctcb.errors import InputError
from ctcb.io import digest

WRITTEN = ("--attention-plot",)  # options of the commands that name what is written
ABSENT = "absent"


@lru_cache(maxsize=None)
def content(path: str) -> str:
    """SHA-256 of a file, or of the files below a folder and their names; ``absent`` for anything else."""
    if os.path.isdir(path):
        listing = hashlib.sha256()
        for file in sorted(_files_below(path)):
            listing.update(f"{os.path.relpath(file, path)}\0{content(file)}\n".encode("utf-8", "surrogateescape"))
        return listing.hexdigest()
    if not os.path.isfile(path):  # a pipe, a device or a link to nothing
        return ABSENT
    try:
        return digest(Path(path))
    except InputError:
        return ABSENT


def _files_below(folder: str) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        yield from (os.path.join(place, name) for name in names)


def package() -> str:
    """The digest of ctcb itself, its bundled model included."""
    spec = find_spec("ctcb")
    assert spec is not None and spec.submodule_search_locations
    return content(list(spec.submodule_search_locations)[0])


def audio_of(manifest: str) -> List[str]:
    """The audio files of a ``manifest.tsv``, in its order."""
    with open(manifest, encoding="utf-8-sig", errors="surrogateescape") as file:
        rows = [line.rstrip("\r\n").split("\t") for line in file]
    if not rows or "audio" not in rows[0]:
        return []
    column = rows[0].index("audio")
    return [os.path.join(os.path.dirname(manifest), row[column]) for row in rows[1:] if len(row) > column]


def named_files(words: Sequence[str], outputs: Iterable[str]) -> List[str]:
    """The files and folders that a command's words name, and those that YAML files among them name; without its ``outputs``."""
    places = [os.path.abspath(output) for output in outputs]
    found: Set[str] = set()
    for option, word in zip(["", *words], words):
        if option not in WRITTEN:
            for candidate in (word, word.partition("=")[2], word.partition(":")[2]):
                _add(candidate, found)
    return sorted(path for path in found if not any(os.path.commonpath([place, os.path.abspath(path)]) == place for place in places))


def _add(name: str, found: Set[str], folder: str = "") -> None:
    path = os.path.join(folder, name)
    if not name or "\0" in name or path in found or not os.path.exists(path):
        return
    found.add(path)
    if path.endswith((".yaml", ".yml")) and os.path.isfile(path):
        try:
            values = list(_strings(yaml.safe_load(Path(path).read_bytes())))
        except (OSError, ValueError, yaml.YAMLError):
            return
        for value in values:
            _add(value, found)
            _add(value, found, os.path.dirname(path))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
