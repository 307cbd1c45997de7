"""Progress of a model over what the user named, and how long it took."""
from __future__ import annotations

import math
import sys
import time
from collections import Counter
from typing import Iterable, Iterator, Sequence

import click

from ctcb.ctc.emissions import Emitted
from ctcb.data.audio import seconds_of
from ctcb.data.utterance import Utterance
from ctcb.errors import InputError
from ctcb.progress import progress_by


def require_batches(batch_seconds: float, jobs: int) -> None:
    """Raise InputError for numbers that cannot be."""
    if batch_seconds <= 0 or jobs < 1:
        raise InputError("--batch-seconds and --jobs must be positive")


class Shown:
    """The emissions of utterances as they come, with progress on stderr."""

    def __init__(self, emitted: Iterable[Emitted], utterances: Sequence[Utterance]) -> None:
        self._emitted, self._utterances = emitted, utterances
        self._conversions: Counter[str] = Counter()
        self._seconds, self._began = 0.0, math.nan

    def __iter__(self) -> Iterator[Emitted]:
        self._began = time.monotonic()
        for one in progress_by(self._emitted, "transcribing", _total(self._utterances), lambda one: one.seconds):
            self._conversions.update(one.conversions)
            self._seconds += one.seconds
            yield one

    def close(self) -> None:
        """Say what was done to the audio and, on a terminal, how long the command has taken; to be called when all is written."""
        for done, count in self._conversions.items():
            click.echo(f"ctcb: note: {done} in {count} file{'s' if count > 1 else ''}", err=True)
        if sys.stderr.isatty() and self._seconds:
            now, start = time.monotonic(), click.get_current_context().obj
            took = now - start
            speed = f"{self._seconds / took:.3g} times real time"
            click.echo(f"ctcb: {self._seconds:.1f} s of audio in {took:.1f} s ({speed}), {self._began - start:.1f} s of them until it began", err=True)


def _total(utterances: Sequence[Utterance]) -> float:
    """Seconds of audio; only worked out where they are shown."""
    if not sys.stderr.isatty():
        return 0.0
    return sum(
        (one.duration if one.duration is not None else (seconds_of(one.audio) or 0.0)) - one.known
        for one in utterances if one.known != math.inf
    )  # fmt: skip
