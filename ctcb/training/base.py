"""Training a base model: from folders and configs to a training directory."""
from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path
from typing import Any, Dict, Optional, Sequence

import torch
from lhotse import CutSet, combine

from ctcb.acoustic.directory import WEIGHTS_FILE, write_model_yaml
from ctcb.config import from_mapping, read_yaml
from ctcb.data.features import FeatureConfig
from ctcb.data.loader import Targets, usable_cuts
from ctcb.errors import InputError
from ctcb.io import PathOrStr
from ctcb.models.config import ModelConfig
from ctcb.models.ctc import CtcModel
from ctcb.models.weights import read_tensors
from ctcb.text.lang import Lang, copy_lang
from ctcb.training.checkpoint import Position
from ctcb.training.config import TrainConfig
from ctcb.training.evaluate import DevSets
from ctcb.training.loop import Trainer, epoch_files
from ctcb.training.losses import BaseObjective

FEATURE_CUTS = "cuts_feats.jsonl.gz"


def train_base(
    model_config: PathOrStr, train_config: Optional[PathOrStr], data: Sequence[PathOrStr], dev: Sequence[PathOrStr],
    lang_folder: PathOrStr, out: PathOrStr, overrides: Optional[Dict[str, Any]] = None,
    init: Optional[PathOrStr] = None,
) -> Position:
    """Train to the last epoch, resuming what ``out`` holds.

    ``data`` and ``dev`` are folders of `ctcb.data.features.store_features`; ``overrides`` replace
    fields of the training config where they are not None. ``init`` is a training or model directory
    whose weights a new run begins with, tensor by tensor where name and shape are the same; a head for
    other tokens begins at random.
    """
    out = Path(out)
    lang = Lang.load(lang_folder)
    sizes = {"num_subwords": len(lang.tokenizer), "num_phones": len(lang.phones)}
    model = ModelConfig.from_dict({**read_yaml(model_config), **sizes}, model_config)
    config = from_mapping(TrainConfig, read_yaml(train_config), train_config) if train_config else TrainConfig()
    config = dataclasses.replace(config, **{k: v for k, v in (overrides or {}).items() if v is not None})
    main = main_process()

    def say(line: str) -> None:
        if main:
            print(line, file=sys.stderr, flush=True)

    targets = Targets(lang.tokenizer, lang.lexicon, lang.phones)
    cuts = combine([read_feature_cuts(folder) for folder in data])
    usable, count, left_out = usable_cuts(cuts, targets)
    say(f"{count} cuts; {left_out} left out: more targets than frames")
    if main:
        out.mkdir(parents=True, exist_ok=True)
        write_model_yaml(out, model, FeatureConfig(num_mel_bins=model.num_mel_bins))
        copy_lang(lang_folder, out)
    torch.manual_seed(config.seed)
    objective = BaseObjective(model, (config.guided_from_step, config.guided_until_step))
    say(f"{sum(p.numel() for p in objective.parameters()) / 1e6:.2f} M parameters")
    if init is not None:
        say(f"began with {begin_with(objective.model, Path(init))} tensors of {init}")
    dev_sets = {Path(folder).name: read_feature_cuts(folder) for folder in dev}
    evaluate = DevSets(dev_sets, objective.model, lang.tokenizer, config.dev_utterances, config.seed)
    return Trainer(objective, objective.model, config, usable, targets, out, evaluate, say).run()


def main_process() -> bool:
    """Whether this process is the one, of those that torchrun started, that speaks and writes."""
    return int(os.environ.get("RANK", 0)) == 0


def begin_with(model: CtcModel, folder: Path) -> int:
    """Copy the folder's newest weights into ``model`` where they fit; the number of tensors copied."""
    files = epoch_files(folder) or [folder / WEIGHTS_FILE]
    weights, _ = read_tensors(files[-1])
    own = model.state_dict()
    fitting = {name: value.float() for name, value in weights.items() if name in own and own[name].shape == value.shape}
    if not fitting:
        raise InputError("no tensor fits this model", file=files[-1], mend="name weights of a like architecture")
    model.load_state_dict(fitting, strict=False)
    return len(fitting)


def read_feature_cuts(folder: PathOrStr) -> CutSet:
    """The cuts with stored features of a folder, as a stream; InputError where there are none."""
    path = Path(folder) / FEATURE_CUTS
    if not path.exists():
        raise InputError(f"no {FEATURE_CUTS} in this folder", file=folder, mend="run `ctcb prepare MANIFEST --features` first")
    return CutSet.from_file(path)
