#!/usr/bin/env python3
"""Fit the weights of `verify`, which separate spoken from false names (ctcb/phones/verification.py).

In: folders with speech (manifest.tsv) and, for each, a file of names of which some are spoken there: rare words of
other speech than the reported sets. Lists of several sizes are drawn from them, one of them without spoken names. The
preset decodes the speech with each list. Every recognised name is an example, and the reference tells whether it was
spoken. Out: the weights of a logistic regression (an L2 penalty of 0.001 an example on the
standardised weights), and how well they separate the examples.

    local/open_en/fit_verification.py --data DATA/tts_train --names DATA/tts_train/entities.txt \\
        --data DATA/real_train --names rare_words.txt
"""
from __future__ import annotations

import json
import random
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Iterator, List, Optional, Sequence, Tuple

import click
import numpy as np
from logistic import logistic

from ctcb.biasing.prepared_list import Context, SpelledList
from ctcb.biasing.presets import Preset, find_config, read_presets
from ctcb.biasing.registry import TECHNIQUES
from ctcb.biasing.technique import EncoderTechnique, SearchedEmissions
from ctcb.biasing.verification import Verification
from ctcb.bundled import BUNDLED_MODEL
from ctcb.data.halves import HALVES
from ctcb.decoding.builder import Config, EmissionFacts, build_pipeline
from ctcb.entities import Entity, EntityList
from ctcb.evaluation.cached_emissions import CachedEmissions, EmissionCache
from ctcb.evaluation.dataset import DataSet, read_set
from ctcb.phones.phonetics import Phonetics
from ctcb.phones.verification import LogOddsWeights, PhoneScore
from ctcb.progress import progress
from ctcb.text.lang import Lang
from ctcb.text.normalize import normalize
from ctcb.text.spelling import TokenizerSpelling
from ctcb.transcript.hypothesis import Reading

SAID = 50  # spoken names of each list


@dataclass(frozen=True)
class Example:
    """A recognised name."""

    score: PhoneScore
    names: int  # in the list
    said: bool


class Recording(Verification):
    """Records the phone score of each name, and withdraws none."""

    def __init__(self) -> None:
        self.noted: List[Tuple[Entity, PhoneScore]] = []

    def rescore(self, nbest: List[Reading], emissions: SearchedEmissions, context: Context) -> List[Reading]:
        if nbest[0].entities:
            names = [context.entities[found.place] for found in nbest[0].entities]
            self.noted += zip(names, self.phone_scores(nbest[0], emissions, context))
        return nbest


def lists(names: EntityList, texts: Sequence[str], sizes: Sequence[int], rng: random.Random) -> Iterator[EntityList]:
    """Lists of these sizes with some spoken names, and one of the largest size without any."""
    whole = "|".join(f" {text} " for text in texts)
    order = list(names)
    rng.shuffle(order)
    said = [name for name in order if any(f" {form} " in whole for form in name.spoken_forms)]
    unsaid = [name for name in order if name not in set(said)]
    for place, size in enumerate(sizes):
        some = said[place * SAID : (place + 1) * SAID]
        yield EntityList.of([*some, *rng.sample(unsaid, min(len(unsaid), size - len(some)))])
    yield EntityList.of(rng.sample(unsaid, min(len(unsaid), max(sizes))))


def fit(examples: Sequence[Example]) -> Tuple[LogOddsWeights, np.ndarray]:
    """The weights, and each example's log-odds under them."""
    base, (loss, phones, uncertainty, number), at = logistic(
        np.array([columns(one) for one in examples]), np.array([one.said for one in examples])
    )
    return LogOddsWeights(base, -loss, phones, -uncertainty, -number), at


def columns(example: Example) -> Tuple[float, float, float, float]:
    """What the log-odds are a weighted sum of, in the order of ``LogOddsWeights``."""
    found = example.score
    return found.loss_per_phone, found.phones, found.uncertainty, np.log(example.names)


def examples_of(
    data: DataSet, emissions: CachedEmissions, names: EntityList, sizes: Sequence[int], preset: Preset, lang: Lang, seed: int
) -> Iterator[Example]:
    """The names that are recognised in a set with several lists."""
    recording, spelling, refs = Recording(), TokenizerSpelling(lang.tokenizer), data.refs
    # Without an LM and without the encoder's technique.
    config = Config(bias="none", with_=(recording.name,), presets={"none": replace(preset, techniques=_without_encoder(preset))})
    facts = EmissionFacts(spelling, emissions.facts.frame_shift, Phonetics.of(lang))
    pipeline = build_pipeline(config, facts, table={**TECHNIQUES, recording.name: recording})
    for one in lists(names, list(map(normalize, refs.values())), sizes, random.Random(seed)):
        context = pipeline.prepare(SpelledList.of(one, spelling))
        for emitted in progress(emissions.emitted, f"{data.name}, {len(one)} names", total=len(emissions.emitted)):
            recording.noted.clear()
            pipeline.decode(emitted.utt_id, emitted.emissions, context)
            text = f" {normalize(refs[emitted.utt_id])} "
            for entity, score in recording.noted:
                if np.isfinite(score.loss_per_phone):
                    yield Example(score, len(one), any(f" {form} " in text for form in entity.spoken_forms))


def _without_encoder(preset: Preset) -> Tuple[str, ...]:
    return tuple(name for name in preset.techniques if not isinstance(TECHNIQUES[name], EncoderTechnique))


@click.command(help=__doc__.split("\n", 1)[0])
@click.option("--data", "folders", multiple=True, required=True, help="Folder with manifest.tsv; repeatable.")
@click.option("--names", "files", multiple=True, required=True, help="Names, some of which are spoken there; one file for each --data.")
@click.option("--sizes", default="100,300,1000,2000", show_default=True, help="Of the lists.")
@click.option("--half", type=click.Choice(HALVES), help="Only half of the utterances, by a hash of their ids.")
@click.option("--every", type=click.IntRange(min=1), default=1, show_default=True, help="Of the utterances, one in so many.")
@click.option("--model", default=str(BUNDLED_MODEL), help="Model directory.  [default: the bundled one]")
@click.option("--config", help="Presets.  [default: the model's own]")
@click.option("--preset", default="decoder", show_default=True)
@click.option("--emissions", help="Keep emissions in this folder, and use those that are there.")
@click.option("--dump", help="Write the examples as JSON.")
@click.option("--seed", default=0, show_default=True)
def main(
    folders: Tuple[str, ...], files: Tuple[str, ...], sizes: str, half: Optional[str], every: int, model: str, config: Optional[str],
    preset: str, emissions: Optional[str], dump: Optional[str], seed: int,
) -> None:
    chosen, cache, lang = read_presets(find_config(config, model))[preset], EmissionCache(model, emissions), Lang.load(model)
    examples: List[Example] = []
    for folder, file in zip(folders, files):
        data = read_set(folder, file, half=half)
        computed = cache.emit(data)
        computed = replace(computed, emitted=computed.emitted[::every])
        found = list(examples_of(data, computed, data.entities, list(map(int, sizes.split(","))), chosen, lang, seed))
        examples += found
        click.echo(f"{data.name}: {len(found)} names came out, {sum(one.said for one in found)} of which were said")
    if dump is not None:
        Path(dump).write_text(json.dumps([asdict(one) for one in examples]))
    weights, at = fit(examples)
    said = np.array([one.said for one in examples])
    click.echo(f"{weights}\nof those said, {np.mean(at[said] > 0):.1%} stay; of the others, {np.mean(at[~said] > 0):.1%}")


if __name__ == "__main__":
    main()
