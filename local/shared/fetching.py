"""Downloads that report a failure in one line."""
from __future__ import annotations

import gzip
import tarfile
import zlib
from pathlib import Path
from typing import Callable

from ctcb.errors import RunError

CORRUPT = (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError)


def fetch(what: str, download: Callable[[], object]) -> None:
    """Run a download. Raises RunError, whatever urllib, tarfile or the file system raise."""
    try:
        download()
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise RunError(f"{what} could not be fetched ({reason}); run it again to resume") from None


def unpack(folder: Path, download: Callable[[], object]) -> None:
    """Run a download of lhotse that unpacks archives in ``folder``; remove those that it could not unpack.

    lhotse checks only the length of an archive, so a corrupt one would stay.
    """
    try:
        download()
    except CORRUPT:
        for archive in folder.glob("*.tar.gz"):
            try:
                with tarfile.open(archive) as tar:
                    tar.getmembers()
            except CORRUPT:
                archive.unlink()
        raise
