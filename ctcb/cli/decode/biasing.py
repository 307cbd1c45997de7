"""What ``ctcb decode`` leans toward: its options, and the lists that they name."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Mapping, Optional, Sequence, Tuple, Union

import click

from ctcb.biasing.presets import Preset
from ctcb.biasing.registry import PRESETS, TECHNIQUES, Technique, choose, in_encoder
from ctcb.cli.common.options import Decorator, Once, entities_format_option, join
from ctcb.decoding.pipeline import BiasingOf, Pipeline
from ctcb.entities import EntityList
from ctcb.entities.per_utt import EntitiesPerUtt
from ctcb.errors import InputError

if TYPE_CHECKING:
    from ctcb.acoustic.directory import LoadedModel
    from ctcb.adapter.encoder_bias import EncoderBias, Watch
    from ctcb.cli.common.recognition import EncoderOf

Lists = Union[EntityList, EntitiesPerUtt]

NAMED = 5  # utterances that are named where a table lacks them


@dataclass(frozen=True)
class BiasingOptions:
    """The options of :func:`biasing_options`, as they were given."""

    entities: Optional[str]
    entities_format: str
    entities_per_utt: Optional[str]
    bias: Optional[str]
    plus: Tuple[str, ...]
    minus: Tuple[str, ...]
    adapter: Optional[str]
    max_active_entities: Optional[int]
    attention_plot: Optional[str]

    @property
    def lists(self) -> bool:
        """Whether there is something to lean toward."""
        return self.entities is not None or self.entities_per_utt is not None

    @property
    def preset(self) -> str:
        """The name of the preset."""
        return self.bias or ("decoder" if self.lists else "none")

    def techniques(self, presets: Mapping[str, Preset], lm: bool, phones: bool = False) -> Tuple[Technique, ...]:
        """How to lean toward it; ``lm``, ``phones``: whether there are some. Raises InputError for options that
        contradict one another."""
        if self.entities is not None and self.entities_per_utt is not None:
            raise InputError("--entities and --entities-per-utt exclude each other", hint="give one of them")
        chosen = choose(
            self.bias or "decoder", self.plus, self.minus, lm, phones,
            {name: preset.techniques for name, preset in presets.items()},
        )
        if not (self.lists and in_encoder(chosen)):
            for name in ("adapter", "max_active_entities", "attention_plot"):
                if getattr(self, name) is not None:
                    raise InputError(f"--{name.replace('_', '-')} is for the adapter", hint="give a list and --bias encoder")
        if self.lists:
            return chosen
        if self.plus or (self.bias or "none") != "none":
            raise InputError("there is no list to lean toward", hint="give --entities or --entities-per-utt")
        return ()


def biasing_options() -> Decorator:
    """Options that name a list and how to lean toward it."""
    names = click.Choice(list(TECHNIQUES))
    summaries = "; ".join(f"{name}: {technique.summary}" for name, technique in TECHNIQUES.items())
    return join(
        click.option("--entities", cls=Once, type=click.Path(), help="List of names to lean toward, one a line."),
        entities_format_option(),
        click.option("--entities-per-utt", cls=Once, type=click.Path(), help="utt_id TAB name|name|... a line, or an is21 biasing list."),
        click.option("--bias", cls=Once, type=click.Choice(list(PRESETS)), help="How to lean.  [default: decoder]"),
        click.option("--with", "plus", multiple=True, type=names, help=f"Also this technique ({summaries}); repeatable."),
        click.option("--without", "minus", multiple=True, type=names, help="Not this technique; repeatable."),
        click.option("--adapter", type=click.Path(), metavar="DIR", help="An adapter for --model hf:NAME (`ctcb export` makes the folder)."),
        click.option(
            "--max-active-entities", type=click.IntRange(min=1),
            help="Of a longer list, the adapter hears so many names an utterance, those that are likeliest there.  [default: 300]",
        ),
        click.option("--attention-plot", type=click.Path(), help="Folder for pictures of what the adapter attended to."),
    )


def read_lists(options: BiasingOptions) -> Optional[Lists]:
    """The list, or the table of lists, that was named. Raises InputError for one that cannot be used."""
    if options.entities is not None:
        return EntityList.read(options.entities, options.entities_format)
    return None if options.entities_per_utt is None else EntitiesPerUtt.read(options.entities_per_utt)


def encoder_of(lists: Lists, options: BiasingOptions, watch: Optional[Watch]) -> EncoderOf:
    """Makes of a model what leans its encoder toward the lists; ``watch`` is told where frames attended."""

    def make(model: LoadedModel) -> EncoderBias:
        from ctcb.adapter.cache import CatalogueCache  # here: import torch
        from ctcb.adapter.encoded_list import encode_list
        from ctcb.adapter.encoder_bias import MAX_ACTIVE, EncoderBias

        entities = lists if isinstance(lists, EntityList) else lists.entities
        places = None if isinstance(lists, EntityList) else lists.places
        encoded = encode_list(model, entities.entities, CatalogueCache())
        return EncoderBias(model, encoded, places, options.max_active_entities or MAX_ACTIVE, watch)

    return make


def prepare(
    lists: Optional[Lists], pipeline: Pipeline, options: BiasingOptions, utt_ids: Sequence[str]
) -> BiasingOf:
    """Each utterance's list, ready for decoding; the load report, and who has none, on stderr."""
    if lists is None:
        return lambda utt_id: None
    spelled = pipeline.spell(lists if isinstance(lists, EntityList) else lists.entities)
    if spelled.report.eventful:
        click.echo(spelled.report.render(), err=True, nl=False)
    if isinstance(lists, EntityList):
        spelled.require()
        biasing = pipeline.prepare(spelled)
        return lambda utt_id: biasing
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
    return pipeline.prepare_each(spelled, lists)
