"""Training a base model: from folders and configs to a training directory."""
from __future__ import annotations

import dataclasses
import hashlib
import sys
from functools import partial
from pathlib import Path
from typing import Any, Dict, Optional, Sequence

import torch
from lhotse import CutSet
from lhotse.cut import Cut
from torch import nn

from ctcb.acoustic.directory import WEIGHTS_FILE, read_model_yaml, write_model_yaml
from ctcb.bundled import config_file
from ctcb.config import from_mapping, read_yaml
from ctcb.data.features import FeatureConfig, FeatureExtractor
from ctcb.data.folder_names import distinct_names
from ctcb.data.folders import read_either, read_feature_cuts, read_folders, read_unique
from ctcb.data.loader import Targets, feature_frames, frames_of_features, one_copy_each, usable_cuts
from ctcb.device import open_device
from ctcb.errors import InputError
from ctcb.io import PathOrStr
from ctcb.models.config import ModelConfig, WhisperConfig
from ctcb.models.ctc import CtcModel
from ctcb.models.weights import dequantized, read_tensors
from ctcb.models.whisper_weights import PretrainedEncoder, read_whisper
from ctcb.text.lang import Lang, copy_lang
from ctcb.training.checkpoint import Position
from ctcb.training.config import TrainConfig
from ctcb.training.encoder_cache import EncoderCache
from ctcb.training.evaluate import DevSets
from ctcb.training.loop import Trainer, epoch_files
from ctcb.training.losses import BaseObjective
from ctcb.training.made_for import CHECKPOINT, TrainingFolder, digests_of_lang, of_data, of_init, of_modes, of_training, values_of
from ctcb.training.precision import precision_on
from ctcb.training.processes import local_rank, main_process
from ctcb.training.rates import rate_share
from ctcb.training.schedule import require_warmup
from ctcb.training.source import FeaturesInMemory, Source, StoredFeatures, batch_in_words, part_seconds, steps_of_epoch
from ctcb.training.tensorboard import Events
from ctcb.training.torch_compile import compile_layers


def train_base(
    model_config: PathOrStr, train_config: Optional[PathOrStr], data: Sequence[PathOrStr], dev: Sequence[PathOrStr],
    lang_folder: PathOrStr, out: PathOrStr, overrides: Optional[Dict[str, Any]] = None,
    init: Optional[PathOrStr] = None, pretrained: Sequence[PathOrStr] = (), cache: Optional[PathOrStr] = None,
    device: str = "cpu", in_memory: bool = False, accept_changes: bool = False, tensorboard: bool = False,
) -> Position:
    """Train to the last epoch, resuming what ``out`` holds.

    What ``out`` holds must have been made with the same tokens, pronunciations, model, data, options and number of processes
    (more epochs extend a run), or InputError names what differs and nothing is written; with ``accept_changes`` it goes on.

    ``data`` and ``dev`` are folders of `ctcb.data.features.store_features`; a folder of ``data`` that is named N times is
    read N times an epoch. ``overrides`` replace fields of the training config where they are not None. ``init`` is a training or model directory
    whose weights a new run begins with, tensor by tensor where name and shape are the same; a head for
    other tokens begins at random. ``pretrained`` holds Whisper's weights, which a model with a section `whisper`
    begins with where there is no ``init``. With ``cache``, a folder, the pretrained encoder stays as it is and reads
    the data once, one augmented copy of it. ``device``: see `ctcb.device.open_device`. With ``in_memory`` all features
    are read once and kept on the device, and folders without stored features serve as well.
    ``tensorboard``: the log is written as TensorBoard's events as well.
    """
    at = open_device(device, local_rank())
    out = Path(out)
    observe = {"observe": Events(out).add} if tensorboard else {}
    lang = Lang.load(lang_folder)
    sizes = {"num_subwords": len(lang.tokenizer), "num_phones": len(lang.phones)}
    model_config = config_file(model_config)
    model = ModelConfig.from_dict({**read_yaml(model_config), **sizes}, model_config)
    train_config = train_config and config_file(train_config)
    config = from_mapping(TrainConfig, read_yaml(train_config), train_config) if train_config else TrainConfig()
    config = dataclasses.replace(config, **{k: v for k, v in (overrides or {}).items() if v is not None})
    config = dataclasses.replace(config, precision=precision_on(at, config.precision))
    encoder = starting_encoder(model, pretrained, init, out)
    if model.whisper is not None:
        digest = encoder.digest if encoder is not None else recorded_digest(out if init is None else init)
        model = dataclasses.replace(model, whisper=dataclasses.replace(model.whisper, digest=digest))
    if cache is not None and in_memory:
        raise InputError("--in-memory keeps features, --cache what the encoder makes of them", hint="leave one of them out")
    if cache is not None and model.whisper is None:
        raise InputError("--cache keeps what a pretrained encoder makes, and this model has none", file=model_config, hint="leave it out")
    if cache is not None:
        config = dataclasses.replace(config, frozen_blocks=model.whisper.layers)
    main = main_process()
    features = FeatureConfig("kaldi" if model.whisper is None else "whisper", model.num_mel_bins)

    def say(line: str) -> None:
        if main:
            print(line, file=sys.stderr, flush=True)

    targets = Targets(lang.tokenizer, lang.lexicon, lang.phones)
    cuts = read_data(data, in_memory)
    made_for = {
        **digests_of_lang(lang_folder), **values_of("model", model), **values_of("features", features), **of_training(config),
        **of_modes(cache=cache is not None, in_memory=in_memory), **of_init(None if init is None else newest_weights(init)),
        **(of_data(cuts) if main else {}),
    }
    folder = TrainingFolder(out, made_for, accept_changes, init=True, say=say)
    if main:
        folder.require_soon()
    usable, count, left_out = usable_cuts(cuts, targets, partial(frames_to_train, whisper=model.whisper, longest=1.0 / config.augment.speed_low))
    say(f"{count} cuts; {left_out} left out: more targets than frames, or longer than the encoder takes")
    torch.manual_seed(config.seed)
    objective = BaseObjective(model, (config.guided_from_step, config.guided_until_step), cache is not None)
    if encoder is not None:
        objective.model.whisper.encoder.load_state_dict(encoder.weights)
    say(f"{sum(p.numel() for p in objective.parameters()) / 1e6:.2f} M parameters; {batch_in_words(config)}")
    if init is not None:
        say(f"began with {begin_with(objective.model, Path(init))} tensors of {init}")
    dev_sets = {name: read_unique(folder, read_feature_cuts) for folder, name in zip(dev, distinct_names(dev))}
    evaluate = DevSets(dev_sets, objective.model, lang.tokenizer, config.dev_utterances, config.seed)
    objective.to(at)
    if config.compile:
        compile_layers(objective.model)
    source: Source
    if in_memory:
        source = FeaturesInMemory(usable, targets, part_seconds(config), config.workers, at, FeatureExtractor(features))
    else:
        usable = usable if cache is None else one_copy_each(usable, config.seed)
        source = StoredFeatures(usable, targets, part_seconds(config), config.workers)
    if cache is not None:
        if not (out / CHECKPOINT).exists():  # ahead of what takes long
            require_warmup(config, steps_of_epoch(source, config, 0))
        whisper = objective.model.whisper
        source.collate = EncoderCache(
            Path(cache), whisper, weights_digest(whisper.encoder), usable, config.augment, config.seed, config.precision, device=at
        ).collate
        config = dataclasses.replace(config, augment_from_step=sys.maxsize)  # what is cached is augmented already
    share = partial(rate_share, whisper=model.whisper, config=config)

    def describe() -> None:
        write_model_yaml(out, model, features)
        copy_lang(lang_folder, out)

    return Trainer(objective, objective.model, config, source, out, evaluate, say, share, folder, describe, **observe).run()


def read_data(folders: Sequence[PathOrStr], audio: bool) -> CutSet:
    """The cuts of all folders, as a stream, of each as often as it is named; ``audio``: cuts without features serve.

    See `ctcb.data.folders.read_folders`.
    """
    return read_folders(folders, read_either if audio else read_feature_cuts)


def starting_encoder(
    model: ModelConfig, pretrained: Sequence[PathOrStr], init: Optional[PathOrStr], out: Path
) -> Optional[PretrainedEncoder]:
    """The encoder that the run begins with; None where it begins otherwise.

    Raises InputError where the model wants one and there is none, or has no place for it.
    """
    if model.whisper is None:
        if pretrained:
            raise InputError("--pretrained is for a model with a section `whisper`", hint="leave it out, or see conf/model/whisper_base.yaml")
        return None
    if not pretrained:
        if init is None and not (out / CHECKPOINT).exists():
            raise InputError("this model stands on a pretrained encoder", hint="name its weights with --pretrained, or a model with --init")
        return None
    encoder = read_whisper(pretrained)
    encoder.require(model.whisper, pretrained[0])
    return encoder


def recorded_digest(folder: PathOrStr) -> str:
    """The digest of the pretrained weights that a training or model directory began with."""
    whisper = read_model_yaml(folder)[0].whisper
    return whisper.digest if whisper is not None else ""


def frames_to_train(cut: Cut, whisper: Optional[WhisperConfig], longest: float) -> int:
    """The frames that the heads have for a cut with features; 0 where it is longer than the encoder takes.

    ``longest`` is how much longer augmentation may make it.
    """
    if whisper is not None and feature_frames(cut) * longest + whisper.tail > 2 * whisper.positions - 2:
        return 0
    return frames_of_features(cut)


def weights_digest(network: nn.Module) -> str:
    """SHA-256 of a network's weights."""
    digest = hashlib.sha256()
    for name, value in network.state_dict().items():
        digest.update(name.encode() + value.detach().cpu().numpy().tobytes())
    return digest.hexdigest()


def newest_weights(folder: PathOrStr) -> Path:
    """The file of a training directory's last epoch, or of a model directory's weights."""
    return (epoch_files(Path(folder)) or [Path(folder) / WEIGHTS_FILE])[-1]


def begin_with(model: CtcModel, folder: Path) -> int:
    """Copy the folder's newest weights into ``model`` where they fit; the number of tensors copied."""
    file = newest_weights(folder)
    weights = dequantized(read_tensors(file)[0], file)
    own = model.state_dict()
    fitting = {name: value.float() for name, value in weights.items() if name in own and own[name].shape == value.shape}
    if not fitting:
        raise InputError("no tensor fits this model", file=file, hint="name weights of a like architecture")
    model.load_state_dict(fitting, strict=False)
    return len(fitting)
