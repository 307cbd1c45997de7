"""Running a model over what the user named."""
from __future__ import annotations

import sys
import time
from collections import Counter
from typing import Callable, Iterator, Optional, Sequence, Tuple

import click

from ctcb.data.inputs import find_utterances
from ctcb.decoding.emit import Emitted, emit
from ctcb.decoding.encoder_bias import EncoderBias
from ctcb.errors import InputError
from ctcb.models.directory import LoadedModel, load_model
from ctcb.progress import progress

EncoderOf = Callable[[LoadedModel], EncoderBias]


def listen(
    inputs: Sequence[str], model: str, batch_seconds: float, jobs: int, encoder: Optional[EncoderOf] = None
) -> Tuple[LoadedModel, Tuple[str, ...], Iterator[Emitted]]:
    """The loaded model, the ids of the utterances, and their emissions, with errors in their places.

    ``encoder`` makes of the model what leans its encoder toward a list. The iterator notes conversions
    on stderr at its end.
    """
    if batch_seconds <= 0 or jobs < 1:
        raise InputError("--batch-seconds and --jobs must be positive")
    utterances = find_utterances(inputs)
    loaded = load_model(model)
    bias = None if encoder is None else encoder(loaded)

    def run() -> Iterator[Emitted]:
        conversions, seconds, began = Counter(), 0.0, time.monotonic()
        for emitted in progress(emit(loaded, utterances, batch_seconds, jobs, bias), "listening", total=len(utterances)):
            conversions.update(emitted.conversions)
            seconds += emitted.seconds
            yield emitted
        for done, count in conversions.items():
            click.echo(f"ctcb: note: {done} in {count} file{'s' if count > 1 else ''}", err=True)
        if sys.stderr.isatty() and seconds:
            took = time.monotonic() - began
            click.echo(f"ctcb: {seconds:.1f} s of audio in {took:.1f} s ({seconds / took:.0f} times real time)", err=True)

    return loaded, tuple(utterance.utt_id for utterance in utterances), run()
