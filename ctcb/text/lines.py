"""Reading sentences from plain text, gzip, or a manifest's text column."""
from __future__ import annotations

import gzip
import warnings
import zlib
from collections import Counter
from pathlib import Path
from typing import Iterator, Union

from ctcb.errors import InputError, InputWarning, unreadable
from ctcb.text.markup import clean, render_dropped


def read_sentences(path: Union[str, Path]) -> Iterator[str]:
    """Yield a file's sentences, not normalised.

    ``*.tsv`` and ``*.tsv.gz`` are tables with a header that names a column ``text``; any other file has
    one sentence on each line; ``*.gz`` is unpacked. Markup (:mod:`ctcb.text.markup`) is dropped, with one warning that
    counts it. Empty lines are skipped. Raises InputError for a file that is missing, malformed or not UTF-8.
    """
    counts: Counter[str] = Counter()
    for line in _lines(Path(path)):
        sentence, dropped = clean(line)
        counts.update(dropped)
        if sentence.strip():
            yield sentence.strip()
    if counts:
        warnings.warn(f"{path}: markup dropped: {render_dropped(counts)}", InputWarning, stacklevel=2)


def _lines(path: Path) -> Iterator[str]:
    if not path.is_file():
        raise InputError("no such file", file=path)
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else open(path, encoding="utf-8") as file:
            if ".tsv" not in path.suffixes:
                yield from (line.strip() for line in file if line.strip())
                return
            header = file.readline().rstrip("\n").split("\t")
            if "text" not in header:
                raise InputError("has no column named text", file=path, line=1, hint="name it in the header")
            column = header.index("text")
            for number, line in enumerate(file, 2):
                fields = line.rstrip("\n").split("\t")
                if len(fields) != len(header):
                    raise InputError(f"{len(fields)} columns, not {len(header)}", file=path, line=number)
                if fields[column].strip():
                    yield fields[column].strip()
    except UnicodeDecodeError:
        raise InputError("is not UTF-8 text", file=path) from None
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise InputError("is not a whole gzip file", file=path) from None
    except OSError as error:
        raise unreadable(error, path) from None
