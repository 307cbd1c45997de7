#!/usr/bin/env python3
"""Measure what warns of names: how often by how much two pronouncers differ (ctcb/phones/guesses.py), and how far from its place a name is
(ctcb/decoding/name_places.py), against whether names are recognised.

In: sets with their names, and distractors. The preset decodes every set with its names and distractors. Out, for several thresholds: how
many names have a doubtful pronunciation, and how many of these are missed; and how many of the names that are spoken, recognised
or missed, are near somewhere in their utterance, and how many of as many names that are not spoken. The sets are dev sets, so only one half of
each is to be used.

    local/open_en/measure_warnings.py --half 1 --data DATA/real_dev --distractors DATA/distractors_parliament.txt \\
        --data DATA/tts_dev_medical --distractors DATA/distractors_medical.txt
"""
from __future__ import annotations

import json
import random
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

import click
import numpy as np

from ctcb.biasing.presets import find_config, read_presets
from ctcb.bundled import BUNDLED_MODEL
from ctcb.data.halves import HALVES
from ctcb.decoding.builder import Config, EmissionFacts, build_pipeline
from ctcb.decoding.name_places import find_place
from ctcb.entities import Entity
from ctcb.entities.pronunciations import words_to_pronounce
from ctcb.evaluation.cached_emissions import EmissionCache
from ctcb.evaluation.dataset import DataSet, read_set
from ctcb.phones.guesses import ESPEAK, NETWORK, doubtful_guesses
from ctcb.phones.phonetics import Phonetics
from ctcb.progress import progress
from ctcb.text.lang import Lang
from ctcb.text.lexicon import Lexicon
from ctcb.text.normalize import normalize
from ctcb.text.spelling import TokenizerSpelling

SHARES = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)
NATS = (1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0)
RECOGNISED, MISSED, UNSPOKEN = "recognised", "missed", "not spoken"


@dataclass(frozen=True)
class Occurrence:
    """A name and an utterance."""

    name: str
    outcome: str
    by_phones: float  # nats that it loses a phone, and
    by_letters: float  # a letter, where it fits best; infinite where it does not fit
    near: bool  # whether it may have been spoken there


def occurrences(data: DataSet, cache: EmissionCache, config: Config, lang: Lang, seed: int) -> Iterator[Occurrence]:
    """The names that are spoken in a set, and as many in each utterance that are not."""
    emissions, draw = cache.emit(data), random.Random(seed)
    facts = EmissionFacts(TokenizerSpelling(lang.tokenizer), emissions.facts.frame_shift, Phonetics.of(lang))
    pipeline = build_pipeline(config, facts, None)
    context = pipeline.prepare(pipeline.spell(data.entities))
    for one in progress(emissions.emitted, data.name, total=len(emissions.emitted)):
        text = f" {normalize(data.refs[one.utt_id])} "
        spoken = [place for place, entity in enumerate(context.entities) if any(f" {form} " in text for form in entity.spoken_forms)]
        found = {entity.entity for entity in pipeline.decode(one.utt_id, one.emissions, context).entities}
        others = draw.sample([place for place in range(len(context.entities)) if place not in spoken], len(spoken))
        searched = pipeline.searched(one.emissions)
        for place in (*spoken, *others):
            entity = context.entities[place]
            outcome = UNSPOKEN if place in others else RECOGNISED if entity.text in found else MISSED
            best = find_place(searched, entity, context.phrases[place], pipeline.setting)
            phones = np.inf if best is None or best.phones is None else best.phones.lost
            yield Occurrence(entity.text, outcome, phones, np.inf if best is None else best.per_letter, best is not None and best.is_near)


def disagreement(entities: Sequence[Entity], lexicon: Lexicon, by: str) -> Dict[str, float]:
    """Name -> by how much two pronouncers differ on its words, at most; 0 where none is a guess."""
    words = {entity.text: words_to_pronounce(entity, lexicon) for entity in entities}
    apart = {word: guess.apart for word, guess in doubtful_guesses(set().union(*words.values()), lexicon, 0.0, by).items()}
    return {name: max((apart.get(word, 0.0) for word in own), default=0.0) for name, own in words.items()}


def _by_outcome(found: Sequence[Occurrence], flags: Sequence[bool]) -> str:
    return ", ".join(f"{what} {share([flag for flag, one in zip(flags, found) if one.outcome == what])}" for what in (RECOGNISED, MISSED, UNSPOKEN))


def share(flags: Sequence[bool]) -> str:
    return f"{np.mean(flags):.0%} of {len(flags)}" if len(flags) else "none"


def _thresholds(found: List[Occurrence], apart: Dict[str, float], distractors: Sequence[float]) -> Iterator[str]:
    spoken = [one for one in found if one.outcome != UNSPOKEN]
    for least in SHARES:
        doubtful = [apart[one.name] >= least for one in spoken]
        missed = [[one.outcome == MISSED for one, doubt in zip(spoken, doubtful) if doubt is which] for which in (True, False)]
        yield (
            f"{least:.2f}: doubtful: {share(doubtful)} spoken names, {share([one >= least for one in distractors])} distractors; "
            f"missed: of the doubtful {share(missed[0])}, of the others {share(missed[1])}"
        )


@click.command(help=__doc__.split("\n\n", 1)[0])
@click.option("--data", "folders", multiple=True, required=True, help="Folder with manifest.tsv and entities.txt; repeatable.")
@click.option("--distractors", "files", multiple=True, required=True, help="List of distractors, one for each --data.")
@click.option("--added", default=1000, show_default=True, help="Number of distractors in a list.")
@click.option("--half", type=click.Choice(HALVES), help="Only half of the utterances, by a hash of their ids.")
@click.option("--model", default=str(BUNDLED_MODEL), help="Model directory.  [default: the bundled one]")
@click.option("--preset", default="decoder", show_default=True)
@click.option("--emissions", help="Keep emissions in this folder, and use those that are there.")
@click.option("--dump", help="Write the occurrences as JSON.")
@click.option("--seed", default=0, show_default=True)
def main(
    folders: Tuple[str, ...], files: Tuple[str, ...], added: int, half: Optional[str], model: str, preset: str, emissions: Optional[str],
    dump: Optional[str], seed: int,
) -> None:
    cache, lang = EmissionCache(model, emissions), Lang.load(model)
    config = Config(bias=preset, presets=read_presets(find_config(None, model)))
    sets = [read_set(folder, distractors=file, added=added, half=half, seed=seed) for folder, file in zip(folders, files)]
    found = {data.name: list(occurrences(data, cache, config, lang, seed)) for data in sets}
    if dump is not None:
        Path(dump).write_text(json.dumps({name: list(map(asdict, some)) for name, some in found.items()}))
    every = [one for some in found.values() for one in some]
    for by in (ESPEAK, NETWORK):
        apart = [disagreement(data.entities.entities, lang.lexicon, by) for data in sets]
        together = {name: value for one in apart for name, value in one.items()}
        own = [{entity.text for entity in data.entities.entities[: len(data.entities) - added]} for data in sets]
        others = [value for names, one in zip(own, apart) for name, value in one.items() if name not in names]
        for line in _thresholds(every, together, others):
            click.echo(f"{by} {line}")
    for most in NATS:
        click.echo(f"within {most} nats a phone: {_by_outcome(every, [one.by_phones <= most for one in every])}")
    for most in NATS:
        click.echo(f"within {most} nats a letter: {_by_outcome(every, [one.by_letters <= most for one in every])}")
    click.echo(f"near: {_by_outcome(every, [one.near for one in every])}")


if __name__ == "__main__":
    main()
