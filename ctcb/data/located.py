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
from pathlib import Path
from typing import Any

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
    """The cut of a manifest in ``folder``, with the paths of its features and its audio as they are now."""
    changed = {}
    features: Any = getattr(cut, "features", None)
    if features is not None:
        path = find(features.storage_path, folder)
        if path != features.storage_path:
            changed["features"] = fastcopy(features, storage_path=path)
    recording: Any = getattr(cut, "recording", None)
    if recording is not None:
        sources = [fastcopy(one, source=find(one.source, folder)) if one.type == "file" else one for one in recording.sources]
        if sources != recording.sources:
            changed["recording"] = fastcopy(recording, sources=sources)
    return fastcopy(cut, **changed) if changed else cut


def find(path: str, folder: Path) -> str:
    """Where a file or folder that a manifest in ``folder``, an absolute path, names is now.

    Below ``folder`` where the path has a part that is the prepared folder's own, or where it is no longer at its old place; as it
    stands where there is nothing below ``folder`` that it could be.
    """
    named = Path(path)
    own = max((place for place, part in enumerate(named.parts[:-1]) if _OWN.fullmatch(part)), default=None)
    if (own is None or folder in named.parents) and named.exists():
        return str(path)
    for start in range(len(named.parts) if own is None else own + 1):
        below = folder.joinpath(*named.parts[start:])
        if folder in below.parents and below.exists():
            return str(below)
    return str(path)
