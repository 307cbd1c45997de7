"""Telling what went wrong with some of many utterances."""
from __future__ import annotations

from typing import List, Optional

import click

from ctcb.errors import CtcbError, RunError

NAMED = 20  # failures that are named one by one


class Tally:
    """What failed in a run: named at once, summed up at its end."""

    def __init__(self, total: int, what: str) -> None:
        """``total`` utterances; ``what`` could not be done with those that fail."""
        self._total, self._what = total, what
        self._failed: List[CtcbError] = []

    def failed(self, error: Optional[CtcbError]) -> bool:
        """Whether there is an error; if so, it is named on stderr and counted."""
        if error is None:
            return False
        self._failed.append(error)
        if self._total > 1 and len(self._failed) <= NAMED:
            click.echo(f"ctcb: left out: {error}", err=True)
        return True

    def require(self) -> None:
        """Raise the first error where every utterance failed. Before any file takes its place."""
        if self._failed and len(self._failed) == self._total:
            raise self._failed[0]

    def close(self) -> None:
        """Raise RunError where some utterances failed. After the others' results are in their files."""
        if self._failed:
            named = "named above" if len(self._failed) <= NAMED else f"the first {NAMED} are named above"
            raise RunError(f"{len(self._failed)} of {self._total} utterances {self._what} ({named})")
