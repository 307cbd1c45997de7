"""Compiled functions: they release the GIL and are cached on disk under one key for all their sources.

The cache is where numba puts it: in NUMBA_CACHE_DIR, beside the sources, or in the folder of the user's caches. If none of them
can be written to, as in an installation that is for reading only and a user without a home, it is a private folder below the
temporary one. What it lacks may lie in the installed package: beside the sources, where whoever installed it had it compiled
(``ctcb doctor --compile``), or in the wheel (:mod:`ctcb.machine_code`).
"""
from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable, Tuple

from numba import config, njit
from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile, _CacheLocator, _SourceFileBackedLocatorMixin
from numba.core.options import DefaultOptions

from ctcb.machine_code import ANY_PROCESSOR, PACKAGE, machine_code_folder


def sources_digest(folder: Path) -> str:
    """SHA-256, in hexadecimal, of the Python files in ``folder`` that hold compiled functions, or records that these may take."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        source = file.read_bytes()
        if b"@compiled" in source or b"(NamedTuple)" in source:
            digest.update(str(file.relative_to(folder)).encode() + source)
    return digest.hexdigest()


SOURCES = sources_digest(Path(__file__).parent)
ANY = tuple(ANY_PROCESSOR.values())
PROCESSOR = config.CPU_NAME, config.CPU_FEATURES  # for which is compiled
# Without a choice of the caller's, code for any processor is taken where it lies ready: it is at least as fast (results/speed.md).
TAKES_ANY = PROCESSOR in (ANY, (None, None))


class PackageCache(FunctionCache):
    """numba's cache on disk, in files named after the digest of this package's sources, and after the processor.

    numba checks only the age of the file that defines a function. After a change in another file
    whose functions were inlined into it, numba would silently run the old machine code, or fail to
    read its index. And of two processes that compile one function for different processors, and store it at once,
    numba may take the one's code for the other's.

    What cannot be read is compiled anew, and what cannot be written is compiled in each process.
    """

    def __init__(self, function: Callable) -> None:
        super().__init__(function)
        self._cache_file = self._file_in(Path(self._cache_path), PROCESSOR)
        self._beside = self._precompiled = None  # in the installed package, only ever read
        folder = Path(function.__code__.co_filename).parent
        if PACKAGE in (folder, *folder.parents):
            self._beside = self._file_in(folder / "__pycache__", PROCESSOR)
            self._precompiled = self._file_in(machine_code_folder(folder), ANY) if TAKES_ANY else None

    def _file_in(self, folder: Path, processor: Tuple) -> IndexDataCacheFile:
        digest = hashlib.sha256("{} {}".format(*processor).encode()).hexdigest()
        return IndexDataCacheFile(str(folder), f"{self._impl.filename_base}-{digest[:8]}-{SOURCES[:16]}", SOURCES)

    def is_kept(self) -> bool:
        """Whether the function lies on disk, compiled."""
        return any(file is not None and os.path.exists(file._index_path) for file in (self._cache_file, self._beside, self._precompiled))

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            found = super().load_overload(sig, target_context)
        except Exception:  # damaged in whatever way
            found = None
            with suppress(OSError):
                self._cache_file.flush()
        return found or self._load_installed(sig, target_context)

    def _load_installed(self, sig: Any, target_context: Any) -> Any:
        signature, (machine, *own), function = self._index_key(sig, target_context.codegen())
        for file, processor in ((self._beside, own), (self._precompiled, ANY)):
            with suppress(Exception):  # damaged in whatever way
                data = file and file.load((signature, (machine, *processor), function))
                if data is not None:
                    return self._impl.rebuild(target_context, data)
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        with suppress(OSError):
            super().save_overload(sig, data)


class _Nowhere(_SourceFileBackedLocatorMixin, _CacheLocator):
    """A place for a cache that is never written to."""

    def __init__(self, py_func: Callable, py_file: str) -> None:
        self._py_file, self._lineno = py_file, py_func.__code__.co_firstlineno

    def get_cache_path(self) -> str:
        return os.path.join(os.path.dirname(self._py_file), "__pycache__")

    @classmethod
    def from_function(cls, py_func: Callable, py_file: str) -> "_Nowhere":
        return cls(py_func, py_file)


class _InstalledImpl(CompileResultCacheImpl):
    _locator_classes = [_Nowhere]


class InstalledCache(PackageCache):
    """What lies in the installed package, where nothing can be written anywhere."""

    _impl_class = _InstalledImpl

    def save_overload(self, sig: Any, data: Any) -> None:
        """Does nothing."""


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
    with suppress(RuntimeError):
        return PackageCache(function)
    named = config.CACHE_DIR  # none, or one that cannot be written to
    try:
        config.CACHE_DIR = str(private_folder())
        return PackageCache(function)
    except RuntimeError:  # nowhere to write: what the package lacks is compiled anew in each process
        return InstalledCache(function)
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
    with suppress(RuntimeError):  # numba was told to use other kinds of places (NUMBA_CACHE_LOCATOR_CLASSES): compiled in each process
        dispatcher._cache = _cache_of(dispatcher.py_func)
    return dispatcher


def is_kept(function: Callable) -> bool:
    """Whether a :func:`compiled` function that is not an inner one lies on disk, compiled for this processor."""
    return isinstance(function._cache, PackageCache) and function._cache.is_kept()


def can_be_kept(function: Callable) -> bool:
    """Whether there is a place on disk for what a :func:`compiled` function is compiled to."""
    return type(function._cache) is PackageCache


def copy_cache(cache: Path, package: Path) -> int:
    """Copy what numba compiled of the functions of a ``package``, and kept in ``cache`` (NUMBA_CACHE_DIR), to where the package looks for it.

    Returns how many files that were.
    """
    count = 0
    for folder in sorted({file.parent for file in package.rglob("*.py")}):
        kept, to = cache / _CacheLocator.get_suitable_cache_subpath(str(folder / "any.py")), machine_code_folder(folder, package)
        for file in sorted(kept.glob("*.nb[ci]")):
            to.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, to / file.name)
            count += 1
    return count
