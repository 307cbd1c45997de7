"""Optional packages: what messages say, and that pyproject.toml has it."""
from __future__ import annotations

import ast
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from project import ROOT, extras, name_of

from ctcb import extras as of_package
from ctcb.extras import EXTRAS, install, installed
from ctcb.model_names import FOREIGN

FOR_DEVELOPERS = {"test", "release"}
# They are always installed with ctcb: what is missing was removed, and comes back by its own name.
ALWAYS = {"vobject", "g2p_en"}


def test_extras_are_those_of_pyproject():
    declared = {name: sorted(map(name_of, lines)) for name, lines in extras().items() if name not in FOR_DEVELOPERS}
    assert declared == {name: sorted(name_of(package) for package, _ in extra.packages) for name, extra in EXTRAS.items()}
    assert set(FOREIGN) <= set(EXTRAS)  # ctcb/acoustic/open.py counts on it


def test_messages_name_extras_or_what_is_always_installed():
    named = set()
    for file in (ROOT / "ctcb").rglob("*.py"):
        if file.name == "extras.py":
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "pip install" in node.value:
                named |= {word.strip("`'") for word in node.value.partition("pip install")[2].split()[:1]}
    assert named <= {*ALWAYS, "--force-reinstall"}, "say it by ctcb.extras.install"


def test_commands_need_no_index_that_has_ctcb(monkeypatch):
    """pip takes the ctcb that is installed; where none is, as in a checkout that is run, it is the checkout that is named."""
    monkeypatch.setattr(of_package, "distribution", lambda name: None)
    assert install("plot") == "pip install 'ctcb[plot]'"
    assert install("onnx-gpu") == "pip uninstall -y onnxruntime && pip install 'ctcb[onnx-gpu]'"

    def absent(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(of_package, "distribution", absent)
    assert install("plot") == f"pip install -e '{ROOT}[plot]'" and (Path(ROOT) / "pyproject.toml").is_file()


def test_a_package_in_the_place_of_another_counts(monkeypatch):
    versions = {"onnxruntime-gpu": "1.20"}

    def version(name):
        if name not in versions:
            raise PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(of_package, "version", version)
    assert installed("onnxruntime") == "1.20 (onnxruntime-gpu)" and installed("onnxruntime-gpu") == "1.20"
    with pytest.raises(PackageNotFoundError):
        installed("kenlm")


def test_doctor_says_how_to_install_each_missing_extra(ctcb, monkeypatch):
    from ctcb.cli import doctor

    def version(name):
        if name in {package for extra in EXTRAS.values() for package, _ in extra.packages}:
            raise PackageNotFoundError(name)
        return "1"

    monkeypatch.setattr(doctor, "installed", version)
    ran = ctcb("doctor", "--no-speed")
    assert ran.code == 0
    missing = [name for name, extra in EXTRAS.items() if not extra.replaces]
    assert [line.strip() for line in ran.out.splitlines() if line.strip().startswith("pip install")] == [install(name) for name in missing]


def test_doctor_names_the_library_that_a_package_lacks(ctcb, monkeypatch):
    """sounddevice is there and PortAudio is not: pip could not help."""
    from ctcb.cli import doctor

    def load(name):
        raise OSError("PortAudio library not found")

    monkeypatch.setattr(doctor, "installed", lambda name: "1")
    monkeypatch.setattr(doctor, "import_module", lambda name: load(name) if name == "sounddevice" else None)
    out = ctcb("doctor", "--no-speed").out
    assert "sounddevice does not load (OSError)\n" in out and f"{EXTRAS['mic'].system}\n" in out and install("mic") not in out
