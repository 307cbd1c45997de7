"""What the command line has numba compile for."""
from __future__ import annotations

import os
import subprocess
import sys

import pytest

CODE = """
import sys
from ctcb.cli import main
try:
    main(["--version"])
except SystemExit:
    pass
import numba
print(numba.config.CPU_NAME, repr(numba.config.CPU_FEATURES))
"""


@pytest.mark.parametrize("given, expected", [
    ({}, "generic ''"),
    ({"NUMBA_CPU_NAME": "x86-64-v3"}, "x86-64-v3 None"),
    ({"NUMBA_CPU_FEATURES": "+sse3"}, "None '+sse3'"),
])  # fmt: skip
def test_the_command_compiles_for_any_processor_unless_told_otherwise(given, expected):
    env = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_CPU")}
    done = subprocess.run([sys.executable, "-c", CODE], env={**env, **given}, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == expected


def test_importing_the_package_changes_nothing():
    env = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_CPU")}
    code = "import ctcb, ctcb.cli, os; print([name for name in os.environ if name.startswith('NUMBA_CPU')])"
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
