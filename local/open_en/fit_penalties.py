#!/usr/bin/env python3
"""Fit the weights of the adapter's penalty terms (ctcb/adapter/penalties.py).

In: training sets (folders with manifest.tsv), to which noise and babble are added, and names that do not occur
there. The spoken names are words of the references, drawn at random, without the model's common words. The adapter runs
with lists of several sizes. An example is an entry with the best score on its frames, if the score is above --nearly.
Out: the weights of a logistic regression (L2 penalty of 0.001 an example on the standardised weights), in nats of the
entry score.

    local/open_en/fit_penalties.py --data DATA/real_train --data DATA/tts_train --distractors names.txt
"""
from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List, NamedTuple, Sequence, Set, Tuple

import click
import numpy as np
import torch
from logistic import logistic
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ctcb.acoustic.directory import LoadedModel, load_model
from ctcb.adapter.alignment import relative
from ctcb.adapter.competition import unrivalled
from ctcb.adapter.encoded_list import encode_list
from ctcb.adapter.encoder_bias import EncoderBias
from ctcb.adapter.penalties import Against, Handicap, Listed
from ctcb.bundled import BUNDLED_MODEL
from ctcb.data.audio import read_audio
from ctcb.data.augment import AugmentConfig, augment
from ctcb.data.features import FeatureExtractor
from ctcb.data.manifest import read_manifest
from ctcb.entities import EntityList
from ctcb.models.ctc import Encoded
from ctcb.progress import progress
from ctcb.text.normalize import normalize

NOISE = AugmentConfig(noise_prob=0.7, babble_prob=0.3, snr_low=0.0, snr_high=15.0)
BATCH = 16  # utterances
SHORTEST = 4  # letters of a word that serves as a name


class Heard(NamedTuple):
    """An utterance and the base model's outputs."""

    text: str
    encoded: Encoded


@dataclass(frozen=True)
class Example:
    """A name that fits."""

    judged: float
    against: Against
    said: bool


class Recording(Handicap):
    """Records the penalty terms of each entry, and subtracts nothing."""

    def __init__(self, of: Handicap, nearly: float) -> None:
        super().__init__(of.starts, of.common, of.weights)
        self.nearly = nearly
        self.noted: List[Tuple[float, Against, Tuple[str, ...]]] = []

    def __call__(self, judged: Tensor, listed: Listed, phones: np.ndarray, pieces: np.ndarray) -> Tensor:
        table = np.broadcast_arrays(judged.numpy(), *self.against(listed, phones, pieces))
        scores = [torch.from_numpy(score) for score in listed.found.scores]
        owner = torch.arange(len(scores)).repeat_interleave(torch.tensor([score.shape[1] for score in scores]))
        alone = unrivalled(judged[None], torch.cat(scores, dim=1)[None], owner)[0].tolist()
        lost = relative(phones)
        for row, (judgement, *against) in enumerate(zip(*table)):
            if alone[row] and judgement > self.nearly:
                noted = Against(*against)._replace(common=self.lead(listed, row, lost))
                self.noted.append((float(judgement), noted, tuple(listed.own[row])))
        return torch.zeros(len(judged))


@torch.no_grad()
def listen(model: LoadedModel, folder: Path, most: int, seed: int) -> Iterator[Heard]:
    """Some utterances of a set, with noise."""
    rows = read_manifest(folder / "manifest.tsv")
    rows = sorted(random.Random(seed).sample(rows, min(most, len(rows))), key=lambda row: len(row.text))
    extractor, generator = FeatureExtractor(model.features), torch.Generator().manual_seed(seed)
    for start in progress(range(0, len(rows), BATCH), f"encoding {folder.name}", total=-(-len(rows) // BATCH)):
        batch = rows[start : start + BATCH]
        features = [extractor(read_audio(row.audio).samples) for row in batch]
        lengths = torch.tensor([len(one) for one in features])
        noisy = augment(pad_sequence(features, batch_first=True), lengths, NOISE, generator)
        encoded = model.network.encode(noisy, lengths)
        for number, row in enumerate(batch):
            part = slice(number, number + 1)
            one = Encoded(
                encoded.last[part], [tap[part] for tap in encoded.taps], [x[part] for x in encoded.inter_logits], encoded.lengths[part]
            )
            yield Heard(normalize(row.text), one)


def examples_of(model: LoadedModel, heard: Sequence[Heard], names: EntityList, nearly: float) -> Iterator[Example]:
    """What fits of a list in each utterance."""
    recording = Recording(Handicap.of(model.lang), nearly)
    bias = EncoderBias(model, encode_list(model, names.entities), handicap=recording)
    for one in progress(heard, f"with {len(names)} names", total=len(heard)):
        recording.noted.clear()
        bias.lean(one.encoded, [""])
        for judged, against, forms in recording.noted:
            yield Example(judged, against, any(f" {form} " in f" {one.text} " for form in forms))


def fit(examples: Sequence[Example]) -> Tuple[Against, float]:
    """The weights, and how many nats an example costs under them."""
    said = np.array([one.said for one in examples])
    base, (judged, *against), at = logistic(np.array([(one.judged, *one.against[1:]) for one in examples], float), said)
    return Against(*(-float(weight / judged) for weight in (base, *against))), float(np.mean(np.logaddexp(0, at) - said * at))


@click.command(help=__doc__.split("\n", 1)[0])
@click.option("--data", "folders", multiple=True, required=True, help="Folder with manifest.tsv; repeatable.")
@click.option("--distractors", "files", multiple=True, required=True, help="Names that are not spoken; repeatable.")
@click.option("--model", "model_folder", default=str(BUNDLED_MODEL), help="Model directory.  [default: the bundled one]")
@click.option("--utterances", default=1000, show_default=True, help="Of each set, at most.")
@click.option("--sizes", default="300,1000,8000", show_default=True, help="Of the lists.")
@click.option("--said", default=200, show_default=True, help="Spoken names on each list.")
@click.option("--nearly", default=-1.0, show_default=True, help="Lowest score of an entry that is an example.")
@click.option("--seed", default=0, show_default=True)
def main(
    folders: Tuple[str, ...], files: Tuple[str, ...], model_folder: str, utterances: int, sizes: str, said: int, nearly: float,
    seed: int,
) -> None:
    model, rng = load_model(model_folder), random.Random(seed)
    common, examples = set(model.lang.common), []
    pool = list(dict.fromkeys(entity.text for file in files for entity in EntityList.read(file).entities))
    for folder in folders:
        heard = list(listen(model, Path(folder), utterances, seed))
        words = rare({word for one in heard for word in one.text.split()}, common)
        names = rng.sample(words, min(said, len(words)))
        spoken = "|".join(f" {one.text} " for one in heard)
        others = [name for name in pool if f" {normalize(name)} " not in spoken]
        for size in map(int, sizes.split(",")):
            listed = EntityList.of([*names, *rng.sample(others, min(len(others), max(0, size - len(names))))])
            found = list(examples_of(model, heard, listed, nearly))
            examples += found
            click.echo(f"{folder}, {len(listed)} names: {len(found)} fitted, {sum(one.said for one in found)} of which were said")
    weights, cost = fit(examples)
    click.echo(f"{Against(*(round(weight, 3) for weight in weights))}\n{cost:.4f} nats an example")


def rare(words: Set[str], common: Set[str]) -> List[str]:
    """Words that serve as names, in alphabetical order."""
    return sorted(word for word in words - common if len(word) >= SHORTEST)


if __name__ == "__main__":
    main()
