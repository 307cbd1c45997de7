"""Weights in safetensors files, checked before they are used."""
from __future__ import annotations

from pathlib import Path
from typing import Dict, Optional, Tuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from ctcb.errors import InputError, RunError
from ctcb.io import atomic_path, remove_parts


def read_tensors(path: Path) -> Tuple[Dict[str, Tensor], Dict[str, str]]:
    """All tensors of a safetensors file, and its metadata."""
    try:
        with safe_open(str(path), framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}
    except FileNotFoundError:
        raise InputError("no such file", file=path, hint="check the path") from None
    except (SafetensorError, OSError) as error:
        raise InputError(f"not a whole safetensors file ({error})", file=path, hint="copy it again or remove it") from None


def read_metadata(path: Path) -> Dict[str, str]:
    """The metadata of a safetensors file alone. Raises InputError as :func:`read_tensors` does."""
    try:
        with safe_open(str(path), framework="pt") as file:
            return file.metadata() or {}
    except FileNotFoundError:
        raise InputError("no such file", file=path, hint="check the path") from None
    except (SafetensorError, OSError) as error:
        raise InputError(f"not a whole safetensors file ({error})", file=path, hint="copy it again or remove it") from None


def save_tensors(path: Path, tensors: Dict[str, Tensor], metadata: Optional[Dict[str, str]] = None) -> None:
    """Write a safetensors file whole or not at all. Raises RunError where that fails, and leaves the old one."""
    remove_parts(path)
    try:
        with atomic_path(path) as part:
            save_file({name: value.contiguous() for name, value in tensors.items()}, str(part), metadata)
    except (SafetensorError, OSError) as error:
        raise RunError(f"{path}: cannot be written ({error})") from None


def save_half(path: Path, weights: Dict[str, Tensor]) -> None:
    """Write weights in float16; the file is there whole or not at all."""
    save_tensors(path, {name: value.half() for name, value in weights.items()})


SCALE = ".scale"  # what follows the name of an int8 tensor in the name of its scales


def quantized(weights: Dict[str, Tensor]) -> Dict[str, Tensor]:
    """Matrices and kernels as int8 with a float32 scale a row (the first dimension); vectors as float16.

    A row's largest magnitude becomes 127 (symmetric, round to nearest).
    """
    stored: Dict[str, Tensor] = {}
    for name, value in weights.items():
        if value.dim() < 2:
            stored[name] = value.half()
            continue
        rows = value.float().flatten(1)
        scale = rows.abs().amax(dim=1).clamp(min=1e-12) / 127.0
        stored[name] = (rows / scale[:, None]).round().to(torch.int8).view(value.shape)
        stored[name + SCALE] = scale
    return stored


def dequantized(stored: Dict[str, Tensor], path: Path) -> Dict[str, Tensor]:
    """Weights as numbers again: what `quantized` made, and everything else as it is.

    Raises InputError for an int8 tensor without scales, or with scales of another number than it has rows.
    """
    weights: Dict[str, Tensor] = {}
    for name, value in stored.items():
        if name.endswith(SCALE) and name[: -len(SCALE)] in stored:
            continue
        if value.dtype == torch.int8:
            scale = stored.get(name + SCALE)
            if scale is None or scale.shape != value.shape[:1]:
                raise InputError(f"int8 tensor {name!r} has no scale for each row", file=path, hint="export the model again")
            value = value.float() * scale.float().view(-1, *[1] * (value.dim() - 1))
        weights[name] = value
    return weights


def load_weights(model: nn.Module, weights: Dict[str, Tensor], path: Path) -> None:
    """Strictly load ``weights``; what does not fit is an InputError that names a tensor."""
    wanted = model.state_dict()
    for name in sorted(set(wanted) ^ set(weights)):
        where = "is missing" if name in wanted else "belongs to no part of the model"
        raise InputError(f"tensor {name!r} {where}", file=path, hint="these weights are of another model or version")
    for name, value in weights.items():
        if value.shape != wanted[name].shape:
            raise InputError(
                f"tensor {name!r} is {list(value.shape)} where the model has {list(wanted[name].shape)}",
                file=path, hint="these weights are of another model or version",
            )
    model.load_state_dict({name: value.to(wanted[name].dtype) for name, value in weights.items()})
