"""The device on which networks run: the CPU or a CUDA GPU."""
from __future__ import annotations

import re
from typing import TYPE_CHECKING, Optional

from ctcb.errors import InputError

if TYPE_CHECKING:
    import torch


def gpu_number(name: str, local_rank: Optional[int] = None) -> Optional[int]:
    """The number of the GPU that a name of :func:`open_device` stands for, if there are so many; None for the CPU.

    Raises InputError for another name. Needs no torch.
    """
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", name):
        raise InputError(f"device {name!r} is unknown", hint="use auto, cpu, cuda or cuda:N")
    if name == "cpu":
        return None
    return int(name[5:]) if name.startswith("cuda:") else local_rank or 0


def open_device(name: str = "auto", local_rank: Optional[int] = None) -> torch.device:
    """``cpu``, ``cuda``, ``cuda:N``, or ``auto``: a GPU where there is one, else the CPU.

    ``local_rank``: among processes that share a machine, ``cuda`` and ``auto`` give this one the GPU of that number.
    Raises InputError for another name, and for a GPU that is not there.
    """
    import torch  # here: models in ONNX run without it

    number = gpu_number(name, local_rank)
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if number is None or (name == "auto" and not count):
        return torch.device("cpu")
    if number >= count:
        found = "no GPU" if not count else f"{count} GPU" + "s" * (count > 1)
        raise InputError(f"no device {name}: torch {torch.__version__} finds {found} for process {local_rank or 0}", hint="use --device cpu, or auto")
    if hasattr(torch.backends.cuda, "enable_cudnn_sdp"):
        # cuDNN's attention makes a plan for each new shape, and batches differ: 184 ms a training step where 55 will do.
        torch.backends.cuda.enable_cudnn_sdp(False)
    return torch.device("cuda", number)


def has_bf16(device: torch.device) -> bool:
    """Whether a device has instructions for products of bf16. A GPU has them since compute capability 8: torch itself also says yes where
    they are only emulated, and slow. Of processors, x86's are known."""
    import torch
    from llvmlite.binding import get_host_cpu_features

    if device.type == "cuda":
        return bool(torch.version.hip) or torch.cuda.get_device_capability(device) >= (8, 0)
    features = get_host_cpu_features()
    return any(features.get(name, False) for name in ("avx512bf16", "amx-bf16"))


def sent(x: torch.Tensor, device: torch.device) -> torch.Tensor:
    """A tensor on a device; from the CPU to a GPU through pinned memory, for which the processor does not wait."""
    return x.pin_memory().to(device, non_blocking=True) if (x.device.type, device.type) == ("cpu", "cuda") else x.to(device)
