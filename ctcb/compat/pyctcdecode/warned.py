"""Warnings of options that have no counterpart: each once a process."""
from __future__ import annotations

import warnings
from functools import lru_cache

from ctcb.errors import InputWarning


@lru_cache(maxsize=None)
def warn_once(message: str) -> None:
    """Warn, if this was not said before."""
    warnings.warn(message, InputWarning, stacklevel=4)
