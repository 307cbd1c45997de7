"""Where audio comes from: a file, bytes in memory, or standard input."""
from __future__ import annotations

import io
import mmap
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import IO, Any, Union

from ctcb.data.mpeg import Buffer
from ctcb.errors import InputError

STDIN, STDIN_NAME = "-", "<stdin>"  # in the place of a file's name, and what messages call it


@dataclass(frozen=True, eq=False)
class AudioBytes:
    """The bytes of an audio file that is no file on disk."""

    data: Buffer = field(repr=False)
    name: str = "<bytes>"  # for messages

    def __str__(self) -> str:
        return self.name


AudioSource = Union[Path, AudioBytes]
# What Python callers may give: a path, a file's bytes, or an open binary file.
AudioGiven = Union[str, "PathLike[str]", bytes, bytearray, memoryview, IO[bytes], AudioBytes]


def is_audio_file(given: Any) -> bool:
    """Whether something names or holds an audio file; what does not may be an array of samples."""
    if isinstance(given, memoryview):  # of bytes; others are arrays
        return given.format in "bBc"
    return isinstance(given, (str, PathLike, bytes, bytearray, AudioBytes)) or hasattr(given, "read")


def as_source(given: AudioGiven) -> AudioSource:
    """A path, ``-``, bytes or an open binary file as something to read from. Raises InputError as :func:`as_bytes` does."""
    if isinstance(given, (str, PathLike)):
        return standard_input() if given == STDIN else Path(given)
    return as_bytes(given)


def as_bytes(given: AudioGiven) -> AudioBytes:
    """Bytes, or those of an open binary file from where it stands; of a BytesIO all. Raises InputError for a file of text."""
    if isinstance(given, AudioBytes):
        return given
    if isinstance(given, io.BytesIO):
        return AudioBytes(given.getvalue())
    if isinstance(given, (bytes, bytearray, memoryview)):
        return AudioBytes(bytes(given))
    name = str(getattr(given, "name", "<file>"))
    data = given.read() if hasattr(given, "read") else given
    if not isinstance(data, (bytes, bytearray)):
        raise InputError(
            f"a {type(data).__name__} is no audio file", file=name if hasattr(given, "read") else None,
            hint='give a path, bytes, or a file that was opened with mode "rb"',
        )
    return AudioBytes(bytes(data), name)


def standard_input() -> AudioBytes:
    """All that comes on standard input, kept in a temporary file.

    Raises InputError where that is a terminal, or closed.
    """
    if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        raise InputError("nothing is piped to standard input", hint="give audio there (ctcb decode - < talk.ogg), or name a file")
    with tempfile.TemporaryFile(prefix="ctcb-") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
        size = file.tell()
        file.flush()
        data: Buffer = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
    return AudioBytes(data, STDIN_NAME)
