"""What `ctcb doctor` says of devices, and every command that takes one where it is not there."""
import os
import subprocess
import sys
from collections import namedtuple

import pytest
import torch

from ctcb.bundled import BUNDLED_MODEL
from ctcb.cli import every_command
from ctcb.cli.common import devices
from ctcb.models import bf16

Gpu = namedtuple("Gpu", "name major minor")


@pytest.fixture
def build(monkeypatch):
    """A torch of another build, and GPUs."""

    def have(cuda="12.8", gpus=(), kernels=("sm_80", "sm_90", "sm_120"), nccl=True):
        monkeypatch.setattr(torch.version, "cuda", cuda)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: bool(gpus))
        monkeypatch.setattr(torch.cuda, "device_count", lambda: len(gpus))
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda number: gpus[number])
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: gpus[device.index][1:])
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda number: (60 * devices.GIB, 80 * devices.GIB))
        monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: list(kernels))
        monkeypatch.setattr(torch.distributed, "is_nccl_available", lambda: nccl)
        monkeypatch.setattr(torch.cuda.nccl, "version", lambda: (2, 21, 5))
        return {name: (found, missing) for name, found, missing in devices.devices()}

    return have


def test_build_without_cuda(build):
    found = build(cuda=None, nccl=False)
    assert "CPU only" in found["torch"][0] and "setup_env.sh --set modern" in found["torch"][1]
    assert found["GPU"][0] == "none found" and "gloo" in found["NCCL"][1]


def test_build_that_finds_no_gpu(build):
    found = build()
    assert "CUDA 12.8" in found["torch"][0] and found["torch"][1] == ""
    assert "CUDA_VISIBLE_DEVICES" in found["GPU"][1] and found["NCCL"][1] == ""


def test_gpus_with_memory_and_precision(build):
    found = build(gpus=[Gpu("NVIDIA H100", 9, 0), Gpu("Tesla V100", 7, 0)])
    assert found["cuda:0"] == ("NVIDIA H100, 80.0 GiB (60.0 free), bf16", "")
    assert found["cuda:1"][0].endswith("no bf16: fp16") and "no kernels for it" in found["cuda:1"][1]
    assert found["NCCL"][0] == "2.21.5"


@pytest.mark.parametrize("capability, kernels, runs", [
    ((9, 0), ["sm_50", "sm_80", "sm_86"], False), ((9, 0), ["sm_90a"], True), ((8, 9), ["sm_80"], True), ((8, 0), ["sm_86"], False),
    ((12, 0), ["sm_90", "compute_90"], True), ((10, 3), ["sm_100f"], True), ((7, 5), ["sm_75", "sm_80"], True), ((9, 4), ["gfx942"], True),
])  # fmt: skip
def test_kernels_for_a_gpu(capability, kernels, runs):
    assert devices._runs(*capability, kernels) == runs


@pytest.mark.parametrize("installed, providers, expected", [
    ({}, [], ("not installed", "pip install 'ctcb[onnx]'")), ({"onnxruntime": "1.9"}, ["CPUExecutionProvider"], ("onnxruntime 1.9: CPU", "pip install 'ctcb[onnx-gpu]'")),
    ({"onnxruntime-gpu": "1.9"}, ["CUDAExecutionProvider", "CPUExecutionProvider"], ("onnxruntime-gpu 1.9: CUDA, CPU", "")),
])  # fmt: skip
def test_onnx_providers(monkeypatch, installed, providers, expected):
    def version(name):
        if name not in installed:
            raise devices.PackageNotFoundError
        return installed[name]

    monkeypatch.setattr(devices, "version", version)
    pretended = type(sys)("onnxruntime")
    pretended.get_available_providers = lambda: providers
    monkeypatch.setitem(sys.modules, "onnxruntime", pretended)
    _, found, missing = devices._onnx()
    assert found == expected[0] and expected[1] in missing and bool(expected[1]) == bool(missing)


# Every command that takes a device, with what it needs before it opens that.
ON_DEVICE = {
    "decode": ["{demo}/audio"],
    "stream": ["--rate", "16000"],
    "emit": ["{demo}/manifest.tsv", "--out", "{tmp}/e.npz"],
    "ablate": ["--data", "{demo}", "--absent", "0", "--lm", "none"],
    "tune": ["--data", "{demo}", "--absent", "0", "--added", "0", "--lm", "none", "--trials", "1", "--out", "{tmp}/d.yaml"],
    "train base": ["--config", "{tmp}/m.yaml", "--data", "{tmp}", "--lang", "{model}", "--out", "{tmp}/out"],
    "train adapter": ["--base", "{model}", "--data", "{tmp}", "--out", "{tmp}/out"],
}  # fmt: skip


@pytest.fixture
def words(tmp_path):
    """The words of a command on a GPU."""

    def of(name):
        (tmp_path / "m.yaml").write_text("encoder: {dim: 32, layers: 2, heads: 2}\ninter_ctc: []\n")
        places = {"demo": str(BUNDLED_MODEL.parent / "demo"), "tmp": str(tmp_path), "model": str(BUNDLED_MODEL)}
        return [*name.split(), *(word.format(**places) for word in ON_DEVICE[name]), "--device", "cuda"]

    return of


def test_all_commands_with_a_device_are_tried():
    assert {name for name, command in every_command() if any("--device" in option.opts for option in command.params)} == set(ON_DEVICE)


@pytest.mark.parametrize("name", ON_DEVICE)
def test_missing_device_is_one_line(ctcb, build, words, name):
    build()
    ran = ctcb(*words(name))
    assert ran.code == 2
    assert len(ran.err.splitlines()) == 1 and "no device cuda" in ran.err and "--device cpu" in ran.err


@pytest.mark.parametrize("name", [name for name in ON_DEVICE if not name.startswith("train")])
def test_missing_precision_is_one_line(ctcb, monkeypatch, words, name):
    monkeypatch.setattr(bf16, "has_bf16", lambda device: False)
    ran = ctcb(*words(name)[:-2], "--precision", "bf16")
    assert ran.code == 2
    assert len(ran.err.splitlines()) == 1 and "no instructions for bf16" in ran.err and "--precision auto" in ran.err


@pytest.mark.parametrize("name", ["emit", "train base"])
def test_hidden_gpus_are_missing(words, name):
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    ran = subprocess.run([sys.executable, "-m", "ctcb", *words(name)], capture_output=True, text=True, env=environment)
    assert ran.returncode == 2 and len(ran.stderr.splitlines()) == 1 and "finds no GPU" in ran.stderr
