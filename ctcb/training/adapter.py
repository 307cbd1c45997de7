"""Training a contextual adapter on a frozen base: from folders and a config to a training directory."""
from __future__ import annotations

import dataclasses
import random
import sys
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, Dict, Optional, Sequence, Tuple

import torch
import yaml
from lhotse import CutSet, combine
from lhotse.dataset.collation import collate_features

from ctcb.config import from_mapping, read_yaml
from ctcb.data.loader import Targets, one_copy_each, usable_cuts
from ctcb.entities import EntityList
from ctcb.errors import InputError
from ctcb.io import PathOrStr, atomic_write
from ctcb.models.adapter import ContextualAdapter
from ctcb.models.config import AdapterConfig
from ctcb.models.directory import WEIGHTS_FILE, digest, load_model
from ctcb.models.entries import EntrySpeller
from ctcb.training.adapter_loss import AdapterObjective
from ctcb.training.base import main_process, read_feature_cuts
from ctcb.training.catalogue import CatalogueConfig, CatalogueSampler
from ctcb.training.checkpoint import Position
from ctcb.training.config import TrainConfig
from ctcb.training.encoder_cache import EncoderCache
from ctcb.training.evaluate import ListedDevSet, ListedDevSets
from ctcb.training.loop import Trainer

ADAPTER_YAML = "adapter.yaml"


@dataclass(frozen=True)
class AdapterTraining:
    """How an adapter is made and trained; conf/train/adapter.yaml."""

    adapter: AdapterConfig = AdapterConfig()
    catalogue: CatalogueConfig = CatalogueConfig()
    attention_weight: float = 1.0  # of the attention loss, beside the CTC loss's 1; 0: attention is not told
    hours: float = 0.0  # of speech, drawn at random from the data; 0: all
    train: TrainConfig = TrainConfig()


def train_adapter(
    base: PathOrStr, config_file: Optional[PathOrStr], data: Sequence[PathOrStr],
    dev: Sequence[Tuple[PathOrStr, PathOrStr]], out: PathOrStr, overrides: Optional[Dict[str, Any]] = None,
    cache: Optional[PathOrStr] = None,
) -> Position:
    """Train to the last epoch, resuming what ``out`` holds. The base's files are only read.

    ``base`` is a model directory. ``data`` are folders of `ctcb.data.features.store_features`, ``dev``
    such folders, each with the list that it is decoded with after an epoch. ``overrides`` replace
    fields of the config's section `train` where they are not None. With a ``cache`` folder the base listens to
    the data once, to one augmented copy of it, and epochs differ in their lists and batches alone.
    """
    out = Path(out)
    config = from_mapping(AdapterTraining, read_yaml(config_file), config_file) if config_file else AdapterTraining()
    train = dataclasses.replace(config.train, **{k: v for k, v in (overrides or {}).items() if v is not None})
    main = main_process()

    def say(line: str) -> None:
        if main:
            print(line, file=sys.stderr, flush=True)

    model = load_model(base)
    lang = model.lang
    targets = Targets(lang.tokenizer, lang.lexicon, lang.phones)
    cuts = combine([read_feature_cuts(folder) for folder in data])
    usable, count, left_out = usable_cuts(cuts, targets)
    say(f"{count} cuts; {left_out} left out: more targets than frames")
    if cache is not None:
        usable = one_copy_each(usable, train.seed)
    if config.hours:
        usable = some_hours(usable, config.hours, train.seed)
        say(f"{len(usable)} of them, {sum(cut.duration for cut in usable) / 3600:.1f} h, serve")
    if main:
        out.mkdir(parents=True, exist_ok=True)
        write_adapter_yaml(out, config.adapter, digest(Path(base) / WEIGHTS_FILE))
    torch.manual_seed(train.seed)
    adapter = ContextualAdapter(config.adapter, model.network.config)
    say(f"{sum(p.numel() for p in adapter.parameters()) / 1e6:.2f} M parameters")
    speller = EntrySpeller(lang, config.adapter.phones)
    sampler = CatalogueSampler((cut.supervisions[0].text for cut in usable), config.catalogue, speller, train.seed)
    say(f"{len(sampler.rare)} rare words, {len(sampler.pool)} phrases")
    if config.adapter.alignment:
        adapter.final.raise_by(model.network.head)
    cached = None
    if cache is not None:
        base_digest = digest(Path(base) / WEIGHTS_FILE)
        cached = EncoderCache(Path(cache), model.network, base_digest, usable, train.augment, train.seed, train.precision)
        train = dataclasses.replace(train, augment_from_step=sys.maxsize)  # what is cached is augmented already
    objective = AdapterObjective(adapter, model.network, sampler, config.attention_weight, cached)
    sets = [ListedDevSet(Path(folder).name, read_feature_cuts(folder), EntityList.read(names)) for folder, names in dev]
    evaluate = ListedDevSets(sets, objective, lang, train.dev_utterances, train.seed)
    collate = collate_features if cached is None else cached.collate
    return Trainer(objective, adapter, train, usable, targets, out, evaluate, say, collate).run()


def some_hours(cuts: CutSet, hours: float, seed: int) -> CutSet:
    """Cuts drawn at random until they last so long."""
    ordered = sorted(cuts, key=lambda cut: cut.id)
    random.Random(seed).shuffle(ordered)
    ends = accumulate(cut.duration for cut in ordered)
    return CutSet.from_cuts(cut for cut, end in zip(ordered, ends) if end - cut.duration < 3600 * hours)


def write_adapter_yaml(folder: Path, config: AdapterConfig, base: str) -> None:
    """Describe a training directory's adapter; ``base`` is the digest of the weights that it leans."""
    with atomic_write(folder / ADAPTER_YAML) as file:
        yaml.safe_dump({"base": base, "adapter": dataclasses.asdict(config)}, file, sort_keys=False)


def read_adapter_yaml(folder: PathOrStr, model: PathOrStr) -> AdapterConfig:
    """Read it; InputError where it is malformed, or the adapter was trained for another model's weights."""
    path = Path(folder) / ADAPTER_YAML
    data = read_yaml(path)
    if not isinstance(data.get("adapter"), dict):
        raise InputError("no section 'adapter'", file=path, mend="train the adapter again")
    if data.get("base") != digest(Path(model) / WEIGHTS_FILE):
        raise InputError(
            f"this adapter was trained for other weights than {Path(model) / WEIGHTS_FILE}", file=path,
            mend="name the model directory that --base named, or train it for this one",
        )
    return from_mapping(AdapterConfig, data["adapter"], path, "adapter.")
