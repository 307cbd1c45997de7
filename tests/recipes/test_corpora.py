"""recipes/voxpopuli and recipes/medical from a corpus in its publisher's layout to the ladder; a tiny model, tone speech."""
import os
import subprocess
import sys
from pathlib import Path

import pytest
from corpora import make_medical, make_voxpopuli

ROOT = Path(__file__).parent.parent.parent
SETS = ("train", "dev", "test")


@pytest.fixture(scope="module")
def configs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("configs")
    train = "epochs: 1, batch_seconds: 10, warmup_steps: 5, workers: 0"
    (folder / "train.yaml").write_text(f"{{{train}}}\n")
    (folder / "adapter.yaml").write_text(f"catalogue: {{commonest: 0, shortest: 3}}\ntrain: {{{train}}}\n")
    return folder


def run(recipe, configs, exp, *more):
    options = {
        "exp": exp, "config": "conf/model/tiny.yaml", "train-config": configs / "train.yaml", "speeds": "1.0",
        "adapter-config": configs / "adapter.yaml", "vocab-size": 40, "nproc": 1, "jobs": 2, "results": exp / "RESULTS.md",
    }  # fmt: skip
    words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return subprocess.run(
        [f"recipes/{recipe}/run.sh", *words, *map(str, more)], capture_output=True, text=True, timeout=1800, cwd=ROOT, env=environment
    )


def check(exp):
    for name in ("dev", "test"):
        assert (exp / f"sets/{name}/entities.txt").read_text() and (exp / f"sets/{name}/lists.json").exists()
    results = (exp / "RESULTS.md").read_text()
    assert "ladder dev" in results and "ladder test" in results and "| none |" in results
    assert (exp / "model/adapter.safetensors").exists() and (exp / "lm/lm.arpa.gz").exists()


@pytest.mark.slow
def test_voxpopuli(configs, tmp_path):
    rows = make_voxpopuli(tmp_path / "corpus", utterances=8)
    exp = tmp_path / "exp"
    broken = exp / "sets/dev/manifest.tsv"
    first = run("voxpopuli", configs, exp, "--corpus", tmp_path / "corpus", "--stage", 2, "--stop-stage", 3)
    assert first.returncode == 0, first.stderr
    assert "Zed Quill" in (exp / "sets/test/entities.txt").read_text()
    whole = broken.read_text()
    broken.write_text("utt_id\ttext\n")
    failed = run("voxpopuli", configs, exp, "--corpus", tmp_path / "corpus", "--stage", 4, "--stop-stage", 4)
    assert failed.returncode == 2 and "no column 'audio'" in failed.stderr and not (exp / "data/dev/.done").exists()
    broken.write_text(whole)
    rest = run("voxpopuli", configs, exp, "--corpus", tmp_path / "corpus", "--stage", 2)
    assert rest.returncode == 0, rest.stderr
    assert rest.stderr.count("stands already") == 3  # sets, lists, the training set's features
    check(exp)
    assert sum(len((exp / f"sets/{name}/manifest.tsv").read_text().splitlines()) - 1 for name in SETS) == len(rows)


@pytest.mark.slow
def test_medical(configs, tmp_path):
    make_medical(tmp_path / "corpus")
    exp = tmp_path / "exp"
    terms = exp / "terms"
    terms.mkdir(parents=True)  # in the place of the packages
    (terms / "terms.txt").write_text("Zedocain\n")
    (terms / ".done").touch()
    (exp / "site").mkdir()
    (exp / "site/.done").touch()
    ran = run("medical", configs, exp, "--corpus", tmp_path / "corpus", "--stage", 2)
    assert ran.returncode == 0, ran.stderr
    check(exp)
    assert "Zedocain" in (exp / "sets/dev/entities.txt").read_text()


@pytest.mark.parametrize("recipe", ["voxpopuli", "medical"])
def test_wrong_use(recipe):
    for words, told in (([], "--corpus is missing"), (["--stages", "1"], "no such option: --stages")):
        ran = subprocess.run([f"recipes/{recipe}/run.sh", *words], capture_output=True, text=True, cwd=ROOT)
        assert ran.returncode == 2 and told in ran.stderr
