"""Every shell script: quoted, run from any folder, through links and by any shell, on paths with any character."""
from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted(file.relative_to(ROOT) for folder in ("steps", "utils", "recipes") for file in (ROOT / folder).rglob("*.sh"))
PROGRAMS = [script for script in SCRIPTS if (ROOT / script).read_text().startswith("#!")]
MARKS = ("xqa", "xqb", "xqc", "xqd")  # an argument that holds one of them and not all of them is a piece of a path
ODD = "xqa xqb's \"xqc\" * [x] $HOME & (1); \\ a=b: é xqd"

# Notes its arguments, each ended by NUL, and does nothing.
RECORDER = '#!/bin/bash\nprintf "%s\\0" "${0##*/}" "$@" $\'\\1\' >>"$CALLS"\n'


def test_shellcheck_finds_nothing():
    program = shutil.which("shellcheck", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if program is None:
        pytest.skip("shellcheck is not installed (utils/setup_env.sh does it)")
    ran = subprocess.run([program, ".ci/run", "cmd.sh", *map(str, SCRIPTS)], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout


def test_there_are_programs():
    assert len(PROGRAMS) > 20


@pytest.mark.parametrize("script", PROGRAMS, ids=str)
def test_help_from_another_folder(script, tmp_path):
    """By its path, through a link to it, through a link to its folder; by bash, by sh, and by its own first line."""
    stand = tmp_path / ODD
    stand.mkdir()
    link, folder = stand / "linked", stand / "folder"
    link.symlink_to(ROOT / script)
    folder.symlink_to((ROOT / script).parent)
    shells = [[], ["bash"], ["sh"], *([["dash"]] if shutil.which("dash") else [])]
    printed = set()
    for name in (str(ROOT / script), "linked", f"./folder/{script.name}"):
        for shell in shells:
            ran = subprocess.run([*shell, name if shell or "/" in name else f"./{name}", "--help"], cwd=stand, capture_output=True, text=True,
                                 env={**os.environ, "CDPATH": str(tmp_path)})  # fmt: skip
            assert ran.returncode == 0 and ran.stderr == "", (name, shell, ran.stderr)
            printed.add(ran.stdout)
    assert len(printed) == 1 and str(script) in printed.pop()


@pytest.mark.parametrize("script", PROGRAMS, ids=str)
def test_unknown_option_is_refused_everywhere(script, tmp_path):
    (tmp_path / "linked").symlink_to(ROOT / script)
    for option in ("--no-such", "--root", "--self"):
        ran = subprocess.run(["sh", "linked", option, "x"], cwd=tmp_path, capture_output=True, text=True)
        assert ran.returncode == 2 and ran.stderr.endswith(f"no such option: {option} (--help shows the options)\n")


class Stand:
    """A folder with an odd name to stand in, beside a checkout with an odd name without an environment; commands are recorded."""

    def __init__(self, folder: Path) -> None:
        self.root, self.here, self.calls_file = folder / f"ctcb {ODD}".replace(":", ""), folder / "here", folder / "calls"
        for name in ("recipes", "steps", "utils", "conf", "local", "ctcb/lm", "ctcb/text"):
            shutil.copytree(ROOT / name, self.root / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "cmd.sh", self.root)
        programs = folder / "bin"
        programs.mkdir()
        for name in ("ctcb", "python", "torchrun"):
            (programs / name).write_text(RECORDER)
            (programs / name).chmod(0o755)
        self.here.mkdir()
        self.env = {**os.environ, "PATH": f"{programs}:/usr/bin:/bin", "CALLS": str(self.calls_file)}
        self.env.pop("PYTHONPATH", None)

    def run(self, script: str, *words: object) -> List[List[str]]:
        """The calls that a script makes, which must end well; no argument of them is a piece of a path."""
        self.calls_file.write_bytes(b"")
        ran = subprocess.run([str(self.root / script), *map(str, words)], cwd=self.here, env=self.env, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        calls = [call.split("\0")[:-1] for call in self.calls_file.read_text().split("\1\0")[:-1]]
        for word in (word for call in calls for word in call):
            assert len({mark in word for mark in MARKS}) == 1, word
        return calls


@pytest.fixture
def stand(tmp_path):
    return Stand(tmp_path)


def test_steps_keep_odd_paths_whole(stand):
    odd = f"{ODD}/d"
    (stand.here / odd).mkdir(parents=True)
    for name in ("manifest.tsv", "entities.txt", "a.txt"):
        (stand.here / odd / name).touch()
    assert stand.run("steps/prepare.sh", f"{odd}/manifest.tsv", f"{odd}/out") == [
        ["ctcb", "prepare", "--features", "--speeds", "1.0", "--jobs", "2", "--out", f"{odd}/out", "--", f"{odd}/manifest.tsv"]
    ]
    assert stand.run("steps/decode.sh", "--model", odd, odd, f"{odd}/1.wav", "2 3.wav", "--", "--entities", f"{odd}/entities.txt") == [
        ["ctcb", "decode", "--jobs", "2", "--device", "cpu", "--model", odd, "--entities", f"{odd}/entities.txt", "--out", odd, "--", f"{odd}/1.wav", "2 3.wav"]
    ]
    assert stand.run("steps/emit.sh", f"--model={odd}", odd, f"{odd}/manifest.tsv") == [
        ["ctcb", "emit", "--jobs", "2", "--device", "cpu", "--model", odd, "--out", f"{odd}/emissions.npz", "--", f"{odd}/manifest.tsv"]
    ]
    (scored,) = stand.run("steps/score.sh", odd, odd)
    assert scored[2:8] == ["--ref", f"{odd}/manifest.tsv", "--hyp", f"{odd}/hyps.jsonl", "--entities", f"{odd}/entities.txt"]
    tokens, lexicon = stand.run("steps/make_lang.sh", odd, f"{odd}/a.txt", "b c.txt", "--", "*.txt")
    assert tokens[-4:] == ["--text", f"{odd}/a.txt", "--text", "b c.txt"] and lexicon[-2:] == ["--text", "*.txt"]
    (lm,) = stand.run("steps/make_lm.sh", "--vocab", f"{odd}/a.txt", "--held-out", f"{odd}/a.txt", "--prune", "0 0 1", f"{odd}/lm", f"{odd}/a.txt")
    assert lm[2:4] == [f"{odd}/a.txt", "--out"] and lm[lm.index("--prune") + 1] == "0 0 1"
    (graph,) = stand.run("steps/make_graph.sh", "--model", odd, f"{odd}/lm", f"{odd}/graph")
    assert graph[-2:] == ["--model", odd]
    base, curves, export = stand.run("steps/train_base.sh", "--lang", odd, "--exp", f"{odd}/exp", "--out", f"{odd}/m", "--int8", "--dev", odd, "--dev", "e f", odd, "g h")
    assert base[-8:] == ["--data", odd, "--data", "g h", "--dev", odd, "--dev", "e f"]
    assert export == ["ctcb", "export", f"{odd}/exp", "--out", f"{odd}/m", "--int8"]
    assert curves == ["ctcb", "train", "curves", f"{odd}/exp"]
    adapter, _, export = stand.run("steps/train_adapter.sh", "--model", odd, "--exp", f"{odd}/exp", "--dev", odd, "--dev-list", f"{odd}/entities.txt", "--dev", "e f", "--dev-list", "g", odd)
    assert adapter[-8:] == ["--data", odd, "--dev", odd, f"{odd}/entities.txt", "--dev", "e f", "g"]
    assert not any(stand.root.rglob("exp")) and not any(stand.root.rglob("score.txt"))


def test_launch_keeps_quoted_words(stand):
    (call,) = stand.run("steps/train_base.sh", "--lang", "l", "--exp", "e", "--nproc", 2, "--torchrun", "--nnodes=2 --node_rank=1 --log_dir 'a b'", "d")
    assert call[:7] == ["torchrun", "--nnodes=2", "--node_rank=1", "--log_dir", "a b", "--nproc_per_node=2", "--no_python"] and call[7:9] == ["ctcb", "train"]


@pytest.mark.parametrize("words, problem", [
    (("prepare.sh", "a"), "a manifest and an output folder are needed"), (("emit.sh",), "an output folder and a manifest are needed"),
    (("decode.sh", "a"), "an output folder and something to decode"), (("score.sh",), "a data set and a folder"), (("make_lang.sh", "a"), "at least one text"),
    (("train_base.sh", "--exp", "a", "d"), "--lang is missing"), (("train_adapter.sh", "--model", "m", "d"), "--exp is missing"),
    (("train_adapter.sh", "--model", "m", "--exp", "e", "--dev", "d", "d"), "each --dev needs a --dev-list"),
    (("decode.sh", "--nj", "2", "o", "a", "b"), "--nj splits one manifest.tsv, not 2 inputs"),
])  # fmt: skip
def test_wrong_calls_of_steps(stand, words, problem):
    ran = subprocess.run([str(stand.root / "steps" / words[0]), *words[1:]], cwd=stand.here, env=stand.env, capture_output=True, text=True)
    assert ran.returncode == 2 and ran.stderr.startswith(f"{words[0]}: ") and problem in ran.stderr and ran.stderr.count("\n") == 1


def prepared_sets(folder: Path, names) -> None:
    for name in names:
        (folder / name).mkdir(parents=True)
        for file in ("manifest.tsv", "entities.txt", "distractors.txt"):
            (folder / name / file).touch()


@pytest.mark.parametrize("recipe, more", [
    ("voxpopuli", ("--corpus", f"{ODD}/c", "--slue", f"{ODD}/slue.tsv", "--slue", "second slue.tsv", "--gold-only")),
    ("medical", ("--corpus", f"{ODD}/c", "--align-model", ODD)), ("mini", ("--quick",)),
])  # fmt: skip
def test_recipes_keep_odd_paths_whole(stand, recipe, more):
    """All stages; what the user names is where the user stands, and nothing is written to the checkout."""
    exp = stand.here / ODD / "exp"
    prepared_sets(exp / "sets", ("train", "dev", "test"))
    for name in (f"{ODD}/slue.tsv", "second slue.tsv"):
        (stand.here / name).touch()
    calls = stand.run(f"recipes/{recipe}/run.sh", "--exp", f"{ODD}/exp", *more)
    assert len(calls) > 15 and (exp / "model/.done").exists() and not (stand.root / "exp").exists()
    (train,) = (call for call in calls if call[1:3] == ["train", "base"] or "base" in call and "torchrun" in call)
    assert train[train.index("--dev") + 1] == f"{ODD}/exp/data/dev"
    (adapter,) = (call for call in calls if "train" in call and "adapter" in call)
    assert adapter[-3:] == ["--dev", f"{ODD}/exp/data/dev", f"{ODD}/exp/sets/dev/entities.txt"]
    if recipe == "voxpopuli":
        (lists,) = (call for call in calls if call[1].endswith("make_lists.py"))
        assert lists[-6:-2] == ["--slue", f"{ODD}/slue.tsv", "--slue", "second slue.tsv"]
    again = stand.run(f"recipes/{recipe}/run.sh", "--exp", f"{ODD}/exp", *more)
    assert len(again) < len(calls)


def test_the_english_recipe_keeps_odd_paths_whole(stand):
    data, exp = stand.here / ODD / "data", stand.here / ODD / "exp"
    human, synthetic = ("real_dev", "noisy_dev", "accented_dev"), ("tts_dev_parliament", "tts_dev_medical")
    prepared_sets(data, ("real_train", "tts_train", *human, *synthetic))
    (data / "lm_text").mkdir()
    for name in ("lm_text/a b.txt", "lm_text/c.txt", "distractors_a b.txt", "distractors_c.txt"):
        (data / name).touch()
    for device in ("cpu", "cuda"):
        calls = stand.run("recipes/open_en/run.sh", "--data-dir", f"{ODD}/data", "--exp", f"{ODD}/{device}", "--stop-stage", 10, "--nproc", 1, "--device", device)
        folder = f"{ODD}/{device}"
        trained = [[call[place + 1] for place, word in enumerate(call) if word == "--data"] for call in calls if call[1:3] == ["train", "base"]]
        whole = [f"{folder}/data/{name}" for name in ("real_train", "tts_train", "spoken")]
        assert trained == ([whole, whole] if device == "cpu" else [whole, whole, [whole[0]] * 3 + [whole[1]] * 2 + [whole[2]]])
        devs = [call[place + 1] for call in calls if call[1:3] == ["train", "base"] for place, word in enumerate(call) if word == "--dev"]
        assert devs[:5] == [f"{folder}/data/{name}" for name in (*human, *synthetic)]
        (chosen,) = (call for call in calls if call[1].endswith("choose_sentences.py"))
        assert chosen[2:6] == ["--text", f"{ODD}/data/lm_text/a b.txt", "--text", f"{ODD}/data/lm_text/c.txt"]
        (measured,) = (call for call in calls if call[1].endswith("measure_adapter.py"))
        assert measured[4:8] == ["--distractors", f"{ODD}/data/distractors_a b.txt", "--distractors", f"{ODD}/data/distractors_c.txt"]
        (tuned,) = (call for call in calls if call[1] == "tune")
        assert tuned[4:6] == ["--device", device]
        assert tuned[6:10] == ["--data", f"{ODD}/data/tts_dev_parliament", "--distractors", f"{ODD}/data/distractors_parliament.txt"]
        assert (stand.here / folder / "model/.done").exists()
    assert not exp.exists() and not (stand.root / "exp").exists()


@pytest.mark.parametrize("benchmark", ["decoders", "lm"])
def test_benchmarks_keep_odd_paths_whole(stand, benchmark):
    data = stand.here / ODD
    prepared_sets(data, ("h one", "h two", "s_medical"))
    (data / "lm_text").mkdir()
    for name in ("general.txt", "parliament.txt", "medical.txt"):
        (data / "lm_text" / name).touch()
    calls = stand.run(f"recipes/benchmarks/{benchmark}/run.sh", "--data-dir", ODD, "--exp", f"{ODD}/e", "--human", "h one", "--human", "h two",
                      "--synthetic", "s_medical", "--sizes", "0 10")  # fmt: skip
    emitted = [call[-1] for call in calls if call[1] == "emit"]
    assert emitted == [f"{ODD}/{name}/manifest.tsv" for name in ("h one", "h two", "s_medical")]
    (measured,) = (call for call in calls if call[1].endswith(("compare.py", "lm_decode.py")))
    assert measured[measured.index("--sizes") + 1 :][:2] == ["0", "10"] and measured.count("--set") == 3
    assert not (stand.root / "exp").exists()


def test_packages_are_found_in_a_folder_with_a_colon(tmp_path):
    site = tmp_path / "12:30 site"
    site.mkdir()
    (site / "only_here.py").write_text("print('found')\n")
    script = f". '{ROOT}/utils/stages.sh'; with_packages '12:30 site' '{sys.executable}' -c 'import only_here'"
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    assert subprocess.run(["bash", "-euc", script], cwd=tmp_path, env=env, capture_output=True, text=True).stdout == "found\n"
