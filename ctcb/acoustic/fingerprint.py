"""Fingerprints of models: digests, in hexadecimal, of what their emissions rest on; equal for equal models wherever they lie."""
from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Iterable, Sequence

from ctcb.errors import InputError
from ctcb.io import PathOrStr, digest

WEIGHTS = ("encoder.safetensors", "model.yaml")  # of a model directory


def of_directory(folder: PathOrStr) -> str:
    """Of a model directory, which is not loaded. Raises InputError for a folder that is none."""
    found = hashlib.sha256()
    for name in WEIGHTS:
        path = Path(folder) / name
        if not path.exists():
            raise InputError(f"this model directory has no {name}", file=folder, hint="name a model directory")
        found.update(path.read_bytes())
    return found.hexdigest()


def of_module(module: Any, pieces: Sequence[str]) -> str:
    """Of a torch module's weights and the symbols of its outputs, the blank first; without the weights' names, which differ
    between versions of torch."""
    parts = sorted(hashlib.sha256(value.float().cpu().numpy().tobytes()).hexdigest() for value in module.state_dict().values())
    return hashlib.sha256("\n".join([*pieces, *parts]).encode()).hexdigest()


def of_files(files: Iterable[PathOrStr], symbols: Sequence[str]) -> str:
    """Of files that hold a model, and the symbols of its outputs. Raises InputError for one that cannot be read."""
    return hashlib.sha256("\n".join([*symbols, *(digest(Path(file)) for file in files)]).encode()).hexdigest()
