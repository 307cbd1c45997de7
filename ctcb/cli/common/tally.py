"""Reporting the utterances that failed in a run."""
from __future__ import annotations

from pathlib import Path
from typing import Iterator, List, Optional

import click

from ctcb.errors import CtcbError, InputError, RunError
from ctcb.io import PathOrStr, atomic_write, read_lines

MAX_NAMED = 20  # failures that are printed one by one
HEADER = "exit_code\treason"


class Tally:
    """Counts failed utterances: each is printed at once, and their number at the end."""

    def __init__(self, total: int, failure: str, table: Optional[PathOrStr] = None) -> None:
        """``total``: number of utterances; ``failure``: what failed, such as "could not be decoded".

        ``table``: the utterances are a part of a larger run; the failures are written to this file, and the part is
        done all the same (utils/merge_parts.py reads it).
        """
        self._total, self._failure, self._table = total, failure, table
        self._failed: List[CtcbError] = []

    def failed(self, error: Optional[CtcbError]) -> bool:
        """Whether ``error`` is not None; if so, it is counted and printed on stderr."""
        if error is None:
            return False
        self._failed.append(error)
        if self._total > 1 and len(self._failed) <= MAX_NAMED:
            click.echo(f"ctcb: left out: {error}", err=True)
        return True

    def require(self) -> None:
        """Raise the first error where every utterance failed. To be called before output files are put in place."""
        if self._failed and len(self._failed) == self._total and self._table is None:
            raise self._failed[0]

    def close(self) -> None:
        """Raise RunError where some utterances failed. To be called after the others' results are written."""
        if self._table is not None:
            with atomic_write(self._table) as file:
                file.write(f"{HEADER}\n")
                file.writelines(f"{error.exit_code}\t{error}\n" for error in self._failed)
        elif self._failed:
            named = "named above" if len(self._failed) <= MAX_NAMED else f"the first {MAX_NAMED} are named above"
            raise RunError(f"{len(self._failed)} of {self._total} utterances {self._failure} ({named})")


def read_failed(table: Path) -> Iterator[CtcbError]:
    """The errors that a Tally has written to its table."""
    for _, line in read_lines(table)[1:]:
        code, _, message = line.partition("\t")
        yield InputError(message) if int(code) == InputError.exit_code else RunError(message)
