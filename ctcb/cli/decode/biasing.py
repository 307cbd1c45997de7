"""Biasing in ``ctcb decode``: its options, and the lists that they name."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Mapping, Optional, Sequence, Tuple, Union

import click

from ctcb.biasing.prepared_list import LIST, PRINT_AS
from ctcb.biasing.presets import Preset
from ctcb.biasing.registry import PRESETS, TECHNIQUES
from ctcb.biasing.technique import EncoderTechnique, Technique
from ctcb.cli.common.options import Decorator, Once, entities_format_option, join
from ctcb.decoding.builder import Config
from ctcb.decoding.kept_lists import KeptLists
from ctcb.decoding.list_preparation import Contexts
from ctcb.decoding.pipeline import Pipeline
from ctcb.entities import EntityList, LoadReport
from ctcb.entities.per_utt import EntitiesPerUtt
from ctcb.errors import InputError
from ctcb.progress import working

Lists = Union[EntityList, EntitiesPerUtt]

NAMED = 5  # utterances that are named where a table lacks them


@dataclass(frozen=True)
class BiasingOptions:
    """The options of :func:`biasing_options`, as they were given."""

    entities: Optional[str]
    entities_format: str
    entities_per_utt: Optional[str]
    bias: Optional[str]
    with_: Tuple[str, ...]
    without: Tuple[str, ...]
    adapter: Optional[str]
    max_active_entities: Optional[int]
    attention_plot: Optional[str]
    print_as: str

    @property
    def lists(self) -> bool:
        """Whether there are names."""
        return self.entities is not None or self.entities_per_utt is not None

    def config(self, presets: Mapping[str, Preset], lm: bool) -> Config:
        """What they say of a recognizer, with an LM or without. Raises InputError for options that exclude each other.

        Without a list, only techniques that need none are left, and these with an LM: so a list that holds nothing of
        what is said changes nothing.
        """
        if self.entities is not None and self.entities_per_utt is not None:
            raise InputError("--entities and --entities-per-utt exclude each other", hint="give one of them")
        if self.lists:
            return Config(
                bias=self.bias or "decoder", with_=self.with_, without=self.without, presets=presets, adapter=self.adapter,
                max_active_entities=self.max_active_entities, print_as=self.print_as,
            )
        bias = self.bias or ("decoder" if lm else "none")
        plain = tuple(name for name in presets[bias].techniques if not TECHNIQUES[name].needs_list)
        return Config(bias=bias, presets={**presets, bias: replace(presets[bias], techniques=plain)}, adapter=self.adapter)

    def require(self, techniques: Sequence[Technique]) -> None:
        """Raise InputError for options that no technique takes, and for techniques without a list."""
        if not any(isinstance(technique, EncoderTechnique) for technique in techniques):
            for name in ("adapter", "max_active_entities", "attention_plot"):
                if getattr(self, name) is not None:
                    raise InputError(f"--{name.replace('_', '-')} is for the adapter", hint="give a list and --bias encoder")
        if not self.lists and (self.with_ or (self.bias or "none") != "none"):
            raise InputError("there is no list", hint="give --entities or --entities-per-utt")


def biasing_options(of_stream: bool = False) -> Decorator:
    """Options that name a list and the techniques; ``of_stream``: without those that need whole utterances and their ids."""
    names = click.Choice(list(TECHNIQUES))
    summaries = "; ".join(f"{name}: {technique.summary}" for name, technique in TECHNIQUES.items())
    return join(
        click.option("--entities", cls=Once, type=click.Path(), help="List of names, one a line."),
        entities_format_option(),
        *[] if of_stream else [
            click.option("--entities-per-utt", cls=Once, type=click.Path(), help="utt_id TAB name|name|... a line, or an is21 biasing list.")
        ],
        click.option("--bias", cls=Once, type=click.Choice(list(PRESETS)), metavar="PRESET", help=f"{', '.join(PRESETS)}: both.  [default: decoder]"),
        click.option("--with", "with_", multiple=True, type=names, metavar="TECHNIQUE", help=f"Also this technique ({summaries}); repeatable."),
        click.option("--without", "without", multiple=True, type=names, metavar="TECHNIQUE", help="Not this technique; repeatable."),
        click.option("--adapter", type=click.Path(), metavar="DIR", help="An adapter for --model hf:NAME (`ctcb export` makes the folder)."),
        click.option(
            "--max-active-entities", type=click.IntRange(min=1),
            help="Of a longer list, the adapter aligns so many with an utterance, those that are likeliest there.  [default: 300]",
        ),
        click.option(
            "--print-as", cls=Once, type=click.Choice(PRINT_AS), metavar="FORM", default=LIST, show_default=True,
            help="Names in the transcript: list (its spelling, in the model's letters and case), model (as it wrote them), or exact (as listed).",
        ),
        *[] if of_stream else [click.option("--attention-plot", type=click.Path(), help="Folder for pictures of what the adapter attended to.")],
    )


def read_lists(options: BiasingOptions) -> Optional[Lists]:
    """The list, or the table of lists, that was named. Raises InputError for one that cannot be used."""
    with working("reading the list"):
        if options.entities is not None:
            return EntityList.read(options.entities, options.entities_format)
        return None if options.entities_per_utt is None else EntitiesPerUtt.read(options.entities_per_utt)


def prepare(
    lists: Optional[Lists], pipeline: Pipeline, options: BiasingOptions, utt_ids: Sequence[str]
) -> Contexts:
    """Each utterance's list, prepared; the load report, and which utterances have none, on stderr."""
    if lists is None:
        return Contexts.alike(None)
    if isinstance(lists, EntityList):
        with working("preparing the list"):
            return Contexts.alike(KeptLists(pipeline).prepared(lists, _tell))
    with working("spelling the lists"):
        spelled = pipeline.spell(lists.entities)
    _tell(spelled.report)
    missing = [utt_id for utt_id in utt_ids if utt_id not in lists.places]
    if missing and len(missing) == len(utt_ids):
        raise InputError(
            f"has no list for any of the {len(utt_ids)} utterances, such as {missing[0]!r}", file=options.entities_per_utt,
            hint=f"use their ids; the table has {next(iter(lists.places))!r}, for one",
        )
    if missing:
        names = ", ".join(missing[:NAMED]) + (", ..." if len(missing) > NAMED else "")
        click.echo(
            f"ctcb: warning: {options.entities_per_utt}: no list for {len(missing)} of {len(utt_ids)} utterances, "
            f"decoded without one: {names}", err=True,
        )  # fmt: skip
    with working("preparing the lists"):
        return pipeline.prepare_each(spelled, lists)


def _tell(report: LoadReport) -> None:
    """The load report on stderr, where there is something to say."""
    if report.eventful:
        click.echo(report.render(), err=True, nl=False)
