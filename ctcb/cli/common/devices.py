"""The devices that networks can run on here, and what is missing for others, in words."""
from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import List, Tuple

import torch

from ctcb.acoustic.onnx import CUDA
from ctcb.device import has_bf16
from ctcb.extras import install

GIB = 2**30
GET_TORCH = "a build for CUDA: https://pytorch.org/get-started/locally, or in a checkout utils/setup_env.sh --set modern"
CHECK_DRIVER = "see that nvidia-smi lists it, that its driver is new enough, and CUDA_VISIBLE_DEVICES"
ONNX_PACKAGES = ("onnxruntime-gpu", "onnxruntime")

Line = Tuple[str, str, str]  # what, what there is, what is missing and how to get it


def devices() -> List[Line]:
    """Torch's build, the processor, the GPUs, what processes on them exchange tensors with, and ONNX's providers."""
    return [_torch(), _processor(), *_gpus(), _nccl(), _onnx()]


def _torch() -> Line:
    build = f"CUDA {torch.version.cuda}" if torch.version.cuda else f"ROCm {torch.version.hip}" if torch.version.hip else "CPU only"
    return "torch", f"{torch.__version__}, {build}", "" if build != "CPU only" else f"for GPUs {GET_TORCH}"


def _processor() -> Line:
    there = has_bf16(torch.device("cpu"))
    return "processor", "bf16: --precision bf16 is faster" if there else "no bf16", ""


def _gpus() -> List[Line]:
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if not count:
        has_cuda = bool(torch.version.cuda or torch.version.hip)
        return [("GPU", "none found", f"where there is one, {CHECK_DRIVER}" if has_cuda else "this torch cannot use any")]
    return [_gpu(number) for number in range(count)]


def _gpu(number: int) -> Line:
    found = torch.cuda.get_device_properties(number)
    free, total = torch.cuda.mem_get_info(number)
    precision = "bf16" if has_bf16(torch.device("cuda", number)) else "no bf16: fp16"
    kernels = torch.cuda.get_arch_list()
    missing = "" if _runs(found.major, found.minor, kernels) else f"this torch has no kernels for it ({', '.join(kernels)}); take {GET_TORCH}"
    return f"cuda:{number}", f"{found.name}, {total / GIB:.1f} GiB ({free / GIB:.1f} free), {precision}", missing


def _runs(major: int, minor: int, kernels: List[str]) -> bool:
    """Whether one of ``sm_90``, ``compute_90``... is for a GPU of this compute capability: of the same major version, or compiled here."""
    if not any(kernel.startswith("sm_") for kernel in kernels):
        return True  # ROCm names its own
    for kernel in kernels:
        kind, digits = kernel.split("_", 1)
        digits = digits.rstrip("af")  # kernels of one architecture alone, or of its family
        capability = int(digits[:-1]), int(digits[-1])
        if capability <= (major, minor) and (kind == "compute" or capability[0] == major):
            return True
    return False


def _nccl() -> Line:
    there = torch.distributed.is_available() and torch.distributed.is_nccl_available()
    if not there:
        return "NCCL", "not in this torch", f"training on several GPUs needs it; processes on CPUs use gloo; it is in {GET_TORCH}"
    return "NCCL", ".".join(map(str, torch.cuda.nccl.version())) if torch.cuda.is_available() else "there", ""


def _onnx() -> Line:
    installed = []
    for name in ONNX_PACKAGES:
        try:
            installed.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            pass
    if not installed:
        return "ONNX", "not installed", install("onnx")
    try:
        from onnxruntime import get_available_providers

        providers = get_available_providers()
    except Exception as error:  # a package may fail in any way when it is imported
        return "ONNX", f"does not load ({type(error).__name__})", f"pip install --force-reinstall {installed[0].split()[0]}"
    missing = "" if CUDA in providers else f"for CUDA: {install('onnx-gpu')}"
    return "ONNX", f"{', '.join(installed)}: {', '.join(name.replace('ExecutionProvider', '') for name in providers)}", missing
