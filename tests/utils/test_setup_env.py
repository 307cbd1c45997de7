"""utils/setup_env.sh: options, and the installation with a stand-in for Python."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import List, Optional

import pytest
from project import dependencies, extras, name_of

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the scripts are for Linux")

# Answers what setup_env.sh asks of a Python 3.10, and writes what pip was told into $PIP_LOG.
PRETENDER = r"""#!/bin/bash
case "$*" in
  *ensurepip*) [[ $2 == *"'3.10'"* ]] ;;
  *"print('%d.%d'"*) echo 3.10 ;;
  *kenlm*) exit 0 ;;
  "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && touch "$3/pyvenv.cfg" ;;
  "-m pip "*) echo "$*" >> "$PIP_LOG"; [[ -z $FAIL_AT || $* != *$FAIL_AT* ]] ;;
  *) [[ -z $FAIL_AT || $* != *$FAIL_AT* ]] ;;
esac
"""


class Machine:
    """A PATH with a broken python3.10 first, as pyenv's shim is, and perhaps a good one after it."""

    def __init__(self, folder: Path, python: bool = True) -> None:
        self.venv, self.pip_log = folder / "env", folder / "pip.log"
        self.path = [folder / "shims", folder / "bin"]
        for place, program in zip(self.path, ["#!/bin/bash\nexit 127\n", PRETENDER if python else None]):
            place.mkdir()
            if program:
                (place / "python3.10").write_text(program)
                (place / "python3.10").chmod(0o755)
        # Only what the script needs, so that no other Python, pyenv or uv is found.
        tools = "bash cat cp cut date dirname find flock g++ grep ls make mkdir rm sed sha256sum sort touch uname"
        for tool in tools.split():
            for found in (Path(place) / tool for place in ("/usr/bin", "/bin")):
                if found.exists() and not (self.path[1] / tool).exists():
                    (self.path[1] / tool).symlink_to(found)

    def run(self, *options: str, fail_at: str = "") -> subprocess.CompletedProcess:
        env = {"PATH": ":".join(map(str, self.path)), "HOME": str(self.venv.parent)}
        env.update(PIP_LOG=str(self.pip_log), FAIL_AT=fail_at)
        command = ["/bin/bash", str(ROOT / "utils/setup_env.sh"), "--venv", str(self.venv), *options]
        return subprocess.run(command, env=env, cwd="/", capture_output=True, text=True)

    def pip_calls(self) -> List[str]:
        lines = self.pip_log.read_text().splitlines() if self.pip_log.exists() else []
        self.pip_log.write_text("")
        return lines


def test_environment_is_made_once_without_the_broken_shim(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    first = machine.run()
    assert first.returncode == 0, first.stderr
    assert str(tmp_path / "bin/python3.10") in first.stderr
    pip, reference, k2, own = machine.pip_calls()
    assert "pip==25.3" in pip and "reference.txt" in reference
    assert "--no-deps --require-hashes" in k2 and "k2.txt" in k2
    assert own.endswith(f"-e {ROOT}")

    second = machine.run()
    assert (second.returncode, second.stderr, machine.pip_calls()) == (0, "", [])


def test_incomplete_environment_is_not_marked_done(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    assert machine.run(fail_at="k2.txt").returncode != 0
    assert not (machine.venv / ".ctcb-done").exists()
    (machine.venv / "left-over").touch()
    again = machine.run()
    assert again.returncode == 0 and "making" in again.stderr
    assert not (machine.venv / "left-over").exists()


def test_decoder_that_does_not_compile_stops_nothing(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    run = machine.run(fail_at="doctor --no-speed --compile")
    assert run.returncode == 0 and "compiling the decoder" in run.stderr and "not all was compiled" in run.stderr
    assert (machine.venv / ".ctcb-done").exists() and not machine.run().stderr


def test_outdated_environment_is_updated_in_place(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.run()
    (machine.venv / "kept").touch()
    (machine.venv / ".ctcb-done").write_text("an older fingerprint\n")
    machine.pip_calls()
    assert machine.run(fail_at="reference.txt").returncode != 0
    again = machine.run()
    assert again.returncode == 0 and "making" not in again.stderr
    assert len(machine.pip_calls()) == 2 + 4 and (machine.venv / "kept").exists()


def test_other_folder_is_not_changed(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.venv.mkdir()
    (machine.venv / "thesis.txt").touch()
    run = machine.run()
    assert run.returncode == 1 and "is no virtual environment" in run.stderr
    assert (machine.venv / "thesis.txt").exists()


def test_missing_python_is_reported(tmp_path: Path) -> None:
    run = Machine(tmp_path, python=False).run()
    assert run.returncode == 1
    assert "no working Python 3.10 or 3.9" in run.stderr and "uv python install 3.10" in run.stderr


# The same for Python 3.11, with an address for a wheel of k2.
MODERN_PRETENDER = PRETENDER.replace("3.10", "3.11").replace("  *kenlm*", "  *k2_wheel.py) echo https://k2/k2.whl ;;\n  *kenlm*")


@pytest.fixture
def modern(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    for name in ("python3.10", "python3.11"):
        (tmp_path / "bin" / name).write_text(MODERN_PRETENDER)
        (tmp_path / "bin" / name).chmod(0o755)
    return machine


@pytest.mark.parametrize("cuda, index", [("12.8", "https://download.pytorch.org/whl/cu128"), ("13.0", "/whl/cu130"), ("cpu", "/whl/cpu"), ("any", None)])
def test_modern_set_fits_torch_to_cuda(modern: Machine, cuda: str, index: Optional[str]) -> None:
    run = modern.run("--set", "modern", "--cuda", cuda)
    assert run.returncode == 0, run.stderr
    _, torch, torchaudio, others, k2, own = modern.pip_calls()
    assert "torch==2.9.1" in torch and "torchaudio==2.9.1" in torchaudio
    assert all((index or "--index-url") in line for line in (torch, torchaudio)) == (index is not None)
    assert "modern.txt" in others and "reference" not in others and k2.endswith("https://k2/k2.whl") and "-e" in own
    assert modern.run("--set", "modern", "--cuda", cuda).stderr == "" and modern.pip_calls() == []
    assert "making" not in modern.run("--set", "modern", "--cuda", "12.6").stderr and "whl/cu126" in modern.pip_calls()[1]


@pytest.mark.parametrize("options, told", [(["--set", "old"], "--set is reference or modern, not old"), (["--cuda", "twelve"], "--cuda is a version")])
def test_unknown_sets_are_refused(modern: Machine, options: List[str], told: str) -> None:
    run = modern.run(*options)
    assert run.returncode == 2 and told in run.stderr and not modern.venv.exists()


def test_modern_set_without_torchaudio_and_k2(modern: Machine) -> None:
    (modern.path[1] / "python3.11").write_text(MODERN_PRETENDER.replace("echo https://k2/k2.whl", "exit 1"))
    run = modern.run("--set", "modern", fail_at="torchaudio==2.9.1")
    assert run.returncode == 0, run.stderr
    assert "no torchaudio 2.9.1" in run.stderr and len([line for line in run.stderr.splitlines() if "graphs are off" in line and "https://k2-fsa" in line]) == 1


PAGE = """<a href="https://x.org/k2-1.24.4.dev20250807%2Bcuda12.8.torch2.9.1-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl">a</a>
<a href="wheels/k2-1.24.4.dev20251118+cuda12.8.torch2.9.1-cp311-cp311-manylinux_2_27_x86_64.whl">b</a>
<a href="k2-1.24.4.dev20260101+cuda12.8.torch2.9.1-cp312-cp312-manylinux_2_27_x86_64.whl">c</a>
<a href="k2-1.24.4.dev20260101+cuda13.0.torch2.9.1-cp311-cp311-manylinux_2_27_x86_64.whl">d</a>
<a href="k2-1.24.4.dev20260101+cuda12.8.torch2.9.10-cp311-cp311-manylinux_2_27_x86_64.whl">e</a>
<a href="k2-1.24.4.dev20260101+cpu.torch2.9.1-cp311-cp311-manylinux_2_27_x86_64.whl">f</a>
<a href="k2-1.24.4.dev20260101+cuda12.8.torch2.9.1-cp311-cp311-win_amd64.whl">g</a>
"""


@pytest.mark.parametrize("torch, cuda, expected", [("2.9.1", "12.8", "wheels/k2-1.24.4.dev20251118"), ("2.9.1", None, "k2-1.24.4.dev20260101+cpu"), ("2.13.0", "12.8", None)])
def test_newest_wheel_of_k2(monkeypatch: pytest.MonkeyPatch, torch: str, cuda: Optional[str], expected: Optional[str]) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "utils"))
    from k2_wheel import newest

    found = newest(PAGE, "cp311", torch, cuda)
    assert found is None if expected is None else found is not None and found.startswith(expected)


SCRIPT = """#!/bin/bash
# Says what it was given.
#   --stage N
stage=0 data_dir=data slow=false
. "{root}/utils/parse_options.sh"
# not part of the help
echo "$stage|$data_dir|$slow|$*"
"""


@pytest.mark.parametrize(
    "options, printed",
    [
        ("", "0|data|false|"),
        ("--stage 3 --data-dir=/a=b x y", "3|/a=b|false|x y"),
        ("--slow", "0|data|true|"),
        ("--slow false --slow x", "0|data|true|x"),
        ("--stage 1 -- --stage 2", "1|data|false|--stage 2"),
        ("--help", "Says what it was given.\n  --stage N"),
    ],
)
def test_options_are_accepted(tmp_path: Path, options: str, printed: str) -> None:
    run = options_run(tmp_path, options)
    assert (run.returncode, run.stdout, run.stderr) == (0, printed + "\n", "")


@pytest.mark.parametrize(
    "options, problem",
    [
        ("--stag 3", "no such option: --stag"),
        ("--PATH x", "no such option: --PATH"),
        ("--stage", "--stage needs a value"),
        ("--slow=maybe", "--slow is true or false, not maybe"),
    ],
)
def test_wrong_options_are_refused(tmp_path: Path, options: str, problem: str) -> None:
    run = options_run(tmp_path, options)
    assert run.returncode == 2 and run.stdout == ""
    assert run.stderr == f"script.sh: {problem} (--help shows the options)\n"


def options_run(folder: Path, options: str) -> subprocess.CompletedProcess:
    script = folder / "script.sh"
    script.write_text(SCRIPT.format(root=ROOT))
    return subprocess.run(["bash", str(script), *options.split()], capture_output=True, text=True)


# What it cannot have: NeMo asks for another torch, onnxruntime-gpu stands in the place of onnxruntime.
NOT_IN_THE_REFERENCE_SET = {"nemo", "onnx-gpu"}


def test_the_reference_set_fits_the_ranges_of_pyproject() -> None:
    """pyproject.toml's version ranges include the reference set, and the reference set has everything that it requires."""
    from packaging.requirements import Requirement

    lines = (ROOT / "utils/requirements/reference.txt").read_text().splitlines()
    pinned = {}
    for requirement in (Requirement(line) for line in lines if line and not line.startswith("#")):
        for version in ("3.9", "3.10"):
            if requirement.marker is None or requirement.marker.evaluate(
                {"python_version": version, "platform_system": "Linux"}
            ):
                pinned[version, name_of(requirement.name)] = str(requirement.specifier)[2:]
    wanted = dependencies() + [line for name, extra in extras().items() for line in extra if name not in NOT_IN_THE_REFERENCE_SET]
    for requirement in map(Requirement, wanted):
        for version in ("3.9", "3.10"):
            assert requirement.specifier.contains(pinned[version, name_of(requirement.name)]), requirement
