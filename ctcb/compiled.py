"""Compiled functions: they release the GIL and are cached on disk under one key for all their sources."""
from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Callable

from numba import njit
from numba.core.caching import FunctionCache, IndexDataCacheFile


def sources_digest(folder: Path) -> str:
    """SHA-256, in hexadecimal, of the Python files in ``folder`` that hold compiled functions."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        source = file.read_bytes()
        if b"@compiled" in source:
            digest.update(str(file.relative_to(folder)).encode() + source)
    return digest.hexdigest()


SOURCES = sources_digest(Path(__file__).parent)


class PackageCache(FunctionCache):
    """numba's cache on disk, in files named after the digest of this package's sources.

    numba checks only the age of the file that defines a function. After a change in another file
    whose functions were inlined into it, numba would silently run the old machine code, or fail to
    read its index.
    """

    def __init__(self, function: Callable) -> None:
        super().__init__(function)
        name = f"{self._impl.filename_base}-{SOURCES[:16]}"
        self._cache_file = IndexDataCacheFile(self._cache_path, name, SOURCES)


def compiled(function: Callable = None, **options: Any) -> Callable:
    """``numba.njit(nogil=True)`` with a :class:`PackageCache`; ``options`` go to numba."""
    if function is None:
        return lambda inner: compiled(inner, **options)
    dispatcher = njit(nogil=True, **options)(function)
    try:
        dispatcher._cache = PackageCache(dispatcher.py_func)
    except RuntimeError:  # nowhere to write: compiled anew in each process
        pass
    return dispatcher
