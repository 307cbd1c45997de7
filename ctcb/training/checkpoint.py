"""Checkpoints: one safetensors file with weights and optimiser state; no pickle.

Random state needs no place in it: every step seeds its own (`ctcb.training.loop`). The file is
replaced whole, so that a run killed at any moment finds the last good one.
"""
from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional

import torch
from torch import Tensor, nn

from ctcb.errors import InputError
from ctcb.models.weights import load_weights, read_metadata, read_tensors, save_tensors


@dataclass
class Position:
    """The position of a run."""

    epoch: int = 0  # the epoch under way, counted from 0
    batch: int = 0  # batches of it that are done
    step: int = 0  # optimiser steps since the beginning
    skipped: int = 0  # batches whose loss or gradient was not finite
    steps_per_epoch: int = 0
    warmup: Optional[int] = None  # steps; fixed when the run begins, so that more epochs do not change it
    extra: int = 0  # steps beyond those that the epochs before would have had as they are now: what was accepted changed their number


def save(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, position: Position, made_for: Optional[Dict[str, str]] = None,
    scaler: Optional[Dict[str, Any]] = None,
) -> None:
    """Write everything that the run needs to go on as if it had not stopped.

    ``made_for``: see `ctcb.training.made_for`; ``scaler``: the state of `ctcb.training.precision.loss_scaler`, numbers only.
    """
    tensors: Dict[str, Tensor] = {f"model.{name}": value for name, value in model.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        for name, value in state.items():
            tensors[f"optimizer.{index}.{name}"] = torch.as_tensor(value)
    metadata = {"progress": json.dumps(asdict(position))}
    if made_for is not None:
        metadata["made_for"] = json.dumps(made_for)
    if scaler:
        metadata["scaler"] = json.dumps(scaler)
    save_tensors(path, tensors, metadata)


def made_for(path: Path) -> Optional[Dict[str, str]]:
    """What the run was made for; None where an older version wrote the checkpoint. Raises InputError as :func:`load` does."""
    try:
        metadata = read_metadata(path)
    except InputError as error:
        hint = "copy it again or, to begin anew, move it and the epoch-*.safetensors and log.jsonl beside it away"
        raise InputError(error.problem, file=path, hint=hint) from None
    _require(path, metadata)
    return json.loads(metadata["made_for"]) if "made_for" in metadata else None


def _require(path: Path, metadata: Dict[str, str]) -> None:
    if "progress" not in metadata:
        raise InputError("is no checkpoint: it does not hold the position of a run", file=path, hint="give another --out")


def load(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, scaler: Any = None) -> Position:
    """Restore a run; ``scaler``, if there is one, keeps its state where the checkpoint has none.

    Raises
    ------
    InputError : the file is no checkpoint, or one of another model.
    """
    tensors, metadata = read_tensors(path)
    _require(path, metadata)
    weights = {name[len("model."):]: value for name, value in tensors.items() if name.startswith("model.")}
    load_weights(model, weights, path)
    state: Dict[int, Dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("optimizer."):
            _, index, key = name.split(".", 2)
            state.setdefault(int(index), {})[key] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    if scaler is not None and "scaler" in metadata:
        scaler.load_state_dict(json.loads(metadata["scaler"]))
    return Position(**json.loads(metadata["progress"]))


def average(paths: List[Path]) -> Dict[str, Tensor]:
    """The mean of several files of weights."""
    total: Optional[Dict[str, Tensor]] = None
    for path in paths:
        tensors, _ = read_tensors(path)
        if total is None:
            total = {name: value.double() for name, value in tensors.items()}
        else:
            for name, value in tensors.items():
                total[name] += value
    if total is None:
        raise InputError("no checkpoint to average", hint="train for at least one epoch")
    return {name: (value / len(paths)).float() for name, value in total.items()}
