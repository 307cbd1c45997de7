#!/usr/bin/env python3
"""Fit the weights of `verify`, which separate spoken from false names (ctcb/phones/verification.py).

In: sets with their names, distractors, and the LM of each set. The preset decodes every set without verification: with its
names and distractors, in lists of several sizes, and with lists of these sizes of which no name is spoken. Every recognised
name that is not there without the list is an example, and the reference tells whether it was spoken. Out: the weights of a
logistic regression (an L2 penalty of 0.001 an example on the standardised weights), and how many names stay at several
thresholds. The sets are dev sets, so only one half of each is to be used; the other one is reported.

    local/open_en/fit_verification.py --half 1 --distractors DATA/distractors_parliament.txt \\
        --data DATA/real_dev --lm LM/general.arpa.gz --data DATA/tts_dev_parliament --lm LM/parliament.arpa.gz

For longer lists recipes/benchmarks/lists/make_names.py writes distractors. Each run with --dump keeps its examples; the last one takes
those of all by --dumped.
"""
from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

import click
import numpy as np
from logistic import logistic
from recording import Recording, recognised

from ctcb.biasing.presets import Preset, find_config, read_presets
from ctcb.biasing.registry import TECHNIQUES, choose
from ctcb.biasing.technique import EncoderTechnique
from ctcb.biasing.verification import Verification
from ctcb.bundled import BUNDLED_MODEL
from ctcb.data.halves import HALVES
from ctcb.decoding.builder import Config, EmissionFacts, build_pipeline
from ctcb.evaluation.cached_emissions import CachedEmissions, EmissionCache
from ctcb.evaluation.dataset import DataSet, read_set
from ctcb.phones.phonetics import Phonetics
from ctcb.phones.verification import LONG, LogOddsWeights, PhoneScore, probability
from ctcb.search.beam.word_lm import WordLm
from ctcb.search.find_lm import load_lm
from ctcb.text.lang import Lang
from ctcb.text.spelling import TokenizerSpelling


@dataclass(frozen=True)
class Example:
    """A recognised name."""

    score: PhoneScore
    names: int  # in the list,
    absent: bool  # and whether none of these is spoken
    spoken: bool


def fit(examples: Sequence[Example], absent_weight: int) -> LogOddsWeights:
    """The weights; an example of a list of which no name is spoken counts ``absent_weight`` times."""
    counted = [one for one in examples for _ in range(absent_weight if one.absent else 1)]
    base, (loss, phones, uncertainty, number), _ = logistic(np.array([columns(one) for one in counted]), np.array([one.spoken for one in counted]))
    return LogOddsWeights(base, -loss, phones, -uncertainty, -number)


def columns(example: Example) -> Tuple[float, float, float, float]:
    """What the log-odds are a weighted sum of, in the order of ``LogOddsWeights``."""
    found = example.score
    return found.loss_per_phone, min(found.phones, LONG), found.uncertainty, np.log(example.names)


def examples_of(
    data: DataSet, emissions: CachedEmissions, preset: Preset, lang: Lang, lm: Optional[WordLm]
) -> Iterator[Example]:
    """The names that are recognised in a set with its lists."""
    recording = Recording(Verification().phone_scores)
    chosen = choose("fit", lm=lm is not None, phones=True, presets={"fit": preset.techniques})
    decoder = tuple(technique.name for technique in chosen if not isinstance(technique, EncoderTechnique))
    config = Config(bias="none", with_=decoder, presets={"none": replace(preset, techniques=())})
    facts = EmissionFacts(TokenizerSpelling(lang.tokenizer), emissions.facts.frame_shift, Phonetics.of(lang))
    pipeline = build_pipeline(config, facts, lm, {**TECHNIQUES, recording.name: recording})
    for names in (data.entities, *data.absent):
        for score, spoken in recognised(pipeline, recording, names, emissions.emitted, data.refs, data.name):
            if np.isfinite(score.loss_per_phone):
                yield Example(score, len(names), names is not data.entities, spoken)


@click.command(help=__doc__.split("\n", 1)[0])
@click.option("--data", "folders", multiple=True, help="Folder with manifest.tsv and entities.txt; repeatable.")
@click.option("--lm", "lms", multiple=True, help="n-gram LM, one for each --data.  [default: none]")
@click.option("--distractors", "files", multiple=True, help="List of distractors for all sets; repeatable.")
@click.option("--sizes", default="100,300,1000,2000", show_default=True, help="Number of distractors in a list.")
@click.option("--absent-lists", default=5, show_default=True, help="Lists without a spoken name, beside each with the set's names.")
@click.option("--absent-weight", default=1, show_default=True, help="How often an example of such a list counts.")
@click.option("--half", type=click.Choice(HALVES), help="Only half of the utterances, by a hash of their ids.")
@click.option("--model", default=str(BUNDLED_MODEL), help="Model directory.  [default: the bundled one]")
@click.option("--config", help="Presets.  [default: the model's own]")
@click.option("--preset", default="decoder", show_default=True)
@click.option("--emissions", help="Keep emissions in this folder, and use those that are there.")
@click.option("--dump", help="Write the examples as JSON.")
@click.option("--dumped", "dumps", multiple=True, help="Examples that were dumped, beside those of --data; repeatable.")
@click.option("--seed", default=0, show_default=True)
def main(
    folders: Tuple[str, ...], lms: Tuple[str, ...], files: Tuple[str, ...], sizes: str, absent_lists: int, absent_weight: int,
    half: Optional[str], model: str, config: Optional[str], preset: str, emissions: Optional[str], dump: Optional[str], dumps: Tuple[str, ...],
    seed: int,
) -> None:
    chosen, cache, lang = read_presets(find_config(config, model))[preset], EmissionCache(model, emissions), Lang.load(model)
    tokens = TokenizerSpelling(lang.tokenizer).table
    examples: Dict[str, List[Example]] = {}
    for file in dumps:
        for name, rows in json.loads(Path(file).read_text()).items():
            examples.setdefault(name, []).extend(Example(**{**row, "score": PhoneScore(**row["score"])}) for row in rows)
    for place, folder in enumerate(folders):
        lm, own = load_lm(lms[place], tokens) if lms else None, len(read_set(folder, half=half).entities)
        for size in map(int, sizes.split(",")):
            for distractors in files:  # a set's names and distractors of one kind at a time
                # Lists of one size: else the number of names would tell the lists with spoken names from the others.
                data = read_set(folder, distractors=distractors, added=size, absent=own + size, half=half, seed=seed, absent_lists=absent_lists)
                examples.setdefault(data.name, []).extend(examples_of(data, cache.emit(data), chosen, lang, lm))
    if dump is not None:
        Path(dump).write_text(json.dumps({name: list(map(asdict, some)) for name, some in examples.items()}))
    weights = fit([one for some in examples.values() for one in some], absent_weight)
    click.echo(weights)
    for name, some in examples.items():
        click.echo(f"{name}: {len(some)} names came out, {sum(one.spoken for one in some)} of which were spoken")
    for threshold in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7):
        for name, some in examples.items():
            spoken, stays = np.array([one.spoken for one in some]), np.array([probability(one.score, one.names, weights) >= threshold for one in some])
            click.echo(f"{threshold}: {name}: of the spoken, {np.mean(stays[spoken]):.1%} stay; of the others, {np.mean(stays[~spoken]):.1%}")


if __name__ == "__main__":
    main()
