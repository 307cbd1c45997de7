"""Digests of what cuts hold: their ids, stretches and texts, and the bytes of the features or the audio that they stand on."""
from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterable, List, Set

from ctcb.io import BLOCK, digest

if TYPE_CHECKING:
    from lhotse.cut import Cut

WHOLE, BLOCKS = 256 << 20, 64  # bytes of a file of features that are read whole; blocks of BLOCK bytes of larger ones


def content_digest(cuts: Iterable[Cut]) -> str:
    """SHA-256 of some cuts in their order. Where their files lie makes no difference, what these hold does.

    Raises InputError for a file that cannot be read.
    """
    total = hashlib.sha256()
    seen: Set[Path] = set()
    for cut in cuts:
        texts = [one.text for one in cut.supervisions]
        total.update(json.dumps([cut.id, cut.start, cut.duration, texts, _stored(cut)], default=str).encode())
        for file in files_of(cut):
            if file not in seen:
                seen.add(file)
                total.update((large_file_digest(file) if cut.has_features else file_digest(file)).encode())
    return total.hexdigest()


def files_of(cut: Cut) -> List[Path]:
    """The files that hold a cut's features or, where it has none, its audio; those that are no local files are left out."""
    if cut.has_features:
        path = Path(cut.features.storage_path)
        return [path / cut.features.storage_key if path.is_dir() else path]
    recording: Any = getattr(cut, "recording", None)
    return [Path(source.source) for source in recording.sources if source.type == "file"] if recording is not None else []


def file_digest(path: Path) -> str:
    """SHA-256 of a file, which is read once as long as its size and time stay. Raises InputError where it cannot be read."""
    if not path.exists():
        return digest(path)
    state = path.stat()
    return _known(path, state.st_size, state.st_mtime_ns)


def large_file_digest(path: Path) -> str:
    """:func:`file_digest` of a file of features, which may hold terabytes: of more than WHOLE bytes, of its size and BLOCKS blocks.

    What is between the blocks tells by where each utterance lies: lilcom packs other features into other numbers of bytes.
    """
    size = path.stat().st_size if path.exists() else 0
    if size <= WHOLE:
        return file_digest(path)
    found = hashlib.sha256(str(size).encode())
    with open(path, "rb") as file:
        for number in range(BLOCKS):
            file.seek((size - BLOCK) * number // (BLOCKS - 1))
            found.update(file.read(BLOCK))
    return found.hexdigest()


@lru_cache(maxsize=None)
def _known(path: Path, size: int, changed: int) -> str:
    return digest(path)


def _stored(cut: Cut) -> List[Any]:
    """How the features lie in their file, or what is made of the audio."""
    if cut.has_features:
        features = cut.features
        return [features.type, features.num_frames, features.num_features, features.frame_shift, features.storage_key]
    recording: Any = getattr(cut, "recording", None)
    transforms = (recording.transforms if recording is not None else None) or []
    return [getattr(cut, "channel", None), [one if isinstance(one, dict) else one.to_dict() for one in transforms]]
