"""Where ctcb keeps what it has worked out, and what is kept of it."""
from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """``$CTCB_CACHE``, or ``ctcb`` where the user's caches are."""
    named = os.environ.get("CTCB_CACHE")
    return Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ctcb"


def prune(folder: Path, pattern: str, most: int) -> None:
    """Remove those files of a folder that were used longest ago, until the others have at most so many bytes; the last used one stays."""
    found = []
    for file in folder.glob(pattern):
        try:
            facts = file.stat()
        except FileNotFoundError:  # another process removed it
            continue
        found.append((facts.st_mtime, facts.st_size, file))
    total = 0
    for place, (_, size, file) in enumerate(sorted(found, reverse=True)):
        total += size
        if total > most and place:
            file.unlink(missing_ok=True)
