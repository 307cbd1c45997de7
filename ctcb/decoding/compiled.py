"""Compiled functions: without the GIL, and cached on disk under a key that covers all of them."""
from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Callable

from numba import njit
from numba.core.caching import FunctionCache


def sources_digest(folder: Path) -> str:
    """SHA-256 of the Python files in ``folder`` that hold compiled functions."""
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*.py")):
        source = file.read_bytes()
        if b"@compiled" in source:
            digest.update(file.name.encode() + source)
    return digest.hexdigest()


SOURCES = sources_digest(Path(__file__).parent)


class PackageCache(FunctionCache):
    """numba's cache on disk, keyed by this package's sources too.

    numba looks only at the file in which a function stands; after a change in another file that
    was compiled into it, the old machine code would be run without a word.
    """

    def _index_key(self, sig: Any, codegen: Any) -> tuple:
        return (*super()._index_key(sig, codegen), SOURCES)


def compiled(function: Callable = None, **options: Any) -> Callable:
    """``numba.njit(nogil=True)`` with a :class:`PackageCache`; ``options`` go to numba."""
    if function is None:
        return lambda inner: compiled(inner, **options)
    dispatcher = njit(nogil=True, **options)(function)
    dispatcher._cache = PackageCache(dispatcher.py_func)
    return dispatcher
