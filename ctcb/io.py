"""Reading text files with line numbers; atomic writes; checks of disk space; one run at a time in a folder."""
from __future__ import annotations

import glob
import hashlib
import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Dict, Iterable, Iterator, List, Set, Tuple, Union

from ctcb.encoding import IN_FILES
from ctcb.errors import InputError, RunError, unreadable

PathOrStr = Union[str, Path]
TEXT: Dict[str, Any] = {"encoding": "utf-8", "errors": IN_FILES}
_CARRIAGE_RETURNS = re.compile(rb"\r+(?=\n|\Z)")
BLOCK = 1 << 20  # bytes that are read at once for a digest


def read_lines(path: PathOrStr) -> List[Tuple[int, str]]:
    """The lines of a UTF-8 text file with their numbers, counted from 1, without line ends.

    A byte-order mark and Windows carriage returns are removed. Only line feeds end lines: Unicode's
    other line separators may occur inside a transcript.

    Raises
    ------
    InputError : no such file, a folder, no permission, or a line that is not UTF-8.
    """
    return list(enumerate(lines_of(path), start=1))


def lines_of(path: PathOrStr) -> List[str]:
    """The lines of :func:`read_lines` without their numbers; they are decoded at once."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise unreadable(error, path) from None
    bare = _CARRIAGE_RETURNS.sub(b"", content) if b"\r" in content else content
    try:
        lines = bare.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError:
        lines = []
    if not lines or b"\0" in content:
        return [line for _, line in _decoded(BytesIO(content), path)]  # raises InputError that names the line
    return lines if lines[-1] else lines[:-1]


def iterate_lines(path: PathOrStr) -> Iterator[Tuple[int, str]]:
    """The lines of :func:`read_lines` one by one, without the file in memory; errors are raised on the way."""
    try:
        with open(path, "rb") as file:
            yield from _decoded(file, path)
    except OSError as error:
        raise unreadable(error, path) from None


def _decoded(rows: Iterable[bytes], path: PathOrStr) -> Iterator[Tuple[int, str]]:
    """The lines of a file, as it has them, as :func:`read_lines` gives them."""
    for number, row in enumerate(rows, start=1):
        try:
            line = row.rstrip(b"\n").decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r")
        except UnicodeDecodeError as error:
            raise InputError(
                f"byte {error.start + 1} of the line is not UTF-8", file=path, line=number, hint="save the file as UTF-8"
            ) from None
        if "\0" in line:  # UTF-16 without a mark, or no text at all
            raise InputError("holds NUL bytes", file=path, line=number, hint="give a text file, saved as UTF-8")
        yield number, line


def read_text(path: PathOrStr) -> str:
    """A whole UTF-8 text file, its lines joined by line feeds. Raises InputError as :func:`read_lines` does."""
    return "\n".join(line for _, line in read_lines(path))


def digest(path: Path) -> str:
    """SHA-256 of a file in hexadecimal, which identifies its content. Raises InputError where the file cannot be read."""
    found = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            for block in iter(lambda: file.read(BLOCK), b""):
                found.update(block)
    except OSError as error:
        raise unreadable(error, path) from None
    return found.hexdigest()


@contextmanager
def atomic_write(path: PathOrStr, mode: str = "w") -> Iterator[IO[Any]]:
    """Open a temporary file beside ``path`` that replaces it when the block ends without an exception.

    A reader sees the old file or the new one, never a part of it. If the block raises, the old file
    stays and the temporary one is removed.
    """
    with atomic_path(path) as part, open(part, mode, **({} if "b" in mode else TEXT)) as file:
        yield file


@contextmanager
def atomic_path(path: PathOrStr) -> Iterator[Path]:
    """:func:`atomic_write` for libraries that write to a path: yields the temporary file's path."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=_part(path))
    try:
        os.close(handle)
        yield Path(name)
        with open(name, "rb") as file:
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def require_space(folder: PathOrStr, needed: float) -> None:
    """Raise RunError unless the folder's file system has room for ``needed`` more bytes."""
    folder = Path(folder).resolve()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise RunError(f"{folder}: about {needed / 1e9:.1f} GB are needed and {free / 1e9:.1f} GB are free; make room first")


def _part(path: Path) -> str:
    return f".part.{path.name[:100]}."


def remove_parts(path: PathOrStr) -> None:
    """Remove the temporary files that killed runs left beside ``path``. No other run may be writing ``path`` meanwhile."""
    path = Path(path)
    for part in path.parent.glob(f"{glob.escape(_part(path))}????????"):
        part.unlink(missing_ok=True)


_locks: Set[int] = set()  # handles of the folders that this process has locked


def _leave_locks_to_parent() -> None:
    for handle in _locks:
        os.close(handle)
    _locks.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_locks_to_parent)


@contextmanager
def only_run(folder: PathOrStr) -> Iterator[None]:
    """Lock a folder for this run while the block lasts. Raises RunError where another run holds the lock.

    The lock (``flock`` on the folder) ends with the process, so a killed run leaves none behind; processes that it forked do not
    hold it.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:  # Windows has none
        yield
        return
    handle, process = os.open(folder, os.O_RDONLY), os.getpid()
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunError(f"{folder}: another run is writing there; wait for it, or give another folder") from None
        except OSError:  # a file system without locks
            pass
        _locks.add(handle)
        yield
    finally:
        if os.getpid() == process:  # a forked one has closed it
            _locks.discard(handle)
            os.close(handle)
