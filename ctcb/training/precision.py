"""The arithmetic precision of a training: what a device can do, and the contexts in which it does so.

Weights, the optimiser and whatever is sensitive to rounding stay in float32 (mixed precision). bf16 has float32's range.
fp16 has not, so its losses are scaled up before the backward pass, by as much as the gradients bear
(Micikevicius et al. 2018).
"""
from __future__ import annotations

from typing import Any

import torch

from ctcb.device import has_bf16
from ctcb.errors import InputError

PRECISIONS = ("fp32", "bf16", "fp16", "auto")
_DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def precision_on(device: torch.device, name: str) -> str:
    """``fp32``, ``bf16`` or ``fp16``. ``auto``: on a GPU bf16, or fp16 where bf16 is missing; on the CPU fp32.

    Raises InputError for what the device, or torch, does not have.
    """
    gpu = device.type == "cuda"
    missing = ""
    if major_version() < 2:
        missing = f"bf16 needs torch 2, this is {torch.__version__}"
    elif gpu and not has_bf16(device):
        missing = f"{torch.cuda.get_device_name(device)} has no bf16"
    if name == "auto":
        return ("fp16" if missing else "bf16") if gpu else "fp32"
    if name == "bf16" and missing:
        raise InputError(missing, hint="use precision fp16 or fp32" if gpu else "use precision fp32")
    if name == "fp16" and not gpu:
        raise InputError("precision fp16 is for GPUs", hint="use precision auto, or name a GPU with --device cuda")
    return name


def major_version() -> int:
    """torch's."""
    return int(torch.__version__.split(".")[0])


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """The context in which a network computes in a precision."""
    return torch.autocast(device.type, dtype=_DTYPES.get(precision), enabled=precision in _DTYPES)


def loss_scaler(precision: str) -> Any:
    """torch's GradScaler: it scales losses under fp16, and does nothing in other precisions."""
    enabled = precision == "fp16"
    if hasattr(torch.amp, "GradScaler"):
        return torch.amp.GradScaler("cuda", enabled=enabled)
    return torch.cuda.amp.GradScaler(enabled=enabled)
