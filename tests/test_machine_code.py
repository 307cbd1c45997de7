"""Machine code in the installed package is run where it fits and can be read; otherwise it is compiled as ever."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ctcb import machine_code
from ctcb.compiled import copy_cache
from ctcb.machine_code import ANY_PROCESSOR

PACKAGE = Path(machine_code.__file__).parent
FUNCTION = """
from ctcb.compiled import compiled

@compiled
def double(x):
    return 2 * x
"""
USE = """
import json
from ctcb.compiled import can_be_kept, is_kept
from ctcb.inside.function import double
kept = is_kept(double)
double(4), double(0.5)
print(json.dumps([double(4), double(0.5), kept, can_be_kept(double), sum(double.stats.cache_hits.values())]))
"""


class Installed:
    """A package of ctcb's name with one compiled function, which is called with an integer and with a float."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.package, self.caches = folder, folder / "ctcb", 0
        (self.package / "inside").mkdir(parents=True)
        for name in ("compiled.py", "machine_code.py"):
            shutil.copy(PACKAGE / name, self.package)
        self.function = self.package / "inside/function.py"
        self.function.write_text(FUNCTION)
        for folder in (self.package, self.package / "inside"):
            (folder / "__init__.py").touch()

    def new_cache(self) -> Path:
        self.caches += 1
        return self.folder / f"cache{self.caches}"

    def use(self, cache: Path, code: str = USE, **more: str) -> list:
        """Whether the function lay on disk, whether it can be kept there, and how many of the two calls found it compiled."""
        env = {name: value for name, value in os.environ.items() if not name.startswith(("NUMBA_", "CTCB_", "PYTHON"))}
        env.update(NUMBA_CACHE_DIR=str(cache), PYTHONPATH=str(self.folder), PYTHONDONTWRITEBYTECODE="1", **more)
        ran = subprocess.run([sys.executable, "-c", code], env=env, cwd=self.folder, capture_output=True, text=True, timeout=300)
        assert ran.returncode == 0 and not ran.stderr, ran.stderr
        four, half, *found = json.loads(ran.stdout)
        assert (four, half) == (8, 1.0)
        return found


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    installed = Installed(tmp_path_factory.mktemp("made"))
    cache = installed.new_cache()
    assert installed.use(cache, **ANY_PROCESSOR) == [False, True, 0]
    assert copy_cache(cache, installed.package) == 3  # an index, and the code for an integer and for a float
    return installed


@pytest.fixture
def installed(made, tmp_path):
    copy = Installed(tmp_path)
    shutil.copytree(made.package / "precompiled", copy.package / "precompiled")
    return copy


def precompiled(installed):
    return sorted((installed.package / "precompiled").rglob("*.nb*"))


@pytest.mark.parametrize("processor", [ANY_PROCESSOR, {}], ids=["any", "not chosen"])
def test_nothing_is_compiled_or_written_with_machine_code_in_the_package(made, processor):
    cache = made.new_cache()
    assert made.use(cache, **processor) == [True, True, 2]
    assert not list(cache.rglob("*.nb*"))


def test_code_for_the_processor_that_a_caller_names_is_compiled(made):
    cache = made.new_cache()
    assert made.use(cache, NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="+cx8") == [False, True, 0]
    assert len(list(cache.rglob("*.nbc"))) == 2


def test_code_of_other_sources_is_not_run(installed):
    installed.function.write_text(FUNCTION.replace("2 * x", "x + x"))
    assert installed.use(installed.new_cache(), **ANY_PROCESSOR) == [False, True, 0]


@pytest.mark.parametrize("part", ["numba-", "llvmlite-"])
def test_code_of_another_numba_or_llvm_is_not_run(installed, part):
    (folder,) = (installed.package / "precompiled").iterdir()
    assert part in folder.name
    folder.rename(folder.with_name(folder.name.replace(part, f"{part}0")))
    assert installed.use(installed.new_cache(), **ANY_PROCESSOR) == [False, True, 0]


@pytest.mark.parametrize("kind, content", [(".nbi", b"\x80\x04not a pickle"), (".nbc", b"")], ids=["index", "code"])
def test_damaged_files_are_compiled_anew(installed, kind, content):
    """In the package, which stays as it is, and in the cache, where what was compiled takes their place."""
    cache = installed.new_cache()
    for file in precompiled(installed):
        if file.suffix == kind:
            file.write_bytes(content)
    assert installed.use(cache, **ANY_PROCESSOR) == [True, True, 0]
    assert {file.read_bytes() for file in precompiled(installed) if file.suffix == kind} == {content}
    for file in cache.rglob(f"*{kind}"):
        file.write_bytes(content)
    assert installed.use(cache, **ANY_PROCESSOR)[2] == 0 and installed.use(cache, **ANY_PROCESSOR) == [True, True, 2]


def test_code_beside_the_sources_serves_who_cannot_write_there(installed):
    """What an administrator had compiled (``ctcb doctor --compile``)."""
    shutil.rmtree(installed.package / "precompiled")
    (beside := installed.function.parent / "__pycache__").mkdir()
    cache = installed.new_cache()
    installed.use(cache, **ANY_PROCESSOR)
    for file in cache.rglob("*.nb*"):
        shutil.copy(file, beside)
    assert installed.use(installed.new_cache(), **ANY_PROCESSOR) == [True, True, 2]
    assert installed.use(installed.new_cache()) == [False, True, 0]  # not for the processor that numba chooses


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a folder in which nobody can make another")
def test_machine_code_is_run_where_nothing_can_be_written(installed):
    (installed.function.parent / "__pycache__").touch()  # a file where the folder should be
    nowhere = {"HOME": "/proc/none", "CTCB_CACHE": "/proc/none"}
    assert installed.use(Path("/proc/none"), **nowhere, **ANY_PROCESSOR) == [True, False, 2]
    shutil.rmtree(installed.package / "precompiled")
    assert installed.use(Path("/proc/none"), **nowhere, **ANY_PROCESSOR) == [False, False, 0]


def test_a_full_disk_stops_nothing(installed):
    shutil.rmtree(installed.package / "precompiled")
    full = """
from numba.core.caching import IndexDataCacheFile
def no_space(*arguments):
    raise OSError(28, "No space left on device")
IndexDataCacheFile._save_data = no_space
"""
    cache = installed.new_cache()
    assert installed.use(cache, full + USE, **ANY_PROCESSOR) == [False, True, 0]
    assert installed.use(cache, **ANY_PROCESSOR) == [True, True, 0]  # listed, but not there
