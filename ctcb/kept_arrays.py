"""Arrays on disk, in the user's cache, under the digest of all that they are made of: what was worked out before is there at once.

The files are numpy's ``.npz``, without pickled objects and with a checksum of each array. A file that is damaged is as none.
"""
from __future__ import annotations

import hashlib
import json
import os
import zipfile
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Dict, Optional, Sequence, Tuple

import numpy as np

from ctcb.bundled import PACKAGE
from ctcb.cache import cache_folder, prune
from ctcb.io import atomic_path

SWITCH = "CTCB_LIST_CACHE"  # an environment variable; 0: nothing is kept, neither lists nor LMs
MOST_BYTES = 2**31  # of all files of a kind together; those used longest ago go first

Arrays = Dict[str, np.ndarray]


@lru_cache(maxsize=None)
def code_digest(rooms: Tuple[str, ...], packages: Tuple[str, ...] = ()) -> str:
    """The digest of the code and the tables in some folders of the package, and of other packages' versions: what other ones made is not used."""
    found = hashlib.sha256()
    for room in rooms:
        for file in sorted((PACKAGE / room).rglob("*")):
            if file.suffix in (".py", ".tsv", ".npz"):
                found.update(str(file.relative_to(PACKAGE)).encode() + file.read_bytes())
    for package in packages:
        try:
            found.update(version(package).encode())
        except PackageNotFoundError:
            found.update(b"-")
    return found.hexdigest()


def key_of(code: str, parts: Sequence[Any]) -> str:
    """The name under which is kept what is made of these (bytes, or what JSON can write), by code with this digest."""
    found = hashlib.sha256(code.encode())
    for part in parts:
        content = part if isinstance(part, bytes) else json.dumps(part).encode()
        found.update(f"{len(content)}:".encode() + content)
    return found.hexdigest()


class KeptArrays:
    """A folder of arrays by their keys. Where it cannot be written to, or is switched off, nothing is kept."""

    def __init__(self, kind: str, folder: Optional[Path] = None) -> None:
        """``kind``: the folder's name below ``folder``, or below the user's cache."""
        self.folder = (cache_folder() if folder is None else folder) / kind
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
        """Keep arrays, where they are not more than all files may be; another process sees all of them or none."""
        if not self.on or sum(array.nbytes for array in arrays.values()) > MOST_BYTES:
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


def packed_json(value: Any) -> np.ndarray:
    """What JSON can write, as uint8."""
    return np.frombuffer(json.dumps(value).encode(), np.uint8)


def unpacked_json(content: np.ndarray) -> Any:
    """What :func:`packed_json` made an array of."""
    return json.loads(content.tobytes())
