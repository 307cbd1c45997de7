"""recipes/mini --quick, from the voices to the ablation."""
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from growth import slowness

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "local/mini"))
from make_mini import NAME, name_words, write_distractors, write_line  # noqa: E402


def test_sentences_are_deterministic_and_names_disjoint():
    names = name_words()
    assert all(len(words) > 5000 and all(map(NAME.fullmatch, words)) for words in names.values())
    assert not set(names["train"]) & set(names["dev"]) and not set(names["dev"]) & set(names["test"])
    lines = [write_line("dev", number, names["dev"]) for number in range(200)]
    assert lines == [write_line("dev", number, names["dev"]) for number in range(200)]
    assert all(line.prompt.text[0].isupper() and "{" not in line.prompt.text for line in lines)
    neural = np.mean([line.prompt.voice.startswith("hibari") for line in lines])
    assert 0.45 < neural < 0.75 and len({line.prompt.text for line in lines}) > 100


def test_distractors_are_in_no_sentence(tmp_path):
    for name in ("a", "b"):
        write_distractors(tmp_path / name, ["zorne", "quill", "barrow"], "dev")
    names = (tmp_path / "a").read_text().split("\n")[:-1]
    assert names == (tmp_path / "b").read_text().split("\n")[:-1] == sorted(set(names))
    assert {word for name in names for word in name.split()} == {"Zorne", "Quill", "Barrow"} and max(map(len, map(str.split, names))) == 2


def row(table, system):
    """A system's figures in a Markdown ablation table: P, R, F1, ... in percent; NaN if undefined."""
    cells = next(line for line in table.splitlines() if line.startswith(f"| {system} |")).split("|")[2:]
    return [float(found[0]) if (found := re.findall(r"[\d.]+", cell)) else float("nan") for cell in cells]


@pytest.mark.slow
def test_quick_recipe(tmp_path):
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    rows = [f"--systems={name}" for name in ("adapter", "joint")]
    words = ["recipes/mini/run.sh", "--quick", "--exp", str(tmp_path), *rows]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ran = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=1800)
    if "No matching distribution" in ran.stderr or "Could not find a version" in ran.stderr:
        pytest.skip("the voices' packages cannot be had here")
    assert ran.returncode == 0, ran.stderr
    assert "none" in ran.stdout and "joint" in ran.stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert took < 2 * 240 * slowness()  # seconds of processor time: four minutes of two idle cores
    results = (tmp_path / "results/mini.md").read_text()
    assert "begin ablation dev half 2" in results
    test = results[results.index("begin ablation test") :]
    none, adapter, joint = (row(test, system) for system in ("none", "adapter", "joint"))
    assert none[2] != none[2] or none[2] < 20  # the names are unknown
    assert joint[2] > 60 and joint[3] < 0.8 * none[3]  # F1, WER; measured: 84, 12 of 24
    assert adapter[3] < none[3] + 3  # so little training lets it hear a few of 40 names: that it does no harm is all
