"""What only a GPU can show: `pytest -m gpu`, skipped without CUDA. CTCB_GPU_TESTS=cpu tries the tests themselves on the CPU."""
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_training import write_yaml
from tones import sentences, write_manifest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "utils"))
import gpu_check  # noqa: E402
import gpu_measures  # noqa: E402
import gpu_runs  # noqa: E402

from ctcb.models.weights import read_tensors  # noqa: E402

DEVICE = os.environ.get("CTCB_GPU_TESTS", "cuda")
pytestmark = [
    pytest.mark.gpu, pytest.mark.skipif(DEVICE == "cuda" and not torch.cuda.is_available(), reason="there is no GPU here"),
]  # fmt: skip


def emitted(ctcb, folder, device, *more):
    out = folder / f"{device}.npz"
    ran = ctcb("emit", folder / "manifest.tsv", "--device", device, "--out", out, *more)
    assert ran.code == 0, ran.err
    with np.load(out) as arrays:
        return dict(arrays)


def test_emissions_are_the_cpus(ctcb, model_dir, tmp_path):
    write_manifest(tmp_path, sentences(6))
    there, here = (emitted(ctcb, tmp_path, device, "--model", model_dir) for device in (DEVICE, "cpu"))
    assert there.keys() == here.keys() and len(here) == 6
    for name, rows in here.items():
        np.testing.assert_allclose(there[name], rows, atol=2e-3)


def test_emissions_in_bf16_are_near():
    found = gpu_measures.emissions(torch.device(DEVICE))
    assert found["fp32"] < 1e-3 and found.get("bf16", 0.0) < 0.3


def test_first_steps_lose_what_they_lose_on_the_cpu():
    found = gpu_check.curves(torch.device(DEVICE), 30)
    assert found["largest_difference"] < 1e-3
    assert found[DEVICE][-1] < 0.9 * found[DEVICE][0]


def test_killed_run_resumes(tmp_path):
    found = gpu_runs.resumed(DEVICE, tmp_path)
    assert found["killed_at_step"] > 0
    assert found["weight_difference"] <= (0.0 if DEVICE == "cpu" else 1e-3)  # a GPU adds up in any order


def test_one_process_a_gpu(tmp_path):
    count = max(1, torch.cuda.device_count()) if DEVICE == "cuda" else 2
    found = gpu_runs.together(DEVICE, count, tmp_path)
    assert found["processes"] == count and 0.0 < found["wer"] <= 1.0


def test_adapter_trains(ctcb, model_dir, features_dir, tmp_path):
    config = write_yaml(tmp_path / "a.yaml", {
        "adapter": {"dim": 16, "heads": 2, "embedding": 8, "hidden": 8}, "catalogue": {"smallest": 3, "largest": 6, "commonest": 2, "shortest": 3},
        "train": {"epochs": 2, "batch_seconds": 10, "warmup_steps": 1, "workers": 0, "lr": 1e-3},
    })  # fmt: skip
    for cache in ([], ["--cache", tmp_path / "cache"]):
        out = tmp_path / f"out{len(cache)}"
        words = ["train", "adapter", "--base", model_dir, "--train-config", config, "--data", features_dir, "--out", out, "--device", DEVICE, *cache]
        assert ctcb(*words).code == 0
        first, last = (read_tensors(out / f"epoch-00{epoch}.safetensors")[0] for epoch in (1, 2))
        assert all(torch.isfinite(value.float()).all() for value in last.values()) and any(not torch.equal(first[name], last[name]) for name in first)
