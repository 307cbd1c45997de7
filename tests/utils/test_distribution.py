"""The source distribution and the wheel, as they would be published."""
from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Dict, NamedTuple, Set

import pytest

ROOT = Path(__file__).parents[2]
REPOSITORY = "owner/name"
pytestmark = pytest.mark.slow


class Built(NamedTuple):
    sdist: Path
    wheel: Path
    sources: Dict[str, bytes]  # what the sdist holds
    files: Dict[str, bytes]  # what the wheel holds
    metadata: str


def tracked() -> Set[str]:
    """The files that git holds."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    ran = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    return {name for name in ran.stdout.splitlines() if (ROOT / name).exists()}


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Built:
    """Of a copy of the checkout: the sdist, and of that the wheel. No network is needed."""
    pytest.importorskip("build")
    folder = tmp_path_factory.mktemp("built")
    for name in tracked():
        (folder / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / "source" / name)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "dist", folder / "source"]
    ran = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "GITHUB_REPOSITORY": REPOSITORY})
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (sdist,), (wheel,) = (folder / "dist").glob("*.tar.gz"), (folder / "dist").glob("*.whl")
    with tarfile.open(sdist) as archive:
        sources = {str(PurePosixPath(*PurePosixPath(one.name).parts[1:])): archive.extractfile(one).read() for one in archive if one.isfile()}
    with zipfile.ZipFile(wheel) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    metadata = next(text for name, text in files.items() if name.endswith(".dist-info/METADATA")).decode()
    return Built(sdist, wheel, sources, files, metadata)


def test_source_distribution_holds_the_checkout(built):
    assert {name: built.sources.get(name) for name in tracked()} == {name: (ROOT / name).read_bytes() for name in tracked()}


def test_wheel_holds_the_package_and_its_configurations(built):
    expected = {name if name.startswith("ctcb/") else f"ctcb/{name}": name for name in tracked() if name.startswith(("ctcb/", "conf/"))}
    assert {name: built.files.get(name) for name in expected} == {name: (ROOT / source).read_bytes() for name, source in expected.items()}
    assert {name for name in built.files if ".dist-info/" not in name} == set(expected)
    assert "ctcb/py.typed" in built.files


def test_index_accepts_them(built):
    pytest.importorskip("twine")
    ran = subprocess.run([sys.executable, "-m", "twine", "check", "--strict", built.sdist, built.wheel], capture_output=True, text=True)
    assert ran.returncode == 0 and ran.stdout.count("PASSED") == 2, ran.stdout + ran.stderr


def test_index_page_links_to_the_repository(built):
    assert f"Project-URL: Homepage, https://github.com/{REPOSITORY}\n" in built.metadata
    places = {f"https://github.com/{REPOSITORY}/blob/", f"https://raw.githubusercontent.com/{REPOSITORY}/"}
    headers, _, page = built.metadata.partition("\n\n")
    links = re.findall(r"\]\(([^)\s]+)\)", page) + re.findall(r"^Project-URL: .*?, (.*/blob/.*)$", headers, re.M)
    of_repository = [link for link in links if any(link.startswith(place) for place in places)]
    assert len(of_repository) > 10 and all(link.startswith(("https://", "#")) for link in links)
    for link in of_repository:
        path = link.split(f"{REPOSITORY}/")[1].removeprefix("blob/").partition("/")[2].partition("?")[0].partition("#")[0]
        assert (ROOT / path).exists(), link
    assert all(link.startswith("https://raw.") for link in re.findall(r"!\[[^]]*\]\(([^)]*)\)", page))


class Installed:
    """A wheel in an environment of its own, whose other packages are this one's; commands run away from the checkout."""

    def __init__(self, wheel: Path, folder: Path) -> None:
        import torch

        self.folder = folder
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        (self.packages,) = (folder / "venv/lib").glob("python*/site-packages")
        (self.packages / "others.pth").write_text(f"{Path(torch.__file__).parents[1]}\n")
        subprocess.run([folder / "venv/bin/python", "-m", "pip", "--quiet", "install", "--no-deps", "--no-index", wheel], check=True)
        (folder / "work").mkdir()

    def run(self, *words, **more):
        env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        program = self.folder / "venv/bin" / words[0]
        return subprocess.run([program, *words[1:]], capture_output=True, text=True, cwd=self.folder / "work", env={**env, **more})

    def decodes(self, **more):
        demo = ROOT / "ctcb/assets/demo"
        ran = self.run("ctcb", "decode", "--entities", demo / "entities.txt", demo / "audio/demo_03.ogg", **more)
        assert (ran.returncode, ran.stdout) == (0, "demo_03 she was given two tablets of velotoxine in the morning\n"), ran.stderr


def test_installed_wheel_decodes_with_a_list(built, tmp_path):
    installed = Installed(built.wheel, tmp_path)
    assert installed.run("python", "-c", "import ctcb; print(ctcb.__file__)").stdout.startswith(str(installed.packages))
    installed.decodes()
    ran = installed.run("ctcb", "train", "base", "--config", "conf/model/tiny.yaml", "--data", "none", "--lang", "none", "--out", "out")
    assert ran.returncode == 2 and "tiny.yaml" not in ran.stderr, ran.stderr


LACKING = """
import importlib, pkgutil, ctcb
from numba.core.dispatcher import Dispatcher
from ctcb.compiled import PackageCache, is_kept
names = [module.name for module in pkgutil.walk_packages(ctcb.__path__, "ctcb.") if "compiled" in open(module.module_finder.find_spec(module.name).origin).read()]
functions = {one for name in names for one in vars(importlib.import_module(name)).values() if isinstance(one, Dispatcher)}
functions = {one for one in functions if isinstance(one._cache, PackageCache)}  # not those that only others call
print(len(functions), sorted(one.__qualname__ for one in functions if not is_kept(one)))
"""


def test_wheel_with_machine_code_compiles_nothing(built, tmp_path):
    """Of the source distribution: for this Python and numba's platforms, with the machine code of all compiled functions."""
    with tarfile.open(built.sdist) as archive:
        archive.extractall(tmp_path)
    (source,) = tmp_path.iterdir()
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path / "dist", source]

    def build(numba):
        return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "CTCB_PRECOMPILE": numba})

    ran = build("0.1.0")
    assert ran.returncode != 0 and "CTCB_PRECOMPILE: numba 0.1.0 is wanted" in ran.stdout + ran.stderr
    ran = build(metadata.version("numba"))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (wheel,) = (tmp_path / "dist").iterdir()
    python = "cp{}{}".format(*sys.version_info)
    assert f"-{python}-{python}-" in wheel.name and platform.machine() in wheel.name and "-linux_" not in wheel.name
    with zipfile.ZipFile(wheel) as archive:
        files = {name for name in archive.namelist() if ".dist-info/" not in name}
    more = {name for name in files if name.startswith("ctcb/precompiled/")}
    assert {PurePosixPath(name).suffix for name in more} == {".nbi", ".nbc"}
    assert files - more == {name for name in built.files if ".dist-info/" not in name}

    installed, cache = Installed(wheel, tmp_path), tmp_path / "cache"
    count, lacking = installed.run("python", "-c", LACKING, NUMBA_CACHE_DIR=str(cache)).stdout.split(maxsplit=1)
    assert int(count) > 30 and lacking == "[]\n"
    installed.decodes(NUMBA_CACHE_DIR=str(cache))
    assert not list(cache.rglob("*.nb*"))
