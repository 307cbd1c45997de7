"""`pip install .` beside a newer PyTorch, without k2."""
from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from project import dependencies, extras

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


def packages(lines):
    """Names and versions of requirements, by name."""
    return {re.split(r"[><=]", line)[0]: line for line in map(str.strip, lines) if line and not line.startswith("#")}


def test_list_without_torch_has_all_else():
    required, onnx = packages(dependencies()), packages(extras()["onnx"])
    listed = packages((ROOT / "utils/requirements/without_torch.txt").read_text("utf-8").splitlines())
    left_out = {"torch", "lhotse", "urllib3"}
    assert left_out <= set(required)
    assert listed == {**{name: line for name, line in required.items() if name not in left_out}, **onnx}


@pytest.mark.slow
def test_onnx_model_decodes_after_an_install_without_torch(tmp_path):
    pytest.importorskip("onnx")
    from ctcb.acoustic.onnx_export import export_onnx
    from ctcb.bundled import BUNDLED_MODEL

    subprocess.run([python311(), "-m", "venv", tmp_path / "try"], check=True)
    pip = [tmp_path / "try/bin/python", "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    subprocess.run([*pip, "pip==25.3", "setuptools", "wheel"], check=True)
    subprocess.run([*pip, "-r", ROOT / "utils/requirements/without_torch.txt"], check=True)
    (tmp_path / "source").mkdir()
    shutil.copytree(ROOT / "ctcb", tmp_path / "source/ctcb")
    shutil.copytree(ROOT / "conf", tmp_path / "source/conf")
    for file in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, tmp_path / "source")
    subprocess.run([*pip, "--no-deps", tmp_path / "source"], check=True)
    assert subprocess.run([tmp_path / "try/bin/python", "-c", "import torch"], capture_output=True).returncode == 1
    model, names = export_onnx(BUNDLED_MODEL, tmp_path / "onnx"), tmp_path / "names.txt"
    names.write_text("velotoxine\n")
    words = ["decode", "--model", f"onnx:{model}", "--entities", names, BUNDLED_MODEL.parent / "demo/audio/demo_03.ogg"]
    ran = subprocess.run([tmp_path / "try/bin/ctcb", *words], capture_output=True, text=True, cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (0, "demo_03 she was given two tablets of velotoxine in the morning\n"), ran.stderr
