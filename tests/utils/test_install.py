"""`pip install .` beside a newer PyTorch, without k2."""
from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TORCH = "2.13.0"


def python311():
    """A Python 3.11 that runs: a pyenv shim may be on PATH and fail."""
    program = shutil.which("python3.11")
    runs = program and subprocess.run([program, "-c", "import venv, ensurepip"], capture_output=True).returncode == 0
    return program if runs else pytest.skip("no Python 3.11 here")


@pytest.mark.slow
def test_bundled_model_decodes_after_pip_install(tmp_path):
    python = python311()
    subprocess.run([python, "-m", "venv", tmp_path / "try"], check=True)
    pip = [tmp_path / "try/bin/python", "-m", "pip", "--quiet", "--disable-pip-version-check"]
    asked = subprocess.run([*pip, "install", "--dry-run", "--report", "-", f"torch=={TORCH}"], capture_output=True, text=True)
    if asked.returncode:
        pytest.skip(f"torch {TORCH} is not to be had here")
    if any(one["metadata"]["name"].startswith(("nvidia", "cuda")) for one in json.loads(asked.stdout)["install"]):
        pytest.skip(f"torch {TORCH} for processors alone is not to be had here, and the other is too large for a test")
    ran = subprocess.run([ROOT / "utils/try_install.sh", "--python", python, "--torch", TORCH], capture_output=True, text=True, cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "velotoxine" in ran.stdout and ran.stdout.endswith("no k2: works\n")
