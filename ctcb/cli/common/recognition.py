"""Running a model over what the user named."""
from __future__ import annotations

import math
import sys
import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import Callable, Iterator, List, Mapping, Optional, Sequence, Tuple

import click

from ctcb.acoustic.directory import LoadedModel
from ctcb.acoustic.emit import Emitted, emit
from ctcb.acoustic.model import ComparingEar, Ear, can_lean
from ctcb.acoustic.open import Tokens, open_ear
from ctcb.adapter.encoder_bias import EncoderBias
from ctcb.data.audio import seconds_of
from ctcb.data.inputs import Utterance, find_utterances
from ctcb.data.vad import VoiceActivity
from ctcb.errors import InputError
from ctcb.progress import progress_by

EncoderOf = Callable[[LoadedModel], EncoderBias]


@dataclass(frozen=True)
class Listening:
    """A model at work."""

    ear: Ear
    utt_ids: Tuple[str, ...]
    emitted: Iterator[Emitted]  # with errors in their places; notes conversions on stderr at its end


def listen(
    inputs: Sequence[str], model: str, batch_seconds: float, jobs: int, known: Optional[Mapping[str, float]] = None,
    tokens: Tokens = Tokens(), encoder: Optional[EncoderOf] = None, compared: bool = False, vad: bool = False,
    adapter: Optional[str] = None,
) -> Listening:
    """A model, the ids of the utterances, and what it makes of them; ``tokens`` where the model does not tell its own.

    ``known`` has the utterances that were heard before, all or in part: how many seconds of them, ``inf``
    for all. These are left out. ``encoder`` makes of the model what leans its encoder toward a list,
    and with ``compared`` it is heard without that as well (``ComparingEar``). ``vad``: long recordings are
    heard where there is speech. ``adapter`` as ``open_ear`` takes it.
    """
    if batch_seconds <= 0 or jobs < 1:
        raise InputError("--batch-seconds and --jobs must be positive")
    utterances = find_utterances(inputs)
    activity = VoiceActivity() if vad else None
    ear = open_ear(model, tokens, adapter)
    if encoder is not None:
        own = can_lean(ear)
        ear = own.leaning(encoder(own.model))
        if compared:
            ear = ComparingEar(ear)
    known = known or {}
    wanted = [replace(one, known=known.get(one.utt_id, 0.0)) for one in utterances]

    def run() -> Iterator[Emitted]:
        conversions, seconds, began = Counter(), 0.0, time.monotonic()
        listened = emit(ear, wanted, batch_seconds, jobs, activity)
        for emitted in progress_by(listened, "listening", _total(wanted), lambda one: one.seconds):
            conversions.update(emitted.conversions)
            seconds += emitted.seconds
            yield emitted
        for done, count in conversions.items():
            click.echo(f"ctcb: note: {done} in {count} file{'s' if count > 1 else ''}", err=True)
        if sys.stderr.isatty() and seconds:
            took = time.monotonic() - began
            click.echo(f"ctcb: {seconds:.1f} s of audio in {took:.1f} s ({seconds / took:.0f} times real time)", err=True)

    return Listening(ear, tuple(utterance.utt_id for utterance in utterances), run())


def _total(utterances: List[Utterance]) -> float:
    """Seconds of audio; only worked out where they are shown."""
    if not sys.stderr.isatty():
        return 0.0
    return sum(
        (one.duration if one.duration is not None else (seconds_of(one.audio) or 0.0)) - one.known
        for one in utterances if one.known != math.inf
    )  # fmt: skip
