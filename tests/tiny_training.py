"""Trainings of seconds, whose folder is looked at byte by byte."""
from __future__ import annotations

import yaml

MODEL = {
    "encoder": {"dim": 16, "layers": 2, "heads": 2, "ff_dim": 32, "conv_kernel": 5},
    "inter_ctc": [{"layer": 1, "target": "phone"}],
}
TRAIN = {"epochs": 2, "batch_seconds": 5, "lr": 1e-3, "warmup_steps": 2, "workers": 0, "checkpoint_minutes": 0.0}


def write_yaml(path, data):
    """The path of a YAML file that holds ``data``."""
    path.write_text(yaml.safe_dump(data))
    return path


def held(folder):
    """Each file of a folder with its bytes and its time."""
    return {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in folder.iterdir()}
