"""Compiled functions: they release the GIL and are cached on disk under one key for all their sources.

The cache is where numba puts it: in NUMBA_CACHE_DIR, beside the sources, or in the folder of the user's caches. If none of them
can be written to, as in an installation that is for reading only and a user without a home, it is a private folder below the
temporary one.
"""
from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path
from typing import Any, Callable, Optional

from numba import config, njit
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
_PROCESSOR = hashlib.sha256(f"{config.CPU_NAME} {config.CPU_FEATURES}".encode()).hexdigest()  # for which is compiled


class PackageCache(FunctionCache):
    """numba's cache on disk, in files named after the digest of this package's sources, and after the processor.

    numba checks only the age of the file that defines a function. After a change in another file
    whose functions were inlined into it, numba would silently run the old machine code, or fail to
    read its index. And of two processes that compile one function for different processors, and store it at once,
    numba may take the one's code for the other's.
    """

    def __init__(self, function: Callable) -> None:
        super().__init__(function)
        name = f"{self._impl.filename_base}-{_PROCESSOR[:8]}-{SOURCES[:16]}"
        self._cache_file = IndexDataCacheFile(self._cache_path, name, SOURCES)


def private_folder() -> Path:
    """A folder of this user for what numba caches: below the temporary folder, or below ``$CTCB_CACHE`` where that is set.

    numba runs what it finds there. Raises RuntimeError where somebody else may write to it, or where it cannot be made.
    """
    user = os.getuid() if hasattr(os, "getuid") else None
    named = os.environ.get("CTCB_CACHE")
    folder = Path(named, "numba") if named else Path(tempfile.gettempdir(), "ctcb-numba" if user is None else f"ctcb-numba-{user}")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = folder.lstat()
    except OSError as error:
        raise RuntimeError(f"{folder}: {error.strerror}") from None
    if user is not None and not (stat.S_ISDIR(state.st_mode) and state.st_uid == user and not state.st_mode & 0o022):
        raise RuntimeError(f"{folder}: others may write to it")
    return folder


def _cache_of(function: Callable) -> PackageCache:
    """Raises RuntimeError where there is nowhere to write."""
    try:
        return PackageCache(function)
    except RuntimeError:
        named = config.CACHE_DIR
        config.CACHE_DIR = str(private_folder())
        try:
            return PackageCache(function)
        finally:
            config.CACHE_DIR = named


# Without numba's runtime a function counts no references to arrays: see `compiled`.
WITHOUT_RUNTIME = {"_nrt": False} if hasattr(DefaultOptions, "_nrt") else {}


def compiled(function: Callable = None, *, allocates: bool = True, inner: bool = False, **options: Any) -> Callable:
    """``numba.njit(nogil=True)`` with a :class:`PackageCache`; ``options`` go to numba.

    ``allocates=False`` says that the function neither makes nor returns an array, but only reads and
    writes those that its caller holds. Then no references are counted in it: otherwise each call counts
    one up and down, atomically, for every array of every tuple that it is handed, which in the beam
    search costs more than the search itself. Only NumPy views of such arrays may be made there.

    ``inner=True`` says that only compiled functions call it, so that it needs no way in from Python, where tuples of many
    arrays take longer to compile than the function, and no file of its own in the cache: its callers' files hold it.
    """
    if function is None:
        return lambda this: compiled(this, allocates=allocates, inner=inner, **options)
    if not allocates:
        options.update(WITHOUT_RUNTIME)
    if inner:
        return njit(nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True, **options)(function)
    dispatcher = njit(nogil=True, no_cfunc_wrapper=True, **options)(function)
    try:
        dispatcher._cache = _cache_of(dispatcher.py_func)
    except RuntimeError:  # nowhere to write: compiled anew in each process
        pass
    return dispatcher


def cache_file(function: Callable) -> Optional[Path]:
    """The file that is there once a :func:`compiled` function lies on disk, for this processor; None where nothing can be written to."""
    file = getattr(function._cache, "_cache_file", None)
    return None if file is None else Path(file._index_path)
