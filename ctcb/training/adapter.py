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
from lhotse import CutSet

from ctcb import bundled
from ctcb.adapter.config import AdapterConfig
from ctcb.adapter.entries import EntrySpeller
from ctcb.adapter.folder import AdapterDescription, write_adapter_yaml
from ctcb.adapter.network import ContextualAdapter
from ctcb.config import from_mapping, read_yaml
from ctcb.data.folder_names import distinct_names
from ctcb.data.folders import read_folders, read_unique
from ctcb.data.loader import Targets, one_copy_each, usable_cuts
from ctcb.device import open_device
from ctcb.entities import EntityList
from ctcb.io import PathOrStr
from ctcb.training.adapter_loss import AdapterObjective
from ctcb.training.catalogue import CatalogueConfig, CatalogueSampler
from ctcb.training.checkpoint import Position
from ctcb.training.config import TrainConfig
from ctcb.training.encoder_cache import EncoderCache, FrozenEncodings
from ctcb.training.evaluate import ListedDevSet, ListedDevSets
from ctcb.training.frozen import open_base
from ctcb.training.loop import Trainer
from ctcb.training.made_for import CHECKPOINT, DIGEST, TrainingFolder, digests_of_lang, of_data, of_modes, of_training, values_of
from ctcb.training.precision import precision_on
from ctcb.training.processes import local_rank, main_process
from ctcb.training.schedule import require_warmup
from ctcb.training.source import StoredFeatures, batch_in_words, part_seconds, steps_of_epoch
from ctcb.training.tensorboard import Events
from ctcb.training.torch_compile import compile_layers


@dataclass(frozen=True)
class AdapterTraining:
    """The configuration of an adapter and of its training; conf/train/adapter.yaml."""

    adapter: AdapterConfig = AdapterConfig()
    catalogue: CatalogueConfig = CatalogueConfig()
    attention_weight: float = 1.0  # of the attention loss, beside the CTC loss's 1; 0: attention is not supervised
    hours: float = 0.0  # of speech, drawn at random from the data; 0: all
    train: TrainConfig = TrainConfig()


def train_adapter(
    base: PathOrStr, config_file: Optional[PathOrStr], data: Sequence[PathOrStr],
    dev: Sequence[Tuple[PathOrStr, PathOrStr]], out: PathOrStr, overrides: Optional[Dict[str, Any]] = None,
    cache: Optional[PathOrStr] = None, accept_changes: bool = False, device: str = "cpu", tensorboard: bool = False,
) -> Position:
    """Train to the last epoch, resuming what ``out`` holds. The base's files are only read.

    What ``out`` holds must have been made with the same base, data, options and number of processes (more epochs extend a run),
    or InputError names what differs and nothing is written; with ``accept_changes`` it goes on.

    ``base`` is a model directory, or ``hf:NAME``. ``data`` are folders of `ctcb.data.features.store_features`, ``dev``
    such folders, each with the list that it is decoded with after an epoch; for a base of transformers their cuts are
    read as samples, without augmentation. ``overrides`` replace fields of the config's section `train` where they
    are not None. With a ``cache`` folder the base encodes the data once, one augmented copy of it, and epochs
    differ in their lists and batches alone. ``device``: where base and adapter run, see `ctcb.device.open_device`; names are aligned
    on the CPU. ``tensorboard``: the log is written as TensorBoard's events as well.
    """
    at = open_device(device, local_rank())
    out = Path(out)
    observe = {"observe": Events(out).add} if tensorboard else {}
    config_file = config_file and bundled.config_file(config_file)
    config = from_mapping(AdapterTraining, read_yaml(config_file), config_file) if config_file else AdapterTraining()
    train = dataclasses.replace(config.train, **{k: v for k, v in (overrides or {}).items() if v is not None})
    train = dataclasses.replace(train, precision=precision_on(at, train.precision))
    main = main_process()

    def say(line: str) -> None:
        if main:
            print(line, file=sys.stderr, flush=True)

    frozen = open_base(base, at)
    lang, network = frozen.lang, frozen.network
    if train.compile:
        compile_layers(network)
    targets = Targets(lang.tokenizer, lang.lexicon, lang.phones)
    cuts = read_folders(data, frozen.read)
    made_for = {
        "base": DIGEST + frozen.digest, **({} if frozen.name else digests_of_lang(base)), **values_of("base", network.config),
        **values_of("adapter", config.adapter), **values_of("catalogue", config.catalogue), "attention_weight": str(config.attention_weight),
        "hours": str(config.hours), **of_training(train), **of_modes(cache=cache is not None), **(of_data(cuts) if main else {}),
    }
    place = TrainingFolder(out, made_for, accept_changes, say=say)
    if main:
        place.require_soon()
    usable, count, left_out = usable_cuts(cuts, targets, frozen.feed.frames)
    say(f"{count} cuts; {left_out} left out: more targets than frames")
    if cache is not None:
        usable = one_copy_each(usable, train.seed)
    if config.hours:
        usable = some_hours(usable, config.hours, train.seed)
        say(f"{len(usable)} of them, {sum(cut.duration for cut in usable) / 3600:.1f} h, serve")
    torch.manual_seed(train.seed)
    adapter = ContextualAdapter(config.adapter, network.config)
    say(f"{sum(p.numel() for p in adapter.parameters()) / 1e6:.2f} M parameters; {batch_in_words(train)}")
    speller = EntrySpeller(lang, config.adapter.phones)
    sampler = CatalogueSampler((cut.supervisions[0].text for cut in usable), config.catalogue, speller, train.seed)
    say(f"{len(sampler.rare)} rare words, {len(sampler.pool)} phrases")
    if config.adapter.alignment:
        adapter.final.init_directions(network.head)
    adapter.to(at)
    source = StoredFeatures(usable, targets, part_seconds(train), train.workers, frozen.feed.collate)
    encodings = None
    if cache is not None:
        if not (out / CHECKPOINT).exists():  # ahead of what takes long
            require_warmup(train, steps_of_epoch(source, train, 0))
        encodings = FrozenEncodings(network)
        source.collate = EncoderCache(
            Path(cache), encodings, frozen.digest, usable, train.augment, train.seed, train.precision, frozen.feed, at
        ).collate
    if cache is not None or not frozen.feed.augmented:
        train = dataclasses.replace(train, augment_from_step=sys.maxsize)  # what is cached is augmented already
    objective = AdapterObjective(adapter, network, sampler, config.attention_weight, encodings)
    dev_names = distinct_names([folder for folder, _ in dev])
    sets = [
        ListedDevSet(name, read_unique(folder, frozen.read), EntityList.read(names)) for name, (folder, names) in zip(dev_names, dev)
    ]
    evaluate = ListedDevSets(sets, objective, lang, train.dev_utterances, train.seed, frozen.feed.collate)

    def describe() -> None:
        write_adapter_yaml(out, AdapterDescription(frozen.digest, config.adapter, frozen.name))

    return Trainer(objective, adapter, train, source, out, evaluate, say, folder=place, describe=describe, **observe).run()


def some_hours(cuts: CutSet, hours: float, seed: int) -> CutSet:
    """Cuts drawn at random until they last so long."""
    ordered = sorted(cuts, key=lambda cut: cut.id)
    random.Random(seed).shuffle(ordered)
    ends = accumulate(cut.duration for cut in ordered)
    return CutSet.from_cuts(cut for cut, end in zip(ordered, ends) if end - cut.duration < 3600 * hours)
