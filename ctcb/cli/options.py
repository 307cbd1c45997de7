"""Options that several verbs share."""
from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import click

from ctcb.entities.formats import FORMATS

BUNDLED_MODEL = Path(__file__).parent.parent / "assets" / "model"

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def model_option() -> Decorator:
    """``--model DIR``; the bundled model where none is named."""
    return click.option(
        "--model", type=click.Path(), default=str(BUNDLED_MODEL), show_default="the bundled model", help="Model directory."
    )


def entities_format_option() -> Decorator:
    """``--entities-format F``; our own where none is named."""
    return click.option(
        "--entities-format", type=click.Choice(list(FORMATS)), default="plain", show_default=True,
        help="Format of the list; it is never guessed.",
    )


def recognition_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Options of every verb that runs a model over audio."""
    for option in (
        click.option("--jobs", default=2, show_default=True, help="Threads that read audio ahead of the network."),
        click.option("--batch-seconds", default=120.0, show_default=True, help="Seconds of audio a batch."),
        model_option(),
        click.argument("inputs", nargs=-1, required=True, type=click.Path()),
    ):
        function = option(function)
    return function
