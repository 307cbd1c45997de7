"""`--dry-run` of the recipes: the commands of every stage, each of which ctcb understands, on the device that was asked for."""
import os
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from ctcb.cli import cli

ROOT = Path(__file__).parents[2]
NEEDED = {"mini": (), "voxpopuli": ("--corpus", "none"), "medical": ("--corpus", "none"), "librispeech": ("--corpus", "none"),
          "open_en": ("--data-dir", "none", "--stop-stage", "10")}
STAGES = {"mini": 12, "voxpopuli": 12, "medical": 12, "librispeech": 13, "open_en": 10}
# Stages whose work is networks', and the commands that do it.
ON_DEVICE = {"decode", "tune", "ablate", "train base", "train adapter"}


def dry(words, folder, **environment):
    paths = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    ran = subprocess.run(["bash", *words], capture_output=True, text=True, cwd=folder, env={**os.environ, "PATH": paths, **environment})
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == "" and list(folder.iterdir()) == []  # nothing is made
    return ran.stdout.splitlines()


def parsed(words):
    """The name of a ctcb command, its click command and its options, as click reads them."""
    context, command, names = click.Context(cli), cli, []
    while isinstance(command, click.Group):
        name, command, words = command.resolve_command(context, list(words))
        names.append(name)
    return " ".join(names), command, command.make_context(names[-1], list(words), parent=context).params


def ctcb_words(line):
    """What follows ``ctcb`` in a command, itself or under torchrun; nothing in another."""
    words = [word for word in shlex.split(line) if "=" not in word or word.startswith("--")]
    if words[0] == "ctcb":
        return words[1:]
    return words[words.index("ctcb") + 1 :] if words[0] == "torchrun" else []


@pytest.mark.parametrize("recipe", NEEDED)
def test_every_stage_runs_on_the_device(recipe, tmp_path):
    lines = dry([ROOT / f"recipes/{recipe}/run.sh", *NEEDED[recipe], "--exp", "exp", "--dry-run", "--device", "cuda", "--nproc", "8", "--precision", "bf16"], tmp_path)
    assert [line for line in lines if line.startswith("#")] == [f"# stage {number}" for number in range(1, STAGES[recipe] + 1)]
    found = set()
    for line in lines:
        words = () if line.startswith("#") else ctcb_words(line)
        if not words:
            continue
        name, command, options = parsed(words)
        if any("--device" in option.opts for option in command.params):
            found.add(name)
            assert options["device"] == "cuda", line
        if name in ("train base", "train adapter"):
            assert options["precision"] == "bf16" and "--nproc_per_node=8 " in line, line
    assert found == ON_DEVICE


@pytest.mark.parametrize("recipe", NEEDED)
def test_without_a_device_it_is_the_cpu(recipe, tmp_path):
    lines = dry([ROOT / f"recipes/{recipe}/run.sh", *NEEDED[recipe], "--exp", "exp", "--dry-run", "--nproc", "1"], tmp_path)
    commands = [parsed(words) for line in lines if not line.startswith("#") for words in [ctcb_words(line)] if words]
    assert not any("torchrun" in line for line in lines)
    assert {options["device"] for _, _, options in commands if "device" in options} == {"cpu"}
    assert {options["precision"] for name, _, options in commands if name in ("train base", "train adapter")} == {None}  # the config's


def test_mini_that_streams_trains_such_a_base_and_measures_it(tmp_path):
    lines = dry([ROOT / "recipes/mini/run.sh", "--streaming", "--dry-run"], tmp_path)
    [train] = [options for line in lines for words in [ctcb_words(line)] if words for name, _, options in [parsed(words)] if name == "train base"]
    assert str(train["config"]).endswith("conf/model/tiny_streaming.yaml") and "exp/mini_streaming/" in str(train["out"])
    assert lines[-2] == "# stage 13" and "measure_latency.py" in lines[-1] and "exp/mini_streaming/model" in lines[-1]


@pytest.mark.parametrize("step, more", [("emit", ["out", "m.tsv"]), ("decode", ["out", "m.tsv", "--", "--nbest", "3"])])
def test_parts_on_the_device(step, more, tmp_path):
    for nj in ("0", "3"):
        (line,) = [line for line in dry([ROOT / f"steps/{step}.sh", "--device", "cuda:1", "--nj", nj, *more], tmp_path, CTCB_DRY_RUN="true") if line.startswith("ctcb")]
        name, _, options = parsed(ctcb_words(line))
        assert (name, options["device"]) == (step, "cuda:1")


@pytest.mark.parametrize("more, systems", [((), ()), (("--quick",), ("decoder", "joint")), (("--quick", "--systems", "joint"), ("joint",))])
def test_rows_of_the_ablations(more, systems, tmp_path):
    """Of so few names, after so little training as --quick's, most single techniques find none: rows of 0 would look like a defect."""
    ablations = [line for line in dry([ROOT / "recipes/mini/run.sh", "--exp", "exp", "--dry-run", *more], tmp_path) if "ctcb ablate " in line]
    assert len(ablations) == 2  # of dev's half and of test
    assert all(parsed(ctcb_words(line))[2]["chosen"] == systems for line in ablations)
