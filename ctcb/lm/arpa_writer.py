"""Writing ARPA files."""
from __future__ import annotations

import gzip
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Iterator, Sequence, Union

from ctcb.io import atomic_write
from ctcb.lm.arpa import CHUNK, Table


def write_arpa(path: Union[str, Path], words: Sequence[str], tables: Sequence[Table]) -> None:
    """Write an ARPA file, gzipped where ``path`` ends in ``.gz``; the same input gives the same bytes.

    ``words`` has the word of each number, ``tables`` the n-grams of each order, lowest first.
    """
    with atomic_write(path, "wb") as file, packed(file, path) as target:
        _write(target, words, tables)


@contextmanager
def packed(file: IO[bytes], path: Union[str, Path]) -> Iterator[IO[bytes]]:
    """``file`` itself, or a gzip stream into it (without time stamp or name) where ``path`` ends in ``.gz``."""
    if not str(path).endswith(".gz"):
        yield file
        return
    with gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=6, mtime=0) as stream:
        yield stream


def _write(file: IO[bytes], words: Sequence[str], tables: Sequence[Table]) -> None:
    counts = "".join(f"ngram {n}={len(table.ids)}\n" for n, table in enumerate(tables, 1))
    file.write(f"\\data\\\n{counts}".encode())
    for n, table in enumerate(tables, 1):
        file.write(f"\n\\{n}-grams:\n".encode())
        form = "%.7g\t%s\t%.7g\n" if n < len(tables) else "%.7g\t%s\n"
        for start in range(0, len(table.ids), CHUNK):
            rows = slice(start, start + CHUNK)
            spelled = map(" ".join, zip(*([words[i] for i in column] for column in table.ids[rows].T.tolist())))
            columns = [table.log10[rows].tolist(), spelled]
            if n < len(tables):
                columns.append(table.backoff[rows].tolist())
            file.write("".join(map(form.__mod__, zip(*columns))).encode())
    file.write(b"\n\\end\\\n")
