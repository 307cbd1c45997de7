"""``ctcb emit``: a model's log-probabilities, for any decoder."""
from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Optional, Tuple

import click

from ctcb.cli.common.help import Command
from ctcb.cli.common.options import Once, failed_option, recognition_options


@click.command(cls=Command, sections={
    "Input": "model device precision",
    "Output": "out phones head",
})
@recognition_options()
@click.option("--head", cls=Once, type=click.Choice(["subword", "phone"]), default="subword", show_default=True, help="Which head.")
@click.option("--out", required=True, type=click.Path(), help="The .npz file; its symbols go beside it as OUT.tokens.txt.")
@click.option("--phones", type=click.Path(), help="Also write the phone head's here, for `ctcb decode --phone-emissions`.")
@failed_option()
def command(
    inputs: Tuple[str, ...], model: str, channel: str, batch_seconds: float, device: str, precision: str, jobs: int, head: str, out: str, phones: Optional[str],
    failed: Optional[str],
) -> None:
    """Write the emissions of INPUTS as one .npz: an array [frames, symbols] an utterance, float32.

    Values are natural-log probabilities. The symbol table has one symbol a line, the blank first.

    \b
    ctcb emit data/dev/manifest.tsv --out exp/dev.npz --phones exp/dev.phones.npz
    """
    from ctcb.acoustic.emit import emit, in_one
    from ctcb.acoustic.open import open_model
    from ctcb.cli.common.recognition import Shown, require_batches
    from ctcb.cli.common.tally import Tally
    from ctcb.ctc.npz import NpzWriter
    from ctcb.data.inputs import find_utterances
    from ctcb.errors import InputError
    from ctcb.io import atomic_write

    require_batches(batch_seconds, jobs)
    utterances, opened = find_utterances(inputs, channel), open_model(model, device=device, precision=precision)
    if opened.spelling is None:
        head = "phone"
    if (head == "phone" or phones is not None) and opened.phonetics is None:
        raise InputError("this model has no phone head", file=model, hint="use --head subword, without --phones")
    symbols = {
        "subword": opened.spelling.table.symbols if opened.spelling else (), "phone": opened.phonetics.symbols if opened.phonetics else (),
    }
    tally = Tally(len(utterances), "could not be read", failed)
    with ExitStack() as files:
        writers = []
        for which, name in (("phone", phones), (head, out)):
            if name is not None:
                table = files.enter_context(atomic_write(Path(f"{name}.tokens.txt")))
                table.writelines(f"{symbol}\n" for symbol in symbols[which])
                writers.append((which, files.enter_context(NpzWriter(files.enter_context(atomic_write(Path(name), "wb"))))))
        watched = Shown(emit(opened, utterances, batch_seconds, jobs), utterances)
        for emitted in in_one(watched):
            if not tally.failed(emitted.error):
                for which, writer in writers:
                    writer.add(emitted.utt_id, emitted.emissions.phones if which == "phone" else emitted.emissions.tokens)
        tally.require()
    watched.close()
    tally.close()
