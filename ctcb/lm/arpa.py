r"""Reading ARPA files, with complete checks and line numbers in the errors.

The format: ``\data\``, one line ``ngram N=COUNT`` for each order, then for each order ``\N-grams:`` and
its lines ``log10 probability TAB words TAB log10 backoff`` (the backoff is optional), and ``\end\``.
Reading 1.5 million n-grams takes about two seconds.
"""
from __future__ import annotations

import gzip
import io
import re
import shutil
import zlib
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Dict, Iterator, List, Optional, Tuple, Union

import numpy as np

from ctcb.errors import InputError, unreadable

CHUNK = 1 << 16  # lines at a time
GZIP = b"\x1f\x8b"
BOM = b"\xef\xbb\xbf"  # byte-order mark, as some editors write it
UTF16 = (b"\xff\xfe", b"\xfe\xff")
KENLM_BINARY = b"mmap lm http://kheafield.com/code"
# 1-grams whose probability may be -inf: <s> is never predicted, and an <unk> without a score is as one that is missing.
MAY_BE_NEVER = (b"<s>", b"<unk>")
NEVER_LOG10 = -99.0  # stands for -inf there, as other tools write it
# Signs as other tools, or a change of case, write them.
SIGNS = {b"<UNK>": b"<unk>", b"<S>": b"<s>", b"</S>": b"</s>"}
CUT_OFF = "the file is truncated: copy it again, or estimate it again with `ctcb lm`"
MAKE_ANEW = "estimate it again with `ctcb lm`"


@dataclass(frozen=True)
class Table:
    """The n-grams of one order, or some of them."""

    ids: np.ndarray  # [M, n] int32 word numbers
    log10: np.ndarray  # [M] float64, probabilities
    backoff: np.ndarray  # [M] float64, log10; 0 where there is none
    line: int  # line number of the first one in the file; the others follow without a gap


@dataclass(frozen=True)
class Arpa:
    """The contents of an ARPA file."""

    words: List[str]  # the word of each number, in the order of the 1-grams
    tables: List[Table]  # one for each order, lowest first


def copy_plain(path: Union[str, Path], target: IO[bytes]) -> None:
    """Copy an ARPA file, gzip or not, unpacked and without a byte-order mark, for other readers."""
    with open_arpa(path) as source:
        target.write(source.readline().removeprefix(BOM))
        shutil.copyfileobj(source, target, 1 << 20)
    target.flush()


def open_arpa(path: Union[str, Path]) -> IO[bytes]:
    """Open a file for reading; gzip is recognised by its first two bytes. Raises InputError where it cannot be read."""
    path = Path(path)
    if not path.is_file():
        raise InputError("no such file", file=path, hint="`ctcb lm` makes an LM")
    try:
        file = open(path, "rb")
    except OSError as error:
        raise unreadable(error, path) from None
    return io.BufferedReader(gzip.GzipFile(fileobj=file), 1 << 20) if file.peek(2)[:2] == GZIP else file


def read_counts(path: Union[str, Path]) -> Tuple[int, ...]:
    """The number of n-grams of each order, from the header. Raises InputError for a malformed header."""
    with open_arpa(path) as file:
        return tuple(_Scanner(file, path).header())


def read_arpa(path: Union[str, Path]) -> Arpa:
    """Read and check a whole ARPA file, gzip or not. Raises InputError, with the line number, where it is malformed."""
    tables: List[List[Table]] = []
    with open_arpa(path) as file:
        scanner = _Scanner(file, path)
        for table in scanner.tables():
            if table.ids.shape[1] > len(tables):
                tables.append([])
            tables[-1].append(table)
    return Arpa(list(scanner.names()), [_joined(parts) for parts in tables])


def check_arpa(path: Union[str, Path]) -> List[str]:
    """Check a file as :func:`read_arpa` does, without keeping its n-grams, and return its words. Raises InputError."""
    return read_unigrams(path)[0]


def read_unigrams(path: Union[str, Path]) -> Tuple[List[str], np.ndarray]:
    """Check a file as :func:`read_arpa` does, and return its words and their log10 probabilities ``[n]``. Raises InputError."""
    unigrams: List[np.ndarray] = []
    with open_arpa(path) as file:
        scanner = _Scanner(file, path)
        for table in scanner.tables():
            if table.ids.shape[1] == 1:
                unigrams.append(table.log10)
    return scanner.names(), np.concatenate(unigrams)


def _joined(parts: List[Table]) -> Table:
    ids, log10, backoff = (np.concatenate([getattr(part, name) for part in parts]) for name in ("ids", "log10", "backoff"))
    return Table(ids, log10, backoff, parts[0].line)


class _Scanner:
    """Reads an ARPA file once and keeps track of the line number."""

    def __init__(self, file: IO[bytes], path: Union[str, Path]) -> None:
        self.file, self.path, self.line = file, path, 0
        self.index: Dict[bytes, int] = {}  # word -> number

    def names(self) -> List[str]:
        return [word.decode() for word in self.index]

    def wrong(self, problem: str, hint: str = MAKE_ANEW, line: Optional[int] = None) -> InputError:
        return InputError(problem, file=self.path, line=self.line if line is None else line, hint=hint)

    def tables(self) -> Iterator[Table]:
        """All n-grams in the file's order, at most CHUNK in a Table, at least one Table for each order."""
        counts = self.header()
        heading = self.next_line()
        for n, count in enumerate(counts, 1):
            if heading != b"\\%d-grams:" % n:
                self.misplaced(heading, f"\\{n}-grams: is expected here")
            yield from self.section(n, count, n == len(counts))
            if n == 1:
                for word in (b"<s>", b"</s>"):
                    if word not in self.index:
                        raise self.wrong(f"has no 1-gram {word.decode()}", "an LM for sentences needs <s> and </s>")
            heading = self.next_line()
            if heading is not None and not heading.startswith(b"\\"):
                raise self.wrong(f"more {n}-grams than the {count} that the header announces")
        if heading != b"\\end\\":
            self.misplaced(heading, "\\end\\ is expected here")
        if self.next_line() is not None:
            raise self.wrong("something follows \\end\\", "remove it")

    def header(self) -> List[int]:
        line = self.next_line(comments=True)
        if line != b"\\data\\":
            if line is not None and line.startswith(KENLM_BINARY):
                raise self.wrong("is not an ARPA file, but a binary of kenlm, which has no list of its words", "give the ARPA file that it was built from")
            if line is not None and line.startswith(UTF16):
                raise self.wrong("is not an ARPA file in UTF-8, but in UTF-16", "save the file as UTF-8")
            raise self.wrong("is not an ARPA file: it does not begin with \\data\\", "give an ARPA file; `ctcb lm` makes one")
        counts: List[int] = []
        for raw in self.lines():
            line = raw.strip()
            if not line:
                break
            entry = re.fullmatch(rb"ngram +(\d{1,9}) *= *(\d{1,18})", line)
            if not entry or int(entry[1]) != len(counts) + 1:
                raise self.wrong(f"'ngram {len(counts) + 1}=COUNT' or an empty line is expected here")
            counts.append(int(entry[2]))
        if not counts:
            raise self.wrong("the header announces no n-grams")
        return counts

    def section(self, n: int, count: int, highest: bool) -> Iterator[Table]:
        if not count:
            yield Table(np.zeros((0, n), np.int32), np.zeros(0), np.zeros(0), self.line + 1)
        done = 0
        while done < count:
            start = self.line + 1
            lines = self.read(min(CHUNK, count - done))
            if not lines:
                raise self.wrong(f"ends after {done} of {count} {n}-grams", CUT_OFF)
            ids, log10, backoff = self.parsed_at_once(lines, n) or self.parsed_singly(lines, n, start, done, count)
            if n == 1:
                for word in MAY_BE_NEVER:
                    log10[(ids[:, 0] == self.index.get(word, -1)) & np.isneginf(log10)] = NEVER_LOG10
            table = Table(ids, log10, backoff, start)
            self.check(table, highest)
            yield table
            done += len(lines)

    def parsed_at_once(self, lines: List[bytes], n: int) -> Optional[Tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Word numbers, log10 probabilities and backoffs of lines with the same fields and no fault; else None."""
        text = b"".join(lines)
        # A NUL after each line shows that all of them have the same number of fields.
        fields = text.replace(b"\n", b" \0 ").split()
        width = len(fields) // len(lines)
        tabs = width - n - 1
        if tabs not in (1, 2) or text.count(b"\t") != tabs * len(lines) or fields[width - 1 :: width] != [b"\0"] * len(lines):
            return None
        if n == 1:
            if not self.add_words(fields[1::width]):
                return None
            ids = np.arange(len(self.index) - len(lines), len(self.index), dtype=np.int32)[:, None]
        else:
            columns = [list(map(self.index.get, fields[1 + place :: width])) for place in range(n)]
            if any(None in column for column in columns):
                return None
            ids = np.array(columns, np.int32).T
        try:
            log10 = np.array(list(map(float, fields[0::width])))
            backoff = np.array(list(map(float, fields[n + 1 :: width]))) if tabs == 2 else np.zeros(len(lines))
        except ValueError:
            if n == 1:  # parsed_singly will add them
                self.index = dict(islice(self.index.items(), len(self.index) - len(lines)))
            return None
        return ids, log10, backoff

    def add_words(self, new: List[bytes]) -> bool:
        """Add 1-grams if all of them are new and UTF-8; otherwise add nothing and return False."""
        new = [SIGNS.get(word, word) for word in new]
        try:
            b" ".join(new).decode()
        except UnicodeDecodeError:
            return False
        if len(set(new)) < len(new) or any(map(self.index.__contains__, new)):
            return False
        self.index.update(zip(new, range(len(self.index), len(self.index) + len(new))))
        return True

    def parsed_singly(self, lines: List[bytes], n: int, start: int, done: int, count: int) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        """:meth:`parsed_at_once` one line at a time, which accepts omitted backoffs and raises InputError at the faulty line."""
        rows: List[List[int]] = []
        values: List[Tuple[float, float]] = []
        for self.line, raw in enumerate(lines, start):
            line = raw.rstrip(b"\r\n")
            if not line.strip() or line in (b"\\end\\", b"\\%d-grams:" % (n + 1)):
                raise self.wrong(f"only {done + len(rows)} {n}-grams, where the header announces {count}")
            fields = line.split(b"\t")
            if len(fields) not in (2, 3):
                raise self.wrong(f"{len(fields)} columns", "write: log10 probability, tab, words, tab, log10 backoff")
            words = fields[1].split()
            if len(words) != n:
                raise self.wrong(f"{len(words)} words in a {n}-gram")
            if n == 1 and not self.add_words(words):
                raise self.wrong(f"the 1-gram {_shown(words[0])} is a duplicate or is not UTF-8")
            words = [SIGNS.get(word, word) for word in words]
            unknown = [word for word in words if word not in self.index]
            if unknown:
                raise self.wrong(f"{_shown(unknown[0])} is not among the 1-grams")
            rows.append([self.index[word] for word in words])
            try:
                values.append((float(fields[0]), float(fields[2]) if len(fields) == 3 else 0.0))
            except ValueError:
                raise self.wrong(f"a probability or backoff is not a number: {_shown(line)}") from None
        numbers = np.array(values)
        return np.array(rows, np.int32), numbers[:, 0], numbers[:, 1]

    def check(self, table: Table, highest: bool) -> None:
        for bad, problem in (
            (~np.isfinite(table.log10), "a probability that is not finite"),
            (table.log10 > 0, "a log10 probability above 0"),
            (~np.isfinite(table.backoff), "a backoff that is not finite"),
            (table.backoff != 0 if highest else np.zeros(0, bool), "a backoff at the highest order"),
        ):
            if bad.any():
                raise self.wrong(problem, line=table.line + int(bad.argmax()))

    def misplaced(self, actual: Optional[bytes], problem: str) -> None:
        if actual is None:
            raise self.wrong(f"ends where {problem.replace(' here', '')}", CUT_OFF)
        raise self.wrong(f"{problem}, not {_shown(actual)}")

    def next_line(self, comments: bool = False) -> Optional[bytes]:
        """The next line that is not empty, or None at the end."""
        for raw in self.lines():
            line = raw.strip()
            if line and not (comments and line.startswith(b"#")):
                return line
        return None

    def lines(self) -> Iterator[bytes]:
        while True:
            lines = self.read(1)
            if not lines:
                return
            yield lines[0]

    def read(self, limit: int) -> List[bytes]:
        """The next lines, at most ``limit``; a corrupt gzip file raises InputError."""
        try:
            lines = list(islice(self.file, limit))
        except (EOFError, OSError, zlib.error) as error:
            raise self.wrong(f"cannot be read on ({error})", CUT_OFF) from None
        if not self.line and lines:
            lines[0] = lines[0].removeprefix(BOM)
        self.line += len(lines)
        return lines


def _shown(text: bytes) -> str:
    return repr(text.decode(errors="replace")[:60])
