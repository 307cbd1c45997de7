"""The device on which networks run: the CPU or a CUDA GPU."""
from __future__ import annotations

import re
from typing import Optional

import torch

from ctcb.errors import InputError


def open_device(name: str = "auto", local_rank: Optional[int] = None) -> torch.device:
    """``cpu``, ``cuda``, ``cuda:N``, or ``auto``: a GPU where there is one, else the CPU.

    ``local_rank``: among processes that share a machine, ``cuda`` and ``auto`` give this one the GPU of that number.
    Raises InputError for another name, and for a GPU that is not there.
    """
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", name):
        raise InputError(f"device {name!r} is unknown", hint="use auto, cpu, cuda or cuda:N")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "cpu" or (name == "auto" and not count):
        return torch.device("cpu")
    number = int(name[5:]) if name.startswith("cuda:") else local_rank or 0
    if number >= count:
        found = "no GPU" if not count else f"{count} GPU" + "s" * (count > 1)
        raise InputError(f"no device {name}: torch {torch.__version__} finds {found} for process {local_rank or 0}", hint="use --device cpu, or auto")
    if hasattr(torch.backends.cuda, "enable_cudnn_sdp"):
        # cuDNN's attention makes a plan for each new shape, and batches differ: 184 ms a training step where 55 will do.
        torch.backends.cuda.enable_cudnn_sdp(False)
    return torch.device("cuda", number)
