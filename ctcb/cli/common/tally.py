"""Reporting the utterances that failed in a run."""
from __future__ import annotations

from typing import List, Optional

import click

from ctcb.errors import CtcbError, RunError

MAX_NAMED = 20  # failures that are printed one by one


class Tally:
    """Counts failed utterances: each is printed at once, and their number at the end."""

    def __init__(self, total: int, failure: str) -> None:
        """``total``: number of utterances; ``failure``: what failed, such as "could not be decoded"."""
        self._total, self._failure = total, failure
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
        if self._failed and len(self._failed) == self._total:
            raise self._failed[0]

    def close(self) -> None:
        """Raise RunError where some utterances failed. To be called after the others' results are written."""
        if self._failed:
            named = "named above" if len(self._failed) <= MAX_NAMED else f"the first {MAX_NAMED} are named above"
            raise RunError(f"{len(self._failed)} of {self._total} utterances {self._failure} ({named})")
