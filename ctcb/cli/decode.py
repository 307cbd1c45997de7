"""``ctcb decode``: audio in, transcripts out."""
from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Optional, Tuple

import click

from ctcb.cli.options import recognition_options


@click.command()
@recognition_options
@click.option("--method", type=click.Choice(["greedy"]), default="greedy", show_default=True, help="The search.")
@click.option("--format", "form", type=click.Choice(["text", "jsonl", "ctm"]), default="text", show_default=True, help="Format on stdout.")
@click.option("--out", type=click.Path(), help="Folder for text, hyps.jsonl and hyps.ctm, instead of stdout.")
def command(
    inputs: Tuple[str, ...], model: str, batch_seconds: float, jobs: int, method: str, form: str, out: Optional[str]
) -> None:
    """Transcribe INPUTS: audio files, folders of them, manifest.tsv or lhotse cuts.

    An utterance that cannot be read is named on stderr and the others go on; the exit code is then
    1, or 2 where none could be read.

    \b
    ctcb decode talk.ogg
    ctcb decode --out exp/decode data/dev/manifest.tsv
    """
    from ctcb.cli.recognition import recognise
    from ctcb.decoding.greedy import greedy
    from ctcb.decoding.outputs import FILES, FORMATS
    from ctcb.decoding.transcript import transcript
    from ctcb.io import atomic_write

    with ExitStack() as files:
        loaded, emissions = recognise(inputs, model, batch_seconds, jobs)
        sinks = {form: sys.stdout}
        if out is not None:
            sinks = {name: files.enter_context(atomic_write(Path(out) / file)) for name, file in FILES.items()}
        for emitted in emissions:
            path = greedy(emitted.subword)
            result = transcript(emitted.utterance.utt_id, path, loaded.lang.tokenizer.pieces, loaded.frame_shift)
            for name, sink in sinks.items():
                sink.write(FORMATS[name](result))
