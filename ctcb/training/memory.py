"""The memory that a training takes."""
from __future__ import annotations

import resource
import sys

import torch


def peak_gib(device: torch.device) -> float:
    """The most that was held so far, in GiB: of tensors on a GPU; without one, of this process in all."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**30
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30
