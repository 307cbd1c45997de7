"""``ctcb export``: a model directory from a training directory, or a model in ONNX from a model directory."""
from __future__ import annotations

from pathlib import Path
from typing import Optional

import click

from ctcb.cli.common.help import Command


@click.command(cls=Command)
@click.argument("training", type=click.Path())
@click.option("--out", required=True, type=click.Path(), help="The model directory; with --onnx the folder for model.onnx.")
@click.option("--average", type=click.IntRange(min=1), help="Average the last N checkpoints.  [default: all that were kept]")
@click.option("--int8", is_flag=True, help="Store a base model's weights in 8 bits, half the size of float16.")
@click.option("--onnx", is_flag=True, help="TRAINING is a model directory: write its model in ONNX, samples in, log-probabilities out.")
def command(training: str, out: str, average: Optional[int], int8: bool, onnx: bool) -> None:
    """Average the last checkpoints of the TRAINING directory and write a model directory (weights in float16).

    An adapter is written into the model directory of the base model that it was trained on. An adapter for a
    Hugging Face model gets a folder of its own, for `ctcb decode --adapter`.

    With --onnx, a model directory becomes model.onnx with its tokens, phones and lexicon beside it, without the adapter.
    `ctcb decode --model onnx:FILE` and onnxruntime run it, without torch.

    \b
    ctcb export exp/base --out exp/model --average 5
    ctcb export exp/adapter --out exp/model
    ctcb export exp/model --onnx --out exp/onnx
    """
    if onnx:
        from ctcb.acoustic.onnx_export import export_onnx

        if average is not None:
            raise click.UsageError("--average is for checkpoints, and --onnx takes a model directory")
        click.echo(f"{export_onnx(training, out, int8)}: written", err=True)
        return
    from ctcb.acoustic.directory import WEIGHTS_FILE, read_model_yaml, save_adapter, save_model
    from ctcb.adapter.folder import ADAPTER_YAML, read_adapter_yaml, save_adapter_folder
    from ctcb.errors import InputError
    from ctcb.io import digest
    from ctcb.training import checkpoint
    from ctcb.training.loop import epoch_files
    from ctcb.training.made_for import DIGEST, alike, digests_of_lang, require_paired, values_of

    files = epoch_files(Path(training))
    if not files:
        raise InputError("no epoch-*.safetensors in this folder", file=training, hint="train for at least one epoch")
    fitting = alike(files)
    if len(fitting) < len(files):
        click.echo(f"ctcb: warning: {training}: {len(files) - len(fitting)} earlier epochs left out, which were made for something else", err=True)
    chosen = fitting[-average:] if average else fitting
    if (Path(training) / ADAPTER_YAML).exists():
        if int8:
            raise InputError("an adapter stays in float16", file=training, hint="leave --int8 out")
        described = read_adapter_yaml(training)
        require_paired(chosen[-1], {"base": DIGEST + described.base, **values_of("adapter", described.config)})
        if described.model:
            save_adapter_folder(out, checkpoint.average(chosen), described)
        else:
            described.require_base(training, digest(Path(out) / WEIGHTS_FILE), Path(out) / WEIGHTS_FILE)
            save_adapter(out, checkpoint.average(chosen), described.config)
    else:
        require_paired(chosen[-1], {**digests_of_lang(training), **values_of("model", read_model_yaml(training)[0])})
        save_model(out, checkpoint.average(chosen), training, int8)
    click.echo(f"{out}: the mean of {', '.join(file.stem for file in chosen)}", err=True)
