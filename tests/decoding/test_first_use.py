"""What decoding with a list compiles is compiled beforehand, part by part, and no part compiles what belongs to another one."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ctcb.decoding import first_use
from ctcb.decoding.first_use import PARTS, parts_to_compile
from ctcb.machine_code import NAME, PACKAGE

COMPILED = """
import json, sys
from numba.core.dispatcher import Dispatcher
functions = {v for module in list(sys.modules.values()) for v in list(vars(module).values()) if isinstance(v, Dispatcher) and hasattr(v._cache, "_cache_file")}
print(json.dumps({f"{f.__module__}.{f.__name__}": len(f.signatures) for f in functions if f.stats.cache_misses}))
"""
PART = "import sys; from ctcb.decoding.first_use import PARTS; PARTS[sys.argv[1]].work()" + COMPILED
DECODE = """
from ctcb.bundled import BUNDLED_MODEL
from ctcb.data.manifest import read_manifest
from ctcb.decoding.builder import Config, build
from ctcb.decoding.first_use import parts_to_compile
from ctcb.entities import EntityList

assert not parts_to_compile()
demo = BUNDLED_MODEL.parent / "demo"
build(Config()).transcribe(read_manifest(demo / "manifest.tsv")[0].audio, EntityList.read(demo / "entities.txt"))
""" + COMPILED


@pytest.fixture
def folder(tmp_path):
    """A folder with the package, of which nothing is compiled yet."""
    shutil.copytree(PACKAGE, tmp_path / "ctcb", ignore=shutil.ignore_patterns("__pycache__", NAME))
    shutil.copytree(Path(__file__).parents[2] / "conf", tmp_path / "conf")
    return tmp_path


def run(folder, code, *words):
    env = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "cache"), "NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "", "PYTHONPATH": str(folder)}
    ran = subprocess.run([sys.executable, "-c", code, *words], env=env, cwd=folder, capture_output=True, text=True, timeout=1800)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.mark.slow
def test_the_parts_compile_all_that_decoding_with_a_list_needs_once(folder):
    """Whoever adds a compiled function to the default path adds a call of it to a part."""
    for name, part in PARTS.items():
        compiled = run(folder, PART, name)
        entries = {f"{one.__module__}.{one.__name__}" for one in part.functions}
        assert entries <= compiled.keys() and {compiled[entry] for entry in entries} == {1}, compiled  # each signature takes its time
        assert not run(folder, PART, name)
    assert not run(folder, DECODE)


def test_parts_without_a_list_are_fewer(monkeypatch):
    monkeypatch.setattr(first_use, "is_kept", lambda function: False)
    assert parts_to_compile(seldom=True) == list(PARTS) and parts_to_compile(with_list=False) == ["search", "hypotheses"]
    assert set(PARTS) - set(parts_to_compile()) == {"adapter and changes"}


def test_a_part_that_fails_does_not_stop_the_others(monkeypatch):
    done = []

    def fail():
        raise ValueError

    monkeypatch.setitem(PARTS, "search", first_use.Part((), fail, False))
    monkeypatch.setitem(PARTS, "words", first_use.Part((), lambda: done.append("words"), True))
    first_use.compile_parts(["search", "words"])
    assert done == ["words"]
