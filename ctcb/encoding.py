"""Text that leaves the process: stdout and stderr take any, whatever their encoding; files are UTF-8."""
from __future__ import annotations

import codecs
import io
import json
import sys
from typing import Tuple, Union

ESCAPE, IN_FILES = "ctcb-escape", "ctcb-in-files"  # names of error handlers


def _escape(error: UnicodeError) -> Tuple[str, int]:
    """What an encoding lacks as JSON escapes it (``\\u00e9``), so that lines of JSON stay such."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


def _as_utf8(error: UnicodeError) -> Tuple[Union[str, bytes], int]:
    """Bytes of a name that Python took for no text, in a locale of ASCII for example: as they are if they are UTF-8, else escaped."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    part = error.object[error.start : error.end]
    try:
        written = part.encode("ascii", "surrogateescape")
        written.decode("utf-8")
    except UnicodeError:
        return part.encode("ascii", "backslashreplace"), error.end
    return written, error.end


codecs.register_error(ESCAPE, _escape)
codecs.register_error(IN_FILES, _as_utf8)


class _Ascii(io.TextIOWrapper):
    """A stream in ASCII that has another name for it: to one that says so click writes UTF-8."""

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "ascii-with-escapes"


def take_any_text() -> None:
    """Let stdout and stderr escape what their encodings lack, where they would raise UnicodeEncodeError."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, io.TextIOWrapper) or isinstance(stream, _Ascii):
            continue
        if codecs.lookup(stream.encoding).name == "ascii":
            stream.flush()
            stream = _Ascii(stream.buffer, "ascii", ESCAPE, line_buffering=stream.line_buffering, write_through=stream.write_through)
            setattr(sys, name, stream)
        else:
            stream.reconfigure(errors=ESCAPE)
