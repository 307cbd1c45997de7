"""Progress of a model over what the user named, and a summary of it."""
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


def shown(emitted: Iterable[Emitted], utterances: Sequence[Utterance]) -> Iterator[Emitted]:
    """The emissions of utterances as they come: with progress and, at the end, what was done to the audio, on stderr."""
    conversions, seconds, began = Counter(), 0.0, time.monotonic()
    for one in progress_by(emitted, "transcribing", _total(utterances), lambda one: one.seconds):
        conversions.update(one.conversions)
        seconds += one.seconds
        yield one
    for done, count in conversions.items():
        click.echo(f"ctcb: note: {done} in {count} file{'s' if count > 1 else ''}", err=True)
    if sys.stderr.isatty() and seconds:
        took = time.monotonic() - began
        click.echo(f"ctcb: {seconds:.1f} s of audio in {took:.1f} s ({seconds / took:.0f} times real time)", err=True)


def _total(utterances: Sequence[Utterance]) -> float:
    """Seconds of audio; only worked out where they are shown."""
    if not sys.stderr.isatty():
        return 0.0
    return sum(
        (one.duration if one.duration is not None else (seconds_of(one.audio) or 0.0)) - one.known
        for one in utterances if one.known != math.inf
    )  # fmt: skip
