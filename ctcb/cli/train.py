"""``ctcb train``: train base models and adapters."""
from __future__ import annotations

from typing import Optional, Tuple

import click

from ctcb.bundled import config_names
from ctcb.cli.common.help import Group
from ctcb.cli.common.options import Decorator, Once, device_option


def precision_option(what: str) -> Decorator:
    """``--precision P``."""
    text = f"{what}; replaces the training config's. fp16 is for GPUs; auto is bf16 on a GPU that has it, fp16 on another, fp32 on the CPU."
    return click.option("--precision", type=click.Choice(["fp32", "bf16", "fp16", "auto"]), help=text)


def _of_package(kind: str) -> str:
    return f"a YAML file, or the package's conf/{kind}/X.yaml (X: {', '.join(config_names(kind))})"


@click.group(cls=Group)
def command() -> None:
    """Train models on stored features (`ctcb prepare --features`)."""


@command.command(sections={
    "Input": "config train-config data dev lang",
    "Output": "out",
})
@click.option("--config", required=True, type=click.Path(), help=f"Model architecture: {_of_package('model')}.")
@click.option("--train-config", type=click.Path(), help=f"Training options: {_of_package('train')}.")
@click.option("--data", required=True, multiple=True, type=click.Path(), help="Folder with stored features; repeatable. Named twice, it is read twice an epoch.")
@click.option("--dev", multiple=True, type=click.Path(), help="Folder of a dev set, evaluated after each epoch; repeatable.")
@click.option("--lang", required=True, type=click.Path(), help="Folder with tokens, phones and lexicon.")
@click.option("--out", required=True, type=click.Path(), help="Training directory; an interrupted run in it is resumed.")
@click.option("--init", type=click.Path(), help="Initialise with the weights of this training or model directory, where shapes match.")
@click.option(
    "--pretrained", multiple=True, type=click.Path(),
    help="Whisper's weights, for a model on its encoder: a file, a folder, or several parts.",
)
@click.option("--cache", type=click.Path(), help="Train only the layers above the pretrained encoder, whose outputs are cached in this folder.")
@click.option("--epochs", type=int, help="Number of epochs; replaces the training config's.")
@precision_option("Arithmetic precision")
@device_option()
@click.option("--in-memory", is_flag=True, help="Read all features once and keep them on the device; makes them of audio where none are stored.")
@click.option("--tensorboard", is_flag=True, help="Write the log as TensorBoard's events as well, into --out.")
@click.option("--accept-changes", is_flag=True, help="Go on with the run in --out although its data, tokens, model or options are others now.")
def base(
    config: str, train_config: Optional[str], data: Tuple[str, ...], dev: Tuple[str, ...], lang: str, out: str,
    init: Optional[str], pretrained: Tuple[str, ...], cache: Optional[str], epochs: Optional[int], precision: Optional[str],
    device: str, in_memory: bool, tensorboard: bool, accept_changes: bool,
) -> None:
    """Train a base CTC model. An interrupted run is resumed. Under torchrun, training is data-parallel; with --device cuda
    each process has its own GPU.

    \b
    ctcb train base --config conf/model/small.yaml --train-config conf/train/small.yaml \\
        --data exp/data/train --dev exp/data/dev --lang exp/lang --out exp/base
    """
    from ctcb.training.base import train_base

    overrides = {"epochs": epochs, "precision": precision}
    train_base(config, train_config, data, dev, lang, out, overrides, init, pretrained, cache, device, in_memory, accept_changes, tensorboard)


@command.command(sections={
    "Input": "base train-config data dev",
    "Output": "out",
})
@click.option("--base", required=True, type=click.Path(), help="Model directory of the base, which is frozen, or hf:NAME.")
@click.option("--train-config", type=click.Path(), help="Architecture and training options: conf/train/adapter.yaml.")
@click.option("--data", required=True, multiple=True, type=click.Path(), help="Folder with stored features; repeatable.")
@click.option(
    "--dev", multiple=True, nargs=2, type=click.Path(), metavar="FOLDER LIST",
    help="Folder of a dev set, evaluated after each epoch, and its list of names; repeatable.",
)
@click.option("--out", required=True, type=click.Path(), help="Training directory; an interrupted run in it is resumed.")
@click.option("--cache", type=click.Path(), help="Cache folder for the base's outputs, so that it runs over the speech only once.")
@click.option("--epochs", type=int, help="Number of epochs; replaces the training config's.")
@precision_option("Precision of the base")
@device_option()
@click.option("--tensorboard", is_flag=True, help="Write the log as TensorBoard's events as well, into --out.")
@click.option("--accept-changes", is_flag=True, help="Go on with the run in --out although its data, tokens, model or options are others now.")
def adapter(
    base: str, train_config: Optional[str], data: Tuple[str, ...], dev: Tuple[Tuple[str, str], ...], out: str,
    cache: Optional[str], epochs: Optional[int], precision: Optional[str], device: str, tensorboard: bool, accept_changes: bool,
) -> None:
    """Train a contextual adapter on a frozen base. An interrupted run is resumed. Under torchrun, training is data-parallel;
    with --device cuda each process has its own GPU.

    \b
    ctcb train adapter --base exp/model --train-config conf/train/adapter.yaml \\
        --data exp/data/train --dev exp/data/dev data/dev/entities.txt --cache exp/cache --out exp/adapter
    ctcb export exp/adapter --out exp/model

    \b
    ctcb train adapter --base hf:facebook/wav2vec2-base-960h --data exp/data/train --cache exp/cache --out exp/hf
    ctcb export exp/hf --out exp/hf_adapter
    ctcb decode --model hf:facebook/wav2vec2-base-960h --adapter exp/hf_adapter --bias encoder --entities names.txt talk.ogg
    """
    from ctcb.training.adapter import train_adapter

    train_adapter(base, train_config, data, dev, out, {"epochs": epochs, "precision": precision}, cache, accept_changes, device, tensorboard)


@command.command()
@click.argument("folder", type=click.Path())
@click.option("--out", cls=Once, type=click.Path(), help="The SVG file.  [default: curves.svg in FOLDER]")
@click.option("--tensorboard", is_flag=True, help="Write the whole log as TensorBoard's events as well, into FOLDER.")
def curves(folder: str, out: Optional[str], tensorboard: bool) -> None:
    """Draw the log of the training directory FOLDER.

    The curves are losses by head, WER of the dev sets, learning rate and speed. The run may still be going on.

    \b
    ctcb train curves exp/base
    """
    from pathlib import Path

    from ctcb.cli.common.curves import draw
    from ctcb.io import atomic_write

    drawn = draw(folder)
    if tensorboard:
        from ctcb.training.tensorboard import Events

        Events(folder).write_all()
    file_name = Path(folder) / "curves.svg" if out is None else Path(out)
    with atomic_write(file_name) as file:
        file.write(drawn)
    click.echo(file_name)
