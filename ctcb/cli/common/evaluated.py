"""What the verbs that evaluate on data sets share: any model, or emissions of one, and what is decoded with."""
from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import click

from ctcb.biasing.presets import Preset, find_config
from ctcb.cli.common.emissions import EmissionOptions, facts_of_emissions, shape_options, tokens_of
from ctcb.cli.common.options import Decorator, Once, device_option, is_given, join, model_option, precision_option, token_options
from ctcb.cli.common.sets import one_each
from ctcb.cli.common.settings import presets_of, set_option
from ctcb.decoding.builder import EmissionFacts
from ctcb.errors import InputError
from ctcb.evaluation.ablation import Decoding
from ctcb.evaluation.cached_emissions import CachedEmissions, EmissionCache, EmissionFiles, EmissionSource
from ctcb.evaluation.dataset import MANIFEST, DataSet
from ctcb.evaluation.systems import System, systems
from ctcb.graph.store import load_graph
from ctcb.model_names import is_foreign
from ctcb.search.beam.word_lm import WordLm
from ctcb.search.find_lm import find_lm, load_lm
from ctcb.search.graph import GraphSetting

NPZ = ".npz"


def evaluated_options() -> Decorator:
    """The options of :class:`Evaluated`."""
    return join(
        model_option(),
        click.option("--adapter", type=click.Path(), metavar="DIR", help="An adapter for --model hf:NAME (`ctcb export` makes the folder)."),
        click.option(
            "--emissions", type=click.Path(), multiple=True, metavar="FILE",
            help="A .npz with an array [frames, tokens] an utterance, instead of audio; for all sets or, if repeated, one for each --data.",
        ),
        token_options(),
        shape_options(),
        click.option(
            "--phone-emissions", type=click.Path(), multiple=True, metavar="FILE",
            help="A .npz with a phone head's emissions, as many as there are of --emissions.",
        ),
        click.option("--cache", type=click.Path(), metavar="DIR", help="Keep the model's emissions in this folder, and use those that are there."),
        device_option(),
        precision_option(),
        click.option("--jobs", type=click.IntRange(min=1), default=2, show_default=True, help="Threads."),
        click.option("--lm", cls=Once, type=click.Path(), metavar="FILE|none", help="ARPA file.  [default: the model's own, if any]"),
        click.option("--graph", cls=Once, type=click.Path(), metavar="DIR", help="Search this graph (`ctcb graph` makes one), by k2, instead of the beam search."),
        click.option("--config", type=click.Path(), help="Presets (decode.yaml).  [default: the model's own, if any]"),
        set_option(),
    )


@dataclass
class Evaluated:
    """A model, or emissions of one, and what is decoded with."""

    source: EmissionSource
    facts: EmissionFacts
    presets: Mapping[str, Preset]
    lm_file: Optional[Path]
    lm: Optional[WordLm]
    graph: Optional[GraphSetting]
    jobs: int

    def systems(self, phones: bool) -> Tuple[List[System], Dict[str, str]]:
        """What there is to be measured, and what is left out and why; ``phones``: whether a phone head's emissions are there."""
        return systems(self.presets, self.lm is not None, phones, self.source.adapter, self.graph is not None)

    def decoding(self, data: DataSet, emissions: CachedEmissions) -> Decoding:
        """Decodes a set's emissions."""
        facts = self.facts if emissions.facts.phones else replace(self.facts, phonetics=None)
        return Decoding(facts, emissions, self.lm, self.jobs, partial(self.source.biased, data), self.graph)


def evaluated(
    folders: Sequence[str], model: str, adapter: Optional[str], emissions: Sequence[str], phone_emissions: Sequence[str],
    cache: Optional[str], device: str, precision: str, jobs: int, lm: Optional[str], graph: Optional[str], config: Optional[str],
    assignments: Sequence[str], **of_emissions: Any,
) -> Evaluated:
    """What the options of :func:`evaluated_options` name, for the sets in some folders. Raises InputError and RunError."""
    kept = [name for name in emissions if Path(name).suffix != NPZ]
    if kept:  # the option's former meaning
        if cache is not None or len(emissions) > 1:
            raise InputError("emissions are an .npz", file=kept[0], hint="name the folder for a model's emissions with --cache")
        click.echo(f"ctcb: warning: --emissions {kept[0]} is now --cache {kept[0]}; the old name goes with the next release", err=True)
        cache, emissions = kept[0], ()
    setting = None if graph is None else GraphSetting(load_graph(graph))
    if setting is not None and lm is not None:
        raise InputError("--lm is for the beam search", hint="leave it out, or --graph")
    phones = None if setting is None else setting.graph.phones
    options = EmissionOptions(emissions[0] if emissions else None, phone_emissions=phone_emissions[0] if phone_emissions else None, **of_emissions)
    named = model if not emissions or is_given("model") and (options.tokens is None or is_foreign(model)) else None
    if emissions:
        for flag, is_there in (("--adapter", adapter is not None), ("--cache", cache is not None), ("--device", is_given("device")),
                               ("--precision", is_given("precision"))):
            if is_there:
                raise InputError(f"{flag} is for audio, and --emissions is given", hint="leave it out")
        if phone_emissions and len(phone_emissions) != len(emissions):
            raise InputError(f"{len(phone_emissions)} --phone-emissions for {len(emissions)} --emissions", hint="give one for each")
        facts = facts_of_emissions(options, model if is_given("model") else None, phones)
        facts = replace(facts, frame_shift=facts.frame_shift or 1.0)
        pairs = zip(one_each(folders, emissions, "files of emissions"), one_each(folders, phone_emissions, "files of phone emissions"))
        files = {Path(folder) / MANIFEST: (str(file), heads) for folder, (file, heads) in zip(folders, pairs)}
        source: EmissionSource = EmissionFiles(files, facts)
    else:
        source = EmissionCache(model, cache, jobs, device=device, tokens=tokens_of(options, model), adapter=adapter, phones=phones, precision=precision)
        facts = source.facts
    presets = presets_of(find_config(config, named), assignments)
    lm_file = None if setting is not None else find_lm(lm, named)
    return Evaluated(source, facts, presets, lm_file, load_lm(lm_file, facts.spelling.table), setting, jobs)
