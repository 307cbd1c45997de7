"""utils/gpu_check.sh on the CPU, with small sizes."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
SMALL = ["--seconds", "10", "--steps", "2", "--loss-steps", "4", "--models", "tiny", "--decode-seconds", "20", "--names", "50"]


def check(folder, *more):
    words = ["bash", ROOT / "utils/gpu_check.sh", "--device", "cpu", "--json", folder / "out/c.json", "--", *SMALL, *more]
    return subprocess.run(words, capture_output=True, text=True, cwd=folder, env=ENVIRONMENT)


def test_chosen_checks_are_printed_and_written(tmp_path):
    ran = check(tmp_path, "--check", "loss_curves", "--check", "training_tiny_fp32")
    assert ran.returncode == 0, ran.stderr
    found = json.loads((tmp_path / "out/c.json").read_text())
    assert list(found) == ["device", "torch", "devices", "loss_curves", "training_tiny_fp32", "seconds"]
    assert found["device"] == "cpu" and found["loss_curves"]["largest_difference"] == 0.0 and len(found["loss_curves"]["cpu"]) == 4
    assert found["training_tiny_fp32"]["times_real_time"] > 0
    for name in list(found)[3:]:
        assert f"{name}: {json.dumps(found[name])}\n" in ran.stdout


def test_time_limit_and_unknown_checks(tmp_path):
    ran = check(tmp_path, "--minutes", "0", "--check", "decoding")
    assert ran.returncode == 0 and 'decoding: "left out: no time"' in ran.stdout
    ran = check(tmp_path, "--check", "speed")
    assert ran.returncode == 2 and "--check speed is unknown" in ran.stderr


@pytest.mark.slow
def test_all_checks(tmp_path):
    ran = check(tmp_path)
    assert ran.returncode == 0, ran.stderr
    found = json.loads((tmp_path / "out/c.json").read_text())
    assert found["resume_after_kill"]["weight_difference"] == 0.0 and found["resume_after_kill"]["killed_at_step"] > 0
    assert found["decoding"]["audio_s"] >= 20 and found["decoding"]["names"] == 50
    assert found["training_together"]["processes"] == found["training_tiny_2_processes"]["processes"] == 2
