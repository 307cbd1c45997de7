"""``ctcb stream``: words while people speak."""
from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any, Optional, Tuple

import click

from ctcb.acoustic.sliding import LATENCY
from ctcb.biasing.presets import find_config
from ctcb.cli.common.compiling import Compiling
from ctcb.cli.common.help import Command
from ctcb.cli.common.options import Once, device_option, model_option, precision_option
from ctcb.cli.common.settings import presets_of, set_option
from ctcb.cli.decode.biasing import BiasingOptions, biasing_options
from ctcb.cli.stream.live_audio import from_microphone, from_stdin
from ctcb.cli.stream.screen import JSON, JSONL, LINE, NO, TEXT, Screen, Stats
from ctcb.decoding.builder import build, techniques_of
from ctcb.decoding.endpoint import Endpoints
from ctcb.entities import EntityList
from ctcb.errors import InputError
from ctcb.progress import working
from ctcb.search.find_lm import find_lm


@click.command(cls=Command, sections={
    "Input": "rate channels mic model device",
    "List": "entities bias",
    "LM": "lm",
    "Output": "format",
    "Expert, utterances": "precision latency silence longest partials stats",
})
@model_option()
@device_option()
@precision_option("auto")  # a stream is waited for
@click.option("--rate", cls=Once, type=int, metavar="HZ", help="Standard input is raw 16-bit PCM at this rate.  [default: it is a WAV]")
@click.option("--channels", cls=Once, type=click.IntRange(min=1), help="Channels of raw PCM; they are mixed.  [default: 1]")
@click.option("--mic", is_flag=True, help="Listen to the microphone (needs the extra mic).")
@click.option(
    "--latency", cls=Once, type=float,
    help="Seconds of audio, at most, between a sound and what the model makes of it; a model that is trained to stream has its own."
    f"  [default: {LATENCY}, or the model's own]",
)
@click.option("--silence", cls=Once, type=float, default=Endpoints.silence, show_default=True, help="Seconds of silence that end an utterance.")
@click.option("--longest", cls=Once, type=float, default=Endpoints.longest, show_default=True, help="Seconds after which an utterance is ended anyway.")
@biasing_options(of_stream=True)
@click.option("--lm", cls=Once, type=click.Path(), metavar="FILE|none", help="ARPA file, gzip or not.  [default: the model's own, if any]")
@set_option()
@click.option("--config", type=click.Path(), help="Presets (decode.yaml; `ctcb tune` writes one).  [default: the model's own, if any]")
@click.option("--format", "form", cls=Once, type=click.Choice([TEXT, JSONL]), default=TEXT, show_default=True, help="Of utterances that are over.")
@click.option(
    "--partials", cls=Once, type=click.Choice([LINE, JSON, NO]),
    help="Words of the utterance under way: on the terminal's last line, as JSON lines between the others (with --format jsonl), or not at all."
    "  [default: line where stderr is a terminal, else no]",
)
@click.option("--stats", is_flag=True, help="At the end, the real-time factor and how long things took, on stderr.")
def command(
    model: str, device: str, precision: str, rate: Optional[int], channels: Optional[int], mic: bool, latency: Optional[float], silence: float, longest: float,
    lm: Optional[str], assignments: Tuple[str, ...], config: Optional[str], form: str, partials: Optional[str], stats: bool, **given: Any,
) -> None:
    """Transcribe audio while it comes, from standard input or a microphone.

    \b
    ctcb stream --mic --entities names.txt --latency 0.5
    cat talk.wav | ctcb stream --format jsonl --stats

    Each utterance is written when it is over: behind a pause, or after --longest seconds.

    \b
    arecord -f S16_LE -r 16000 -t raw | ctcb stream --rate 16000 --entities names.txt
    """
    biasing = BiasingOptions(entities_per_utt=None, attention_plot=None, **given)
    if mic and (rate is not None or channels is not None):
        raise InputError("--mic and --rate or --channels exclude each other", hint="leave one out: these are for standard input")
    if channels is not None and rate is None:
        raise InputError("--channels is for raw PCM, and a WAV has its own", hint="give --rate as well, or leave it out")
    if partials == JSON and form != JSONL:
        raise InputError("--partials json is for --format jsonl", hint="give both, or --partials line")
    lm_file = find_lm(lm, model)
    endpoints = Endpoints(silence, max(silence, Endpoints.silence_before_words), longest)
    presets = presets_of(find_config(config, model), assignments)
    made = replace(biasing.config(presets, lm_file is not None), model=model, device=device, precision=precision, lm=lm_file)
    made = replace(made, method="beam" if biasing.lists or lm_file is not None else "greedy")
    biasing.require(techniques_of(made, lm=lm_file is not None))
    entities = None if biasing.entities is None else EntityList.read(biasing.entities, biasing.entities_format)
    compiling = Compiling(entities is not None) if made.method == "beam" else None
    recognizer = build(made)
    if compiling is not None:
        compiling.wait()
    if entities is not None:
        report = recognizer.report(entities)
        if report.eventful:
            click.echo(report.render(), err=True, nl=False)
    audio = from_microphone() if mic else from_stdin(rate, channels or 1)
    with working("preparing the list"):
        stream = recognizer.stream(entities, sample_rate=audio.rate, channels=audio.channels, latency=latency, endpoints=endpoints, utt_id="stream")
    if latency is not None and stream.latency < latency:
        click.echo(f"ctcb: --latency {latency:g} changes nothing: this model is trained to stream with {stream.latency:.2f} s", err=True)
    screen = Screen(form, partials or (LINE if sys.stderr.isatty() else NO))
    clock = Stats()

    def finish() -> None:
        for transcript in clock.timed(stream.finish, 0.0):
            screen.final(transcript)
        if stats:
            clock.show(stream.latency)

    try:
        for piece in audio.pieces:
            for transcript in clock.timed(lambda piece=piece: stream.accept(piece), audio.seconds(piece)):  # type: ignore[misc]
                screen.final(transcript)
            screen.partial(stream.partial)
    except (KeyboardInterrupt, InputError) as error:
        finish()  # what came before is not lost
        if mic and isinstance(error, KeyboardInterrupt):  # which is stopped so; other audio is cut off
            return
        raise
    finish()
