"""Options that several verbs share."""
from __future__ import annotations

from typing import Any, Callable, List, Mapping, Optional, Tuple, Union

import click
from click.core import ParameterSource

from ctcb.bundled import BUNDLED_MODEL
from ctcb.entities import FORMATS, EntityList
from ctcb.errors import InputError

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Once(click.Option):
    """An option that may be given once only; for a repeated option, click would silently keep the last value."""

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """Let the parser collect all values."""
        parser.add_option(obj=self, opts=self.opts, dest=self.name, action="append", nargs=self.nargs)

    def consume_value(self, ctx: click.Context, opts: Mapping[str, List[Any]]) -> Tuple[Any, Any]:
        """The value. Raises InputError where the option is given more than once."""
        values = opts.get(self.name, ())
        if len(values) > 1:
            raise InputError(f"{self.opts[0]} is given {len(values)} times ({', '.join(values)}), and takes one value", hint="give it once")
        return super().consume_value(ctx, {**opts, self.name: values[0]} if values else opts)


def model_option() -> Decorator:
    """``--model``, by default the bundled model."""
    return click.option(
        "--model", type=click.Path(), default=str(BUNDLED_MODEL), show_default="the bundled model",
        help="Model directory, hf:NAME, torchaudio:BUNDLE, onnx:FILE, nemo:FILE or hama.",
    )


def is_given(name: str) -> bool:
    """Whether the running command's option of that name was given, by its user or a file of options."""
    return click.get_current_context().get_parameter_source(name) != ParameterSource.DEFAULT


def token_options() -> Decorator:
    """Options that name a model's tokens, and the features of one that does not tell its own."""
    return join(
        click.option("--tokens", type=click.Path(), help="Tokens, one a line (or `token id`). Without: those of --model; with --model onnx:FILE those beside it."),
        click.option("--tokens-model", type=click.Path(), help="The sentencepiece model of --tokens, to spell names as it does."),
        click.option("--blank", metavar="ID|SYMBOL", help="The blank among --tokens.  [default: 0, if called like one]"),
        click.option("--separator", metavar="SYMBOL", help="What stands between words in --tokens.  [default: the | or space there]"),
        click.option("--language", cls=Once, metavar="CODE", help="Of --tokens (de, tr, ...): how letters change case and numbers are read.  [default: as the tokens suggest]"),
        click.option("--features", cls=Once, type=click.Path(), help="YAML file on the features that --model onnx:FILE takes (docs/formats.md).  [default: as its metadata say]"),
    )


def blank_of(text: Optional[str]) -> Union[int, str, None]:
    """The value of ``--blank``: an id, where it is one, or a symbol."""
    return int(text) if text and text.isdecimal() else text


def entities_format_option() -> Decorator:
    """``--entities-format F``, by default the plain format."""
    return click.option(
        "--entities-format", cls=Once, type=click.Choice(list(FORMATS)), default="plain", show_default=True,
        help="Format of the list (see docs/formats.md); it is never guessed.",
    )


def read_list(path: str, entities_format: str) -> EntityList:
    """A list, with its load report on stderr where there is anything to report. Raises InputError."""
    entities = EntityList.read(path, entities_format)
    if entities.report.eventful:
        click.echo(entities.report.render(), err=True, nl=False)
    return entities


def recognition_options(inputs_required: bool = True) -> Decorator:
    """The arguments and options of the verbs that run a model over audio."""
    return join(
        click.argument("inputs", nargs=-1, required=inputs_required, type=click.Path(allow_dash=True)),
        model_option(),
        click.option(
            "--channel", cls=Once, metavar="N|each|mix", default="mix", show_default=True,
            help="Of files with several channels: one, counted from 0; each as an utterance of its own; or their mix.",
        ),
        click.option("--batch-seconds", default=120.0, show_default=True, help="Seconds of audio in a batch."),
        device_option(),
        precision_option(),
        click.option("--jobs", default=2, show_default=True, help="Number of threads that read audio, and of threads that search."),
    )


def failed_option() -> Decorator:
    """``--failed FILE``, of the verbs that go on after an utterance that fails."""
    return click.option(
        "--failed", cls=Once, type=click.Path(), metavar="FILE",
        help="For a part of a larger run: write a table of the utterances that failed, instead of exit code 1 or 2 because of them.",
    )


def device_option() -> Decorator:
    """Where networks run."""
    return click.option(
        "--device", cls=Once, metavar="DEVICE", default="cpu", show_default=True,
        help="cpu, cuda, cuda:N, auto (a GPU if any).",
    )


def precision_option(default: str = "fp32") -> Decorator:
    """The precision in which a trained network computes: one of ``ctcb.models.bf16``, which imports torch."""
    return click.option(
        "--precision", cls=Once, type=click.Choice(["fp32", "bf16", "auto"]), default=default, show_default=True,
        help="Of the encoder's matrix products. bf16 is faster on devices that have it; auto: bf16 there, else fp32.",
    )


def join(*options: Decorator) -> Decorator:
    """Several options as one decorator; the help shows them in this order."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate
