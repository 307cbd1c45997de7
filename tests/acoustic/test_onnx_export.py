"""`ctcb export --onnx`: the bundled model and a conformer in ONNX, compared with torch, and run without torch."""
from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from ctcb.acoustic.onnx_export import export_onnx
from ctcb.acoustic.onnx_front_end import FrontEnd
from ctcb.acoustic.open import open_model
from ctcb.bundled import BUNDLED_MODEL
from ctcb.data.audio import read_audio
from ctcb.data.features import FeatureConfig, FeatureExtractor
from ctcb.errors import InputError

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

DEMO = BUNDLED_MODEL.parent / "demo"
ROOT = Path(__file__).parents[2]
WITHOUT_TORCH = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "torchaudio", "lhotse"):
            raise ImportError(f"{name} is not installed")

sys.meta_path.insert(0, Missing())
from ctcb.cli import main
main(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def bundled(tmp_path_factory):
    """The bundled model's export."""
    out = tmp_path_factory.mktemp("onnx")
    return export_onnx(BUNDLED_MODEL, out)


@pytest.mark.parametrize("kind", ["kaldi", "whisper"])
@pytest.mark.parametrize("count", [160, 399, 16_079, 16_080, 20_001])
def test_front_end_computes_the_features(kind, count):
    config = FeatureConfig(kind)
    samples = read_audio(DEMO / "audio/demo_01.ogg").samples[8000 : 8000 + count]
    expected = FeatureExtractor(config)(samples)
    found = FrontEnd.of(config)(torch.from_numpy(samples)[None])[0]
    assert found.shape == expected.shape and float((found - expected).abs().max()) < 2e-3


def same(model, other, samples):
    """Compare the emissions of two models: probabilities to 1e-4, their logarithms to 5e-4."""
    one, two = (each.forward([each.prepare(samples)], [""])[0] for each in (model, other))
    for mine, theirs in ((one.tokens, two.tokens), (one.phones, two.phones)):
        np.testing.assert_allclose(np.exp(mine), np.exp(theirs), atol=1e-4, rtol=0)
        np.testing.assert_allclose(mine, theirs, atol=5e-4, rtol=0)


def test_model_with_limited_context(streaming_dir, tmp_path):
    ours, exported = open_model(str(streaming_dir)), open_model(f"onnx:{export_onnx(streaming_dir, tmp_path)}")
    samples = np.tile(read_audio(DEMO / "audio/demo_03.ogg").samples, 3)
    for count in (len(samples), 20_001, 700):
        same(ours, exported, samples[:count])


def test_bundled_model(bundled):
    ours, exported = open_model(str(BUNDLED_MODEL)), open_model(f"onnx:{bundled}")
    samples = read_audio(DEMO / "audio/demo_03.ogg").samples
    for count in (len(samples), 20_001, 700):
        same(ours, exported, samples[:count])
    assert exported.frame_shift == ours.frame_shift and exported.max_seconds == ours.max_seconds
    assert exported.spelling.table.symbols == tuple(ours.spelling.table.symbols)
    assert exported.phonetics.symbols == ours.phonetics.symbols


def test_conformer(model_dir, tmp_path):
    ours, exported = open_model(str(model_dir)), open_model(f"onnx:{export_onnx(model_dir, tmp_path)}")
    samples = np.random.default_rng(0).normal(0, 0.1, 30_000).astype(np.float32)
    for count in (30_000, 16_000, 1000):
        same(ours, exported, samples[:count])


def test_int8_is_small_and_near(bundled, ctcb, tmp_path):
    ran = ctcb("export", BUNDLED_MODEL, "--onnx", "--int8", "--out", tmp_path)
    assert ran.code == 0, ran.err
    assert (tmp_path / "model.onnx").stat().st_size < 0.45 * bundled.stat().st_size
    samples = read_audio(DEMO / "audio/demo_03.ogg").samples
    small, large = (open_model(f"onnx:{path}") for path in (tmp_path / "model.onnx", bundled))
    found, expected = (np.exp(model.forward([samples], [""])[0].tokens) for model in (small, large))
    assert np.mean(found.argmax(1) == expected.argmax(1)) > 0.9


def test_runs_without_torch(bundled, tmp_path):
    shutil.copy(DEMO / "audio/demo_03.ogg", tmp_path / "a.ogg")
    (tmp_path / "names.txt").write_text("velotoxine\n")
    words = ["decode", "--model", f"onnx:{bundled}", "--entities", "names.txt", "--with", "verify", "--with", "lookup", "a.ogg"]
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, *words], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=300,
    )
    assert (ran.returncode, ran.stdout) == (0, "a she was given two tablets of velotoxine in the morning\n"), ran.stderr
    refused = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, "decode", "a.ogg"], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=300,
    )
    assert refused.returncode == 1 and "torch" in refused.stderr and len(refused.stderr.splitlines()) == 1


def test_wrong_use(ctcb, model_dir, tmp_path):
    ran = ctcb("export", tmp_path, "--onnx", "--out", tmp_path / "out")
    assert ran.code == 2 and "model.yaml" in ran.err
    ran = ctcb("export", model_dir, "--onnx", "--average", "2", "--out", tmp_path / "out")
    assert ran.code == 2 and "--average is for checkpoints" in ran.err
    with pytest.raises(InputError, match="the model directory itself"):
        export_onnx(model_dir, model_dir)
