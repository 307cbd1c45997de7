"""Compiled functions: they release the GIL and are cached on disk under one key for all their sources."""
from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Callable

from numba import njit
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.options import DefaultOptions


def sources_digest(folder: Path) -> str:
    """SHA-256, in hexadecimal, of the Python files in ``folder`` that hold compiled functions, or records that these may take."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        source = file.read_bytes()
        if b"@compiled" in source or b"(NamedTuple)" in source:
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


# Without numba's runtime a function counts no references to arrays: see `compiled`.
WITHOUT_RUNTIME = {"_nrt": False} if hasattr(DefaultOptions, "_nrt") else {}


def compiled(function: Callable = None, *, allocates: bool = True, **options: Any) -> Callable:
    """``numba.njit(nogil=True)`` with a :class:`PackageCache`; ``options`` go to numba.

    ``allocates=False`` says that the function neither makes nor returns an array, but only reads and
    writes those that its caller holds. Then no references are counted in it: otherwise each call counts
    one up and down, atomically, for every array of every tuple that it is handed, which in the beam
    search costs more than the search itself. Only NumPy views of such arrays may be made there.
    """
    if function is None:
        return lambda inner: compiled(inner, allocates=allocates, **options)
    if not allocates:
        options.update(WITHOUT_RUNTIME)
    dispatcher = njit(nogil=True, **options)(function)
    try:
        dispatcher._cache = PackageCache(dispatcher.py_func)
    except RuntimeError:  # nowhere to write: compiled anew in each process
        pass
    return dispatcher
