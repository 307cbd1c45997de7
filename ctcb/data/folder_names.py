"""Names for folders that may be called alike."""
from __future__ import annotations

from pathlib import Path
from typing import List, Sequence

from ctcb.io import PathOrStr


def distinct_names(folders: Sequence[PathOrStr]) -> List[str]:
    """A name for each folder: its own or, where others are called the same, as many of those above it as tell them apart.

    What is the same folder gets a number: ``dev``, ``dev-2``.
    """
    paths = [Path(folder).resolve().parts for folder in folders]
    names: List[str] = []
    for parts in paths:
        others = [other for other in paths if other != parts]
        count = next(n for n in range(1, len(parts) + 1) if all(other[-n:] != parts[-n:] for other in others) or n == len(parts))
        names.append("/".join(parts[-count:]))
    return [name if names.index(name) == at else f"{name}-{names[: at + 1].count(name)}" for at, name in enumerate(names)]
