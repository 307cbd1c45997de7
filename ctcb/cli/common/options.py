"""Options that several verbs share."""
from __future__ import annotations

from typing import Any, Callable, List, Mapping, Tuple

import click

from ctcb.bundled import BUNDLED_MODEL
from ctcb.entities.formats import FORMATS
from ctcb.errors import InputError

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Once(click.Option):
    """An option of which people may want several, and that takes one: given again, click would keep the last in silence."""

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """Have the parser gather all values."""
        parser.add_option(obj=self, opts=self.opts, dest=self.name, action="append", nargs=self.nargs)

    def consume_value(self, ctx: click.Context, opts: Mapping[str, List[Any]]) -> Tuple[Any, Any]:
        """The one value. Raises InputError where there are more."""
        given = opts.get(self.name, ())
        if len(given) > 1:
            raise InputError(f"{self.opts[0]} is given {len(given)} times ({', '.join(given)}), and takes one", hint="give it once")
        return super().consume_value(ctx, {**opts, self.name: given[0]} if given else opts)


def model_option(foreign: bool = False) -> Decorator:
    """``--model DIR``; the bundled model where none is named. ``foreign``: other people's models are taken as well."""
    others = ", or hf:NAME, torchaudio:BUNDLE, onnx:FILE, nemo:FILE, hama" if foreign else ""
    return click.option(
        "--model", type=click.Path(), default=str(BUNDLED_MODEL), show_default="the bundled model",
        help=f"Model directory{others}.",
    )


def entities_format_option() -> Decorator:
    """``--entities-format F``; our own where none is named."""
    return click.option(
        "--entities-format", cls=Once, type=click.Choice(list(FORMATS)), default="plain", show_default=True,
        help="Format of the list; it is never guessed.",
    )


def recognition_options(inputs_required: bool = True) -> Decorator:
    """Arguments and options of every verb that runs a model over audio."""
    return join(
        click.argument("inputs", nargs=-1, required=inputs_required, type=click.Path()),
        model_option(foreign=True),
        click.option("--batch-seconds", default=120.0, show_default=True, help="Seconds of audio a batch."),
        click.option("--jobs", default=2, show_default=True, help="Threads that read audio, and that search."),
    )


def join(*options: Decorator) -> Decorator:
    """Several options as one decorator, shown in their order."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate
