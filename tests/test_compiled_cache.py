"""Compiled functions of an installation that is for reading only are compiled once, in a cache that can be written to."""
from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest

MODULE = """
from ctcb.compiled import compiled

@compiled
def double(x):
    return 2 * x
"""
USE = "import module; print(module.double(4), sum(module.double.stats.cache_hits.values()))"


@pytest.fixture
def installation(tmp_path):
    """A module beside which nothing can be written, not even by root, and a user whose home cannot be made."""
    package = tmp_path / "package"
    package.mkdir()
    (package / "module.py").write_text(MODULE)
    (package / "__pycache__").touch()  # a file where the folder should be
    (tmp_path / "tmp").mkdir()
    env = {name: value for name, value in os.environ.items() if not name.startswith(("NUMBA_", "XDG_", "CTCB_"))}
    env.update(HOME="/proc/none", TMPDIR=str(tmp_path / "tmp"), PYTHONPATH=f"{package}:{env.get('PYTHONPATH', '')}", PYTHONDONTWRITEBYTECODE="1")

    def use(**more):
        ran = subprocess.run([sys.executable, "-c", USE], env={**env, **more}, capture_output=True, text=True, timeout=300)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.split()

    return use


pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a folder in which nobody can make another")


def test_compiled_once_for_a_user_without_a_home(installation, tmp_path):
    assert installation() == ["8", "0"] and installation() == ["8", "1"]
    (folder,) = (tmp_path / "tmp").iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700 and list(folder.rglob("*.nbi"))


def test_compiled_once_in_the_cache_of_the_user(installation, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    assert installation(HOME=str(home)) == ["8", "0"] and installation(HOME=str(home)) == ["8", "1"]
    assert list((home / ".cache").rglob("*.nbi")) and not list((tmp_path / "tmp").iterdir())


def test_compiled_once_in_a_named_cache(installation, tmp_path):
    for name in ("CTCB_CACHE", "NUMBA_CACHE_DIR"):
        named = {name: str(tmp_path / name)}
        assert installation(**named) == ["8", "0"] and installation(**named) == ["8", "1"]
        assert list((tmp_path / name).rglob("*.nbi"))


def test_a_folder_to_which_others_may_write_is_not_used(installation, tmp_path):
    """numba runs what lies there."""
    folder = tmp_path / f"tmp/ctcb-numba-{os.getuid()}"
    folder.mkdir()
    folder.chmod(0o777)
    assert installation() == ["8", "0"] and installation() == ["8", "0"] and not list(folder.iterdir())
    folder.rmdir()
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    folder.symlink_to(tmp_path / "elsewhere")
    assert installation() == ["8", "0"] and not list((tmp_path / "elsewhere").iterdir())
