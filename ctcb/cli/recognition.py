"""Running a model over what the user named, and telling what went wrong on the way."""
from __future__ import annotations

import sys
import time
from collections import Counter
from typing import Iterator, Sequence, Tuple

import click

from ctcb.data.inputs import find_utterances
from ctcb.decoding.emit import Emitted, emit
from ctcb.errors import InputError, RunError
from ctcb.models.directory import LoadedModel, load_model
from ctcb.progress import progress


def recognise(
    inputs: Sequence[str], model: str, batch_seconds: float, jobs: int
) -> Tuple[LoadedModel, Iterator[Emitted]]:
    """The loaded model and the emissions of all inputs that could be read.

    The iterator notes conversions and failures on stderr. Once it has given everything else, it
    raises RunError if some utterances failed, InputError if all did.
    """
    if batch_seconds <= 0 or jobs < 1:
        raise InputError("--batch-seconds and --jobs must be positive")
    utterances = find_utterances(inputs)
    loaded = load_model(model)

    def run() -> Iterator[Emitted]:
        failed, conversions, seconds, began = [], Counter(), 0.0, time.monotonic()
        for emitted in progress(emit(loaded, utterances, batch_seconds, jobs), "listening", total=len(utterances)):
            if emitted.error is not None:
                failed.append(emitted.error)
                if len(utterances) > 1:
                    click.echo(f"ctcb: left out: {emitted.error}", err=True)
                continue
            conversions.update(emitted.conversions)
            seconds += emitted.seconds
            yield emitted
        for done, count in conversions.items():
            click.echo(f"ctcb: note: {done} in {count} file{'s' if count > 1 else ''}", err=True)
        if len(failed) == len(utterances):
            raise failed[0]
        if sys.stderr.isatty():
            took = time.monotonic() - began
            click.echo(f"ctcb: {seconds:.1f} s of audio in {took:.1f} s ({seconds / took:.0f} times real time)", err=True)
        if failed:
            raise RunError(f"{len(failed)} of {len(utterances)} utterances could not be read (named above)")

    return loaded, run()
