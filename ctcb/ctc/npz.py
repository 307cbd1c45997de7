"""Emissions in numpy's .npz, read and written an utterance at a time."""
from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, Iterable, Iterator, Tuple

import numpy as np

from ctcb.ctc.emissions import Emissions, Emitted
from ctcb.errors import InputError, unreadable
from ctcb.io import PathOrStr


def read_npz(path: PathOrStr) -> Tuple[Tuple[str, ...], Iterator[Emitted]]:
    """The utterances of a ``.npz`` with an array each: their ids, and their emissions one by one.

    An array that cannot be read comes out with its error. Raises InputError for a file that is no
    such archive, holds nothing, or has an id that comes twice or holds white space or control characters.
    """
    archive = _open(path)
    names = tuple(archive.files)
    if not names:
        raise InputError("holds no array", file=path, hint="write an array [frames, tokens] an utterance")
    for name in names:
        if name.split() != [name]:
            raise InputError(f"the id {name!r} holds white space", file=path, hint="rename the array")
        if not name.isprintable():
            raise InputError(f"the id {name!r} holds control or invisible characters", file=path, hint="rename the array")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"two arrays are called {twice!r}", file=path, hint="rename one of them")

    def arrays() -> Iterator[Emitted]:
        with archive:
            for name in names:
                yield _emitted(archive, name, path)

    return names, arrays()


def with_phones(emissions: Iterable[Emitted], path: PathOrStr) -> Iterator[Emitted]:
    """Emissions together with the phone head's, which stand under the same ids in another ``.npz``.

    What cannot be read comes out as an error. Raises InputError for a file that is no such archive.
    """
    archive = _open(path)
    names = set(archive.files)

    def joined() -> Iterator[Emitted]:
        with archive:
            for emitted in emissions:
                tokens = emitted.emissions
                if tokens is not None and emitted.utt_id in names:
                    phones = _emitted(archive, emitted.utt_id, path)
                    if phones.emissions is None:
                        emitted = phones
                    else:
                        emitted = replace(emitted, emissions=replace(tokens, phones=phones.emissions.tokens))
                yield emitted

    return joined()


def _open(path: PathOrStr) -> Any:
    if not Path(path).is_file():
        raise InputError("no such file", file=path, hint="name the .npz with the emissions")
    try:
        if zipfile.is_zipfile(path):
            return np.load(path, allow_pickle=False)
    except OSError as error:
        raise unreadable(error, path) from None
    except Exception:  # noqa: S110 (zipfile raises whatever its parsers do; the message is made below)
        pass
    raise InputError("not a .npz archive", file=path, hint="write it with numpy.savez, an array [frames, tokens] an utterance")


def _emitted(archive: Any, name: str, path: PathOrStr) -> Emitted:
    try:
        return Emitted(name, Emissions(archive[name]), path)
    except Exception as error:  # numpy's and zipfile's parsers raise many kinds, MemoryError among them
        problem = f"utterance {name!r} is not readable as an array ({error})"
        return Emitted(name, None, error=InputError(problem, file=path, hint="write it again"))


class NpzWriter:
    """``numpy.savez`` that does not hold all arrays at once."""

    def __init__(self, file: IO[bytes]) -> None:
        self.archive = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True)

    def __enter__(self) -> "NpzWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self.archive.close()

    def add(self, name: str, array: np.ndarray) -> None:
        """Append one array under its name."""
        with self.archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
            np.lib.format.write_array(entry, np.ascontiguousarray(array), allow_pickle=False)
