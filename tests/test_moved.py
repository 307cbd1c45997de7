"""Old names of modules and objects work and warn."""
from __future__ import annotations

import importlib
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import ctcb
from ctcb.moved import MOVED


@pytest.mark.parametrize("old, new", MOVED.items())
def test_old_path_is_the_new_module(old, new):
    sys.modules.pop(old, None)
    with pytest.warns(DeprecationWarning, match=f"{old} is now {new}") as caught:
        module = importlib.import_module(old)
    assert module is importlib.import_module(new) and module.__name__ == new and module.__spec__.name == new
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert importlib.import_module(old) is module  # told once


def test_warning_names_the_importing_line(tmp_path):
    script = tmp_path / "old.py"
    script.write_text("\nfrom ctcb.decoding.options import BeamOptions\nimport ctcb.decoding.options\nprint(BeamOptions().beam)\n")
    ran = subprocess.run([sys.executable, "-W", "always", str(script)], capture_output=True, text=True, cwd=Path(ctcb.__file__).parents[1])
    assert ran.stdout == "16\n" and ran.stderr.startswith(f"{script}:2: DeprecationWarning: ctcb.decoding.options is now")


def test_unknown_names_raise_as_usual():
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'ctcb.nowhere'"):
        importlib.import_module("ctcb.nowhere")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        ctcb.nothing
