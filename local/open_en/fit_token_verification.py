#!/usr/bin/env python3
"""Fit the weights of `verify` for models without a phone head (ctcb/biasing/token_evidence.py).

In: sets with their names, distractors, and for each set the emissions of one or more models, whose phone heads are left out if
they have any. The built-in preset decodes every set without verification: with its names and distractors, and with lists of
the same sizes of which no name is spoken; with each set's LM and without one. Every recognised name that is not there without
the list is an example, and the reference tells whether it was spoken. Out: the weights of a logistic regression, and how many
names stay at several thresholds; also with the weights of the other models, to see whether they serve a model that they have
not seen. The sets are dev sets, so only one half of each is to be used; the other one is reported.

    local/open_en/fit_token_verification.py --half 1 --distractors DATA/distractors_parliament.txt \\
        --data DATA/real_dev --lm LM/general.arpa.gz --data DATA/tts_dev_parliament --lm LM/parliament.arpa.gz \\
        --model EXP/bundled --model EXP/old

A model's folder has `SET.npz` of each set, and `tokens.txt` (`ctcb emit --out FOLDER/SET.npz` writes both, the latter as
`SET.npz.tokens.txt`).
"""
from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

import click
import numpy as np
from logistic import logistic
from recording import Recording, recognised

from ctcb.biasing.registry import TECHNIQUES
from ctcb.biasing.token_evidence import FITTED, TokenScore, TokenWeights, log_odds
from ctcb.biasing.token_verification import token_scores
from ctcb.ctc.npz import read_npz
from ctcb.data.halves import HALVES
from ctcb.decoding.builder import Config, EmissionFacts, build_pipeline
from ctcb.evaluation.dataset import DataSet, read_set
from ctcb.search.beam.word_lm import WordLm
from ctcb.search.find_lm import load_lm
from ctcb.text.spelling import PieceSpelling
from ctcb.text.tokens import TokenTable


@dataclass(frozen=True)
class Example:
    """A recognised name that is not there without the list."""

    score: TokenScore
    names: int  # in the list,
    absent: bool  # and whether none of these is spoken
    spoken: bool


@dataclass
class Group:
    """The names that a model recognises in a set, with an LM or without one."""

    model: str
    words: int = 0  # of the references, heard with lists of which no name is spoken
    examples: List[Example] = field(default_factory=list)


def columns(example: Example) -> Tuple[float, ...]:
    """What the log-odds are a weighted sum of, in the order of ``TokenWeights``."""
    found = example.score
    return found.z, found.relative_loss, 1 / found.letters, found.uncertainty, float(np.log(example.names))


def fit(groups: Sequence[Group]) -> TokenWeights:
    """The weights that separate spoken names from others."""
    examples = [one for group in groups for one in group.examples]
    base, weights, _ = logistic(np.array(list(map(columns, examples))), np.array([one.spoken for one in examples]))
    z, relative_loss, short, uncertainty, names = weights.tolist()
    return TokenWeights(base, z, -relative_loss, -short, -uncertainty, -names)


def collect(data: DataSet, model: Path, lm: Optional[WordLm], group: Group) -> None:
    """Add the names that are recognised in a set."""
    recording, refs = Recording(token_scores), data.refs
    emitted = [one for one in read_npz(model / f"{data.name}.npz")[1] if one.utt_id in refs]
    facts = EmissionFacts(PieceSpelling(TokenTable.read(model / "tokens.txt")), 1.0)
    # The preset has no verification without a phone head.
    pipeline = build_pipeline(Config(with_=(recording.name,)), facts, lm, {**TECHNIQUES, recording.name: recording})
    for names in (data.entities, *data.absent):
        absent = names is not data.entities
        group.words += absent * sum(len(text.split()) for text in refs.values())
        for score, spoken in recognised(pipeline, recording, names, emitted, refs, f"{model.name}, {data.name}"):
            group.examples.append(Example(score, len(names), absent, spoken))


def report(title: str, weights: TokenWeights, group: Group) -> None:
    """How many names stay."""
    odds = np.array([log_odds(one.score, one.names, weights) for one in group.examples])
    spoken, absent = (np.array([getattr(one, name) for one in group.examples]) for name in ("spoken", "absent"))
    for threshold in (0.0, 0.3, 0.5, 0.7):
        stays = odds > (np.log(threshold / (1 - threshold)) if threshold else -np.inf)
        false = 1000 * int((stays & absent & ~spoken).sum()) / max(1, group.words)
        others = ~absent & ~spoken
        click.echo(
            f"{threshold}: {title}: of {spoken.sum()} spoken names {(stays & spoken).sum()} stay; with the set's own names also "
            f"{(stays & others).sum()} of {others.sum()} others; {false:.2f} false alarms / 1000 words"
        )


@click.command(help=__doc__.split("\n", 1)[0])
@click.option("--data", "folders", multiple=True, help="Folder with manifest.tsv and entities.txt; repeatable.")
@click.option("--lm", "lms", multiple=True, help="n-gram LM, one for each --data.  [default: none]")
@click.option("--model", "models", multiple=True, help="Folder with SET.npz and tokens.txt; repeatable.")
@click.option("--distractors", help="List of distractors for all sets.")
@click.option("--sizes", default="100,1000", show_default=True, help="Number of distractors in a list.")
@click.option("--absent-lists", default=2, show_default=True, help="Lists without a spoken name, beside each with the set's names.")
@click.option("--half", type=click.Choice(HALVES), help="Only half of the utterances, by a hash of their ids.")
@click.option("--dump", help="Write the examples as JSON.")
@click.option("--dumped", "dumps", multiple=True, help="Examples that were dumped, beside those of --data; repeatable.")
@click.option("--measure", is_flag=True, help="Measure the weights that verify has, and fit none.")
@click.option("--seed", default=0, show_default=True)
def main(
    folders: Tuple[str, ...], lms: Tuple[str, ...], models: Tuple[str, ...], distractors: Optional[str], sizes: str, absent_lists: int,
    half: Optional[str], dump: Optional[str], dumps: Tuple[str, ...], measure: bool, seed: int,
) -> None:
    groups: Dict[str, Group] = {}
    for file in dumps:
        for name, found in json.loads(Path(file).read_text()).items():
            group = groups.setdefault(name, Group(found["model"]))
            group.words += found["words"]
            group.examples += [Example(**{**row, "score": TokenScore(**row["score"])}) for row in found["examples"]]
    for place, folder in enumerate(folders):
        own = len(read_set(folder, half=half).entities)
        for size in map(int, sizes.split(",")):
            # Lists of one size: else the number of names would tell the lists with spoken names from the others.
            data = read_set(folder, distractors=distractors, added=size, absent=own + size, half=half, seed=seed, absent_lists=absent_lists)
            for model in map(Path, models):
                table = TokenTable.read(model / "tokens.txt")
                for title, lm in (("no LM", None), *((("LM", load_lm(lms[place], table)),) if lms else ())):
                    collect(data, model, lm, groups.setdefault(f"{model.name}, {data.name}, {title}", Group(model.name)))
    if dump is not None:
        Path(dump).write_text(json.dumps({name: asdict(group) for name, group in groups.items()}))
    weights = FITTED if measure else fit(list(groups.values()))
    click.echo(weights)
    for name, group in groups.items():
        report(name, weights, group)
        others = [one for one in groups.values() if one.model != group.model]
        if others and not measure:
            report(f"{name}, weights of the other models", fit(others), group)


if __name__ == "__main__":
    main()
