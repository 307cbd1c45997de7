"""utils/install_lmplz.sh names what is missing, and installs only programs that run."""
import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "utils/install_lmplz.sh"
TOOLS = "bash dirname date mktemp rm tail grep tar gzip sha256sum install mv cat".split()


@pytest.fixture
def box(tmp_path):
    """An almost empty environment and PATH."""
    for folder in ("venv/bin", "path"):
        (tmp_path / folder).mkdir(parents=True)
    for tool in TOOLS:
        found = subprocess.run(["which", tool], capture_output=True, text=True).stdout.strip()
        (tmp_path / "path" / tool).symlink_to(found)
    program(tmp_path / "venv/bin/python", "exit 1")
    return tmp_path


def program(path, script):
    path.write_text(f"#!/bin/bash\n{script}\n")
    path.chmod(0o755)


def run(box, *more):
    return subprocess.run(["bash", SCRIPT, "--venv", box / "venv", *more], capture_output=True, text=True,
                          env={**os.environ, "PATH": str(box / "path")})


def test_missing_environment_is_reported(box):
    (box / "venv/bin/python").unlink()
    assert "utils/setup_env.sh" in run(box).stderr


def test_missing_tools_are_named(box):
    program(box / "path/make", "")
    found = run(box)
    assert found.returncode == 1 and "this is missing: g++ cmake." in found.stderr
    assert "apt install" in found.stderr and "libboost-program-options-dev" in found.stderr


def test_unavailable_or_wrong_source_is_refused(box):
    for tool in ("g++", "make", "cmake"):
        program(box / "path" / tool, "")
    assert "could not be fetched" in run(box).stderr
    with tarfile.open(box / "other.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("kenlm-0.3.0/lm"), io.BytesIO())
    assert "its SHA-256 differs" in run(box, "--source", box / "other.tar.gz").stderr
    assert "no such file" in run(box, "--source", box / "none.tar.gz").stderr


def test_missing_boost_is_reported(box):
    for tool in ("g++", "make"):
        program(box / "path" / tool, "")
    program(box / "path/cmake", "echo 'Could NOT find Boost (missing: thread)'; exit 1")
    (box / "path/sha256sum").unlink()
    program(box / "path/sha256sum", "cat >/dev/null")  # takes any archive
    with tarfile.open(box / "any.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("kenlm-0.3.0/lm"), io.BytesIO())
    found = run(box, "--source", box / "any.tar.gz")
    assert found.returncode == 1 and "Boost" in found.stderr and "libboost-thread-dev" in found.stderr
    assert sorted(path.name for path in (box / "venv/bin").iterdir()) == ["python"]


def test_existing_installation_is_kept(box):
    program(box / "venv/bin/lmplz", r"cat >/dev/null; printf '\\end\\\n'")
    program(box / "venv/bin/build_binary", "")
    found = run(box)
    assert found.returncode == 0 and not found.stderr
    program(box / "venv/bin/lmplz", "exit 1")  # one that does not run is built again
    assert "this is missing" in run(box).stderr
