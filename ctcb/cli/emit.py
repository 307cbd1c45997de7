"""``ctcb emit``: a model's log-probabilities, for any decoder."""
from __future__ import annotations

from pathlib import Path
from typing import Tuple

import click

from ctcb.cli.options import recognition_options


@click.command()
@recognition_options()
@click.option("--head", type=click.Choice(["subword", "phone"]), default="subword", show_default=True, help="Which head.")
@click.option("--out", required=True, type=click.Path(), help="The .npz file; its symbols go beside it as OUT.tokens.txt.")
def command(inputs: Tuple[str, ...], model: str, batch_seconds: float, jobs: int, head: str, out: str) -> None:
    """Write the emissions of INPUTS as one .npz: an array [frames, symbols] an utterance, float32.

    Values are natural-log probabilities. The symbol table has one symbol a line, the blank first.

    \b
    ctcb emit data/dev/manifest.tsv --out exp/dev.npz
    """
    from ctcb.cli.recognition import listen
    from ctcb.cli.tally import Tally
    from ctcb.decoding.npz import NpzWriter
    from ctcb.errors import InputError
    from ctcb.io import atomic_write

    loaded, utt_ids, emissions = listen(inputs, model, batch_seconds, jobs)
    inter = [item.target for item in loaded.network.config.inter_ctc]
    if head == "phone" and "phone" not in inter:
        raise InputError("this model has no phone head", file=model, mend="use --head subword")
    symbols = loaded.lang.phones if head == "phone" else loaded.lang.tokenizer.pieces
    tally = Tally(len(utt_ids), "could not be read")
    with atomic_write(Path(f"{out}.tokens.txt")) as table, atomic_write(Path(out), "wb") as file:
        table.writelines(f"{symbol}\n" for symbol in symbols)
        with NpzWriter(file) as writer:
            for emitted in emissions:
                if not tally.failed(emitted.error):
                    log_probs = emitted.inter[inter.index("phone")] if head == "phone" else emitted.subword
                    writer.add(emitted.utterance.utt_id, log_probs)
        tally.require()
    tally.close()
