"""Files that lie in a prepared folder are found there wherever the folder is moved or copied to.

Manifests name files by absolute paths, so that lhotse reads them from anywhere. `ctcb prepare` puts what it makes into folders
whose names are its own (``feats_1-ctcb-k3x9q2ab``, ``converted-ctcb-...``), so that a path with such a part is known to be one
of the prepared folder's.
"""
from __future__ import annotations

import os
import re
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, Optional, Tuple

from lhotse.cut import Cut
from lhotse.utils import fastcopy

FEATURES, CONVERTED = "feats_", "converted"  # what the names of own folders begin with
_OWN = re.compile(r"(feats_[\d.]+|converted)-ctcb-[a-z0-9_]{8}")
_OLD_FEATURES = re.compile(r"feats_[\d.]+(\.lca)?")  # as they were named before


def own_folder(parent: Path, name: str) -> Path:
    """A new, empty folder ``NAME-ctcb-xxxxxxxx`` below ``parent``, whose name no other has."""
    parent.mkdir(parents=True, exist_ok=True)
    made = tempfile.mkdtemp(prefix=f"{name}-ctcb-", dir=parent.resolve())
    umask = os.umask(0)
    os.umask(umask)
    os.chmod(made, 0o777 & ~umask)
    return Path(made)


def remove_others(parent: Path, kind: str, *kept: Path) -> None:
    """Remove what earlier runs made below ``parent``, those that were killed among them; ``kind``: FEATURES or CONVERTED."""
    for old in parent.resolve().glob(f"{kind}*"):
        if _OWN.fullmatch(old.name) and old not in kept:
            shutil.rmtree(old)
        elif kind == FEATURES and _OLD_FEATURES.fullmatch(old.name):
            for file in [old] if old.is_file() else old.glob("*.lca"):
                file.unlink()


def located(cut: Cut, folder: Path) -> Cut:
    """The cut of a manifest in ``folder``, an absolute path, with the paths of its features and its audio as they are now."""
    changed = {}
    features: Any = getattr(cut, "features", None)
    if features is not None:
        path = find(str(features.storage_path), str(folder))
        if path != features.storage_path:
            changed["features"] = fastcopy(features, storage_path=path)
    recording: Any = getattr(cut, "recording", None)
    if recording is not None:
        paths = [find(str(one.source), str(folder)) if one.type == "file" else one.source for one in recording.sources]
        if paths != [one.source for one in recording.sources]:
            sources = [fastcopy(one, source=path) for one, path in zip(recording.sources, paths)]
            changed["recording"] = fastcopy(recording, sources=sources)
    return fastcopy(cut, **changed) if changed else cut


def find(path: str, folder: str) -> str:
    """Where a file or folder that a manifest in ``folder``, an absolute path, names is now.

    Below ``folder`` where the path has a part that is the prepared folder's own, or where it is no longer at its old place; as it
    stands where there is nothing below ``folder`` that it could be.
    """
    parent, name = os.path.split(path)
    if (_own_part(parent) is None or parent.startswith(folder + os.sep)) and os.path.exists(path):
        return path
    moved = os.path.join(_moved.get((parent, folder), ""), name)
    if moved == name or not os.path.exists(moved):
        moved = _below(path, folder) or path
        _moved[parent, folder] = os.path.dirname(moved)
    return moved


_moved: Dict[Tuple[str, str], str] = {}  # (a folder of files, a manifest's folder) -> where the former was found last


def _below(path: str, folder: str) -> Optional[str]:
    """The file below ``folder`` whose path ends as ``path`` does, in as many parts as can be."""
    parts, own = Path(path).parts, _own_part(os.path.dirname(path))
    for start in range(len(parts) if own is None else own + 1):
        place = os.path.join(folder, *parts[start:])
        if place.startswith(folder + os.sep) and os.path.exists(place):
            return place
    return None


@lru_cache(maxsize=1024)
def _own_part(parent: str) -> Optional[int]:
    """Which part of a path is a prepared folder's own, the last of them."""
    return max((place for place, part in enumerate(Path(parent).parts) if _OWN.fullmatch(part)), default=None)
