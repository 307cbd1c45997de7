"""Model directories with random weights."""
from __future__ import annotations

import shutil
from pathlib import Path

import torch

from ctcb.acoustic.directory import load_model, save_adapter, save_model, write_model_yaml
from ctcb.adapter.network import ContextualAdapter
from ctcb.data.features import FeatureConfig
from ctcb.models.ctc import CtcModel
from ctcb.text.lang import copy_lang


def with_random_weights(config, lang_dir: Path, folder: Path) -> Path:
    """A model directory with random weights, below ``folder``."""
    source, target = folder / "training", folder / "model"
    source.mkdir()
    write_model_yaml(source, config, FeatureConfig())
    copy_lang(lang_dir, source)
    torch.manual_seed(0)
    save_model(target, CtcModel(config).state_dict(), source)
    return target


def with_adapter(model_dir: Path, config, tiny_config, folder: Path) -> Path:
    """A copy of the model directory with an adapter of random weights, which changes the emissions."""
    shutil.copytree(model_dir, folder)
    torch.manual_seed(0)
    adapter = ContextualAdapter(config, tiny_config)
    if config.alignment:
        adapter.final.init_directions(load_model(model_dir).network.head)
    else:
        torch.nn.init.normal_(adapter.final.out.weight)
        torch.nn.init.zeros_(adapter.final.reserve)
    save_adapter(folder, adapter.state_dict(), config)
    return folder
