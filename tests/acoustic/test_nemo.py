"""Models of NeMo's real classes, in an environment of their own (utils/nemo_env.sh)."""
from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

PYTHON = os.environ.get("CTCB_NEMO_PYTHON")
ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.skipif(not PYTHON, reason="NeMo is not tested: CTCB_NEMO_PYTHON names no Python that has it (utils/nemo_env.sh makes one)")
def test_models_of_nemo(tmp_path):
    checks = Path(__file__).with_name("nemo_checks.py")
    ran = subprocess.run(
        [str(PYTHON), str(checks), str(tmp_path)], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=600
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    assert set(found) == {"characters", "subwords", "hybrid"}
    for name, model in found.items():
        assert model["nemo"] < 1e-5 and model["frame_shift"] == 0.04, name
        assert model["blank"] == len(model["symbols"]) - 1 == model["shape"][1] - 1, name
    for name in ("characters", "subwords"):
        # NeMo pads with silence where Kaldi mirrors, and adds 2^-24 where Kaldi has a floor.
        assert found[name]["onnx"] < 0.03 and found[name]["onnx_shape"] == found[name]["shape"], name
