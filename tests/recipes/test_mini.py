"""recipes/mini --quick, from the voices to the ladder."""
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "local"))
from make_mini import NAME, name_words, write_line  # noqa: E402


def test_sentences_are_the_same_every_time_and_names_are_kept_apart():
    names = name_words()
    assert all(len(words) > 5000 and all(map(NAME.fullmatch, words)) for words in names.values())
    assert not set(names["train"]) & set(names["dev"]) and not set(names["dev"]) & set(names["test"])
    lines = [write_line("dev", number, names["dev"]) for number in range(200)]
    assert lines == [write_line("dev", number, names["dev"]) for number in range(200)]
    assert all(line.saying.text[0].isupper() and "{" not in line.saying.text for line in lines)
    neural = np.mean([line.saying.voice.startswith("hibari") for line in lines])
    assert 0.45 < neural < 0.75 and len({line.saying.text for line in lines}) > 100


@pytest.mark.slow
def test_quick(tmp_path):
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    words = ["recipes/mini/run.sh", "--quick", "--exp", str(tmp_path)]
    ran = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=1800)
    if "No matching distribution" in ran.stderr or "Could not find a version" in ran.stderr:
        pytest.skip("the voices' packages cannot be had here")
    assert ran.returncode == 0, ran.stderr
    assert "none" in ran.stdout and "joint" in ran.stdout
    results = (tmp_path / "RESULTS.md").read_text()
    assert "ladder dev" in results and "ladder test" in results
