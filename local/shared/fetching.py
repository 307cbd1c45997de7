"""Downloads that report a failure in one line."""
from __future__ import annotations

from typing import Callable

from ctcb.errors import RunError


def fetch(what: str, download: Callable[[], object]) -> None:
    """Run a download. Raises RunError, whatever urllib, tarfile or the file system raise."""
    try:
        download()
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise RunError(f"{what} could not be fetched ({reason}); run it again to resume") from None
