"""Training a base model: from folders and configs to a training directory."""
from __future__ import annotations

import dataclasses
import hashlib
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import torch
from lhotse import CutSet, combine
from lhotse.cut import Cut
from lhotse.dataset.collation import collate_features
from torch import nn

from ctcb.acoustic.directory import WEIGHTS_FILE, read_model_yaml, write_model_yaml
from ctcb.config import from_mapping, read_yaml
from ctcb.data.features import FeatureConfig, FeatureExtractor
from ctcb.data.loader import Collate, Targets, feature_frames, frames_of_features, one_copy_each, usable_cuts
from ctcb.data.prepare import CUTS
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
from ctcb.training.loop import CHECKPOINT, Trainer, epoch_files
from ctcb.training.losses import BaseObjective
from ctcb.training.processes import local_rank, main_process
from ctcb.training.rates import rate_share
from ctcb.training.source import FeaturesInMemory, Source, StoredFeatures

FEATURE_CUTS = "cuts_feats.jsonl.gz"


def train_base(
    model_config: PathOrStr, train_config: Optional[PathOrStr], data: Sequence[PathOrStr], dev: Sequence[PathOrStr],
    lang_folder: PathOrStr, out: PathOrStr, overrides: Optional[Dict[str, Any]] = None,
    init: Optional[PathOrStr] = None, pretrained: Sequence[PathOrStr] = (), cache: Optional[PathOrStr] = None,
    device: str = "cpu", in_memory: bool = False,
) -> Position:
    """Train to the last epoch, resuming what ``out`` holds.

    ``data`` and ``dev`` are folders of `ctcb.data.features.store_features`; a folder of ``data`` that is named N times is
    read N times an epoch. ``overrides`` replace fields of the training config where they are not None. ``init`` is a training or model directory
    whose weights a new run begins with, tensor by tensor where name and shape are the same; a head for
    other tokens begins at random. ``pretrained`` holds Whisper's weights, which a model with a section `whisper`
    begins with where there is no ``init``. With ``cache``, a folder, the pretrained encoder stays as it is and reads
    the data once, one augmented copy of it. ``device``: see `ctcb.device.open_device`. With ``in_memory`` all features
    are read once and kept on the device, and folders without stored features serve as well.
    """
    at = open_device(device, local_rank())
    out = Path(out)
    lang = Lang.load(lang_folder)
    sizes = {"num_subwords": len(lang.tokenizer), "num_phones": len(lang.phones)}
    model = ModelConfig.from_dict({**read_yaml(model_config), **sizes}, model_config)
    config = from_mapping(TrainConfig, read_yaml(train_config), train_config) if train_config else TrainConfig()
    config = dataclasses.replace(config, **{k: v for k, v in (overrides or {}).items() if v is not None})
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

    def say(line: str) -> None:
        if main:
            print(line, file=sys.stderr, flush=True)

    targets = Targets(lang.tokenizer, lang.lexicon, lang.phones)
    cuts = read_data(data, in_memory)
    kind = "kaldi" if model.whisper is None else "whisper"
    usable, count, left_out = usable_cuts(cuts, targets, partial(frames_to_train, whisper=model.whisper, longest=1.0 / config.augment.speed_low))
    say(f"{count} cuts; {left_out} left out: more targets than frames, or longer than the encoder takes")
    if main:
        out.mkdir(parents=True, exist_ok=True)
        write_model_yaml(out, model, FeatureConfig(kind, model.num_mel_bins))
        copy_lang(lang_folder, out)
    torch.manual_seed(config.seed)
    objective = BaseObjective(model, (config.guided_from_step, config.guided_until_step), cache is not None)
    if encoder is not None:
        objective.model.whisper.encoder.load_state_dict(encoder.weights)
    say(f"{sum(p.numel() for p in objective.parameters()) / 1e6:.2f} M parameters")
    if init is not None:
        say(f"began with {begin_with(objective.model, Path(init))} tensors of {init}")
    dev_sets = {Path(folder).name: read_feature_cuts(folder) for folder in dev}
    evaluate = DevSets(dev_sets, objective.model, lang.tokenizer, config.dev_utterances, config.seed)
    collate: Collate = collate_features
    if cache is not None:
        usable = one_copy_each(usable, config.seed)
        collate = EncoderCache(
            Path(cache), objective.model.whisper, weights_digest(objective.model.whisper.encoder), usable, config.augment,
            config.seed, config.precision,
        ).collate
        config = dataclasses.replace(config, augment_from_step=sys.maxsize)  # what is cached is augmented already
    objective.to(at)
    source: Source
    if in_memory:
        extractor = FeatureExtractor(FeatureConfig(kind, model.num_mel_bins))
        source = FeaturesInMemory(usable, targets, config.batch_seconds, config.workers, at, extractor)
    else:
        source = StoredFeatures(usable, targets, config.batch_seconds, config.workers, collate)
    share = partial(rate_share, whisper=model.whisper, config=config)
    return Trainer(objective, objective.model, config, source, out, evaluate, say, share).run()


def read_data(folders: Sequence[PathOrStr], audio: bool) -> CutSet:
    """The cuts of all folders, as a stream, of each as often as it is named; ``audio``: cuts without features serve."""
    read: List[CutSet] = []
    for folder, times in Counter(map(str, folders)).items():
        if audio and not (Path(folder) / FEATURE_CUTS).exists() and (Path(folder) / CUTS).exists():
            cuts = CutSet.from_file(Path(folder) / CUTS)
        else:
            cuts = read_feature_cuts(folder)
        read += [cuts, *(cuts.map(partial(repeated, time=time)) for time in range(1, times))]
    return combine(read)


def repeated(cut: Cut, time: int) -> Cut:
    """The cut under a name of its own; the suffix of a speed stays at the name's end."""
    return cut.with_id(f"repeat{time}-{cut.id}")


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
        digest.update(name.encode() + value.detach().numpy().tobytes())
    return digest.hexdigest()


def begin_with(model: CtcModel, folder: Path) -> int:
    """Copy the folder's newest weights into ``model`` where they fit; the number of tensors copied."""
    files = epoch_files(folder) or [folder / WEIGHTS_FILE]
    weights = dequantized(read_tensors(files[-1])[0], files[-1])
    own = model.state_dict()
    fitting = {name: value.float() for name, value in weights.items() if name in own and own[name].shape == value.shape}
    if not fitting:
        raise InputError("no tensor fits this model", file=files[-1], hint="name weights of a like architecture")
    model.load_state_dict(fitting, strict=False)
    return len(fitting)


def read_feature_cuts(folder: PathOrStr) -> CutSet:
    """The cuts with stored features of a folder, as a stream; InputError where there are none."""
    path = Path(folder) / FEATURE_CUTS
    if not path.exists():
        raise InputError(f"no {FEATURE_CUTS} in this folder", file=folder, hint="run `ctcb prepare MANIFEST --features` first")
    return CutSet.from_file(path)
