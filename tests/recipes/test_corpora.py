"""recipes/voxpopuli, medical and librispeech from a corpus in its publisher's layout to the ablation; a tiny model, tone speech."""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from corpora import make_librispeech, make_medical, make_voxpopuli

ROOT = Path(__file__).parents[2]
SETS = ("train", "dev", "test")


@pytest.fixture(scope="module")
def configs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("configs")
    train = "epochs: 1, batch_seconds: 10, warmup_steps: 5, workers: 0"
    (folder / "train.yaml").write_text(f"{{{train}}}\n")
    (folder / "adapter.yaml").write_text(
        f"{{adapter: {{dim: 16, heads: 2, embedding: 8, hidden: 8}}, catalogue: {{commonest: 0, shortest: 3}}, train: {{{train}}}}}\n"
    )
    return folder


def command(recipe, configs, exp, *more):
    options = {
        "exp": exp, "config": "conf/model/tiny.yaml", "train-config": configs / "train.yaml", "speeds": "1.0", "trials": 3,
        "adapter-config": configs / "adapter.yaml", "vocab-size": 40, "nproc": 1, "jobs": 2, "results": exp / "results",
    }  # fmt: skip
    words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
    return [f"recipes/{recipe}/run.sh", *words, *map(str, more)]


ENVIRONMENT = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def run(*words, root=ROOT, **environment):
    return subprocess.run(
        command(*words), capture_output=True, text=True, timeout=1800, cwd=root, env={**ENVIRONMENT, **environment}
    )


def check(exp, recipe, tests=("test",)):
    for name in ("dev", *tests):
        assert (exp / f"sets/{name}/entities.txt").read_text() and (exp / f"sets/{name}/lists.json").exists()
    results = (exp / f"results/{recipe}.md").read_text()
    assert "begin ablation dev half 2" in results and "| none |" in results
    for name in tests:
        assert f"begin ablation {name} -->" in results
        report = (exp / f"results/{recipe}-{name}.html").read_text()
        assert f"{recipe}, {name}" in report and (exp / f"sets/{name}/entities.txt").read_text().split()[0] in report
    assert (exp / "model/adapter.safetensors").exists() and (exp / "lm/lm.arpa.gz").exists()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("voxpopuli")
    return folder, make_voxpopuli(folder, utterances=8)


@pytest.fixture(scope="module")
def voxpopuli(corpus, configs, tmp_path_factory):
    """An uninterrupted run, except for a manifest that is broken at first."""
    folder, _ = corpus
    exp = tmp_path_factory.mktemp("exp")
    broken = exp / "sets/dev/manifest.tsv"
    first = run("voxpopuli", configs, exp, "--corpus", folder, "--stage", 2, "--stop-stage", 3)
    assert first.returncode == 0, first.stderr
    whole = broken.read_text()
    broken.write_text("utt_id\ttext\n")
    failed = run("voxpopuli", configs, exp, "--corpus", folder, "--stage", 4, "--stop-stage", 4)
    assert failed.returncode == 2 and "no column 'audio'" in failed.stderr and not (exp / "data/dev/.done").exists()
    broken.write_text(whole)
    rest = run("voxpopuli", configs, exp, "--corpus", folder, "--stage", 2)
    assert rest.returncode == 0, rest.stderr
    assert rest.stderr.count("stands already") == 3  # sets, lists, the training set's features
    return exp


@pytest.mark.slow
def test_voxpopuli_recipe(corpus, voxpopuli):
    check(voxpopuli, "voxpopuli")
    assert "Zed Quill" in (voxpopuli / "sets/test/entities.txt").read_text()
    assert sum(len((voxpopuli / f"sets/{name}/manifest.tsv").read_text().splitlines()) - 1 for name in SETS) == len(corpus[1])


# What appears in the middle of a stage's work, and the mark that the stage must not have then.
POINTS = [
    ("sets/train/audio/*/*.flac", "sets"), ("sets/train/manifest.tsv", "sets"), ("sets/dev/entities.txt", "lists"),
    ("data/train/recordings.jsonl.gz", "data/train"), ("data/dev/recordings.jsonl.gz", "data/dev"), ("lang/tokens.model", "lang"),
    ("base/log.jsonl", "model"), ("adapter/cache/*/*.npy", "adapter"), ("lm/*.gz.*", "lm"),
    ("decode/graph_subword/test/.done", "decode/graph_phone/test"), ("emissions/*", "tune/decoder"), ("tune/joint/study.log", "tune/joint"),
    ("results/voxpopuli.md", None), ("decode/joint/test/.lock", "decode/joint/test"),
]  # fmt: skip


@pytest.mark.slow
def test_killed_recipe_resumes(corpus, configs, voxpopuli, tmp_path):
    """After a kill in every stage, the same command resumes, with the same results as an uninterrupted run."""
    exp, killed = tmp_path / "exp", 0
    words = command("voxpopuli", configs, exp, "--corpus", corpus[0], "--stage", 2)
    for pattern, stage in POINTS:
        with open(tmp_path / "log", "w") as log:
            going = subprocess.Popen(words, stdout=log, stderr=log, cwd=ROOT, env=ENVIRONMENT, start_new_session=True)
            deadline = time.time() + 900
            while not any(exp.glob(pattern)) and going.poll() is None:
                assert time.time() < deadline, pattern
                time.sleep(0.005)
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                os.killpg(going.pid, signal.SIGKILL)
            going.wait()
        assert going.returncode in (0, -signal.SIGKILL), (tmp_path / "log").read_text()
        # On a slow machine what was waited for may be seen late: then the stage must really be done.
        killed += stage is not None and not (exp / stage / ".done").exists()
    assert killed >= len(POINTS) // 2
    ran = subprocess.run(words, capture_output=True, text=True, timeout=1800, cwd=ROOT, env=ENVIRONMENT)
    assert ran.returncode == 0, ran.stderr
    check(exp, "voxpopuli")
    same = [f"sets/{name}/{file}" for name in SETS for file in ("manifest.tsv", "entities.txt") if (voxpopuli / f"sets/{name}/{file}").exists()]
    for file in (*same, "lang/tokens.txt", "lang/lexicon.txt", "lm/lm.arpa.gz", "model/encoder.safetensors", "adapter/log.jsonl"):
        assert (exp / file).exists(), file
    for file in (*same, "lang/tokens.txt", "lang/lexicon.txt", "lm/lm.arpa.gz"):
        assert (exp / file).read_bytes() == (voxpopuli / file).read_bytes(), file


@pytest.mark.slow
def test_medical_recipe(configs, tmp_path):
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
    check(exp, "medical")
    assert "Zedocain" in (exp / "sets/dev/entities.txt").read_text()


@pytest.fixture(scope="module")
def librispeech(tmp_path_factory):
    folder = tmp_path_factory.mktemp("librispeech")
    return folder, make_librispeech(folder)


@pytest.mark.slow
def test_librispeech_recipe(librispeech, configs, tmp_path):
    corpus, texts = librispeech
    parts = ("--train-part", "train-clean-100", "--dev-part", "dev-clean", "--count", 100, "--count", 500, "--bias", "joint")
    ran = run("librispeech", configs, tmp_path, "--corpus", corpus, "--stage", 2, *parts)
    assert ran.returncode == 0, ran.stderr
    check(tmp_path, "librispeech", ("test-clean", "test-other"))
    results = (tmp_path / "results/librispeech.md").read_text()
    for name in ("test-clean", "test-other"):
        table = results[results.index(f"begin is21 {name}") : results.index(f"end is21 {name}")]
        ours = [[cell.strip() for cell in line.split("|")[1:4]] for line in table.splitlines() if line.startswith("| **ctcb")]
        assert [(row[0], row[1]) for row in ours] == [("**ctcb, unbiased**", "none"), ("**ctcb, joint**", "100"), ("**ctcb, joint**", "500")]
        for size, (_, _, wer) in zip(("none", "100", "500"), ours):
            folder = tmp_path / "is21/own" / name / ("unbiased" if size == "none" else "joint") / size
            hyps = {row["id"]: row["text"] for row in map(json.loads, (folder / "hyps.jsonl").read_text().splitlines())}
            edits = sum(distance(text.split(), hyps[utt_id].split()) for utt_id, text in texts[name].items())
            words = sum(len(text.split()) for text in texts[name].values())
            assert float(wer.split()[0]) == pytest.approx(100 * edits / words, abs=0.006)


def distance(ref, hyp):
    """The word edits between two texts, by the usual recursion."""
    row = list(range(len(hyp) + 1))
    for i, word in enumerate(ref, 1):
        row, last = [i], row
        for j, other in enumerate(hyp, 1):
            row.append(min(row[j - 1] + 1, last[j] + 1, last[j - 1] + (word != other)))
    return row[-1]


@pytest.mark.slow
def test_librispeech_benchmark_of_another_model(librispeech, configs, tmp_path):
    """Only the test sets are needed, and nothing is trained."""
    corpus = tmp_path / "corpus"
    (corpus / "LibriSpeech").mkdir(parents=True)
    (corpus / "is21_deep_bias").symlink_to(librispeech[0] / "is21_deep_bias")
    for name in ("test-clean", "test-other"):
        (corpus / "LibriSpeech" / name).symlink_to(librispeech[0] / "LibriSpeech" / name)
    exp = tmp_path / "exp"
    ran = run("librispeech", configs, exp, "--corpus", corpus, "--stage", 2, "--model", "ctcb/assets/model", "--count", 100)
    assert ran.returncode == 0, ran.stderr
    assert (exp / "results/librispeech.md").read_text().count("| **ctcb, decoder** | 100 |") == 2
    assert "| model: ctcb/assets/model |" in (exp / "results/librispeech.md").read_text()
    assert sorted(path.name for path in exp.iterdir()) == ["is21", "lists", "results", "sets"]


@pytest.mark.parametrize("recipe", ["voxpopuli", "medical", "librispeech"])
def test_wrong_use_is_refused(recipe, configs, tmp_path):
    for words, told in (([], "--corpus is missing"), (["--stages", "1"], "no such option: --stages")):
        ran = subprocess.run([f"recipes/{recipe}/run.sh", *words], capture_output=True, text=True, cwd=ROOT, env=ENVIRONMENT)
        assert ran.returncode == 2 and told in ran.stderr


@pytest.mark.parametrize("option, value, values", [("count", "200", "100, 500, 1000 or 2000"), ("bias", "all", "encoder, decoder or joint")])
def test_what_the_benchmark_lacks_is_refused_before_the_work(option, value, values):
    ran = subprocess.run(["recipes/librispeech/run.sh", "--corpus", "none", f"--{option}", value], capture_output=True, text=True, cwd=ROOT, env=ENVIRONMENT)
    assert ran.returncode == 2 and ran.stderr == f"run.sh: --{option} is {values}, not {value} (--help shows the options)\n"


def test_missing_inputs_are_named_before_the_work(configs, tmp_path):
    scripts = tmp_path / "scripts"  # the scripts alone: what is in the repository's .venv would be found
    for name in ("recipes", "steps", "utils", "conf"):
        shutil.copytree(ROOT / name, scripts / name)
    shutil.copy(ROOT / "cmd.sh", scripts)

    def told(*more, **environment):
        ran = run("voxpopuli", configs, tmp_path / "exp", "--corpus", tmp_path, *more, root=scripts, **environment)
        assert ran.stderr.count("\n") == 1 and not (tmp_path / "exp").exists()
        return ran.returncode, ran.stderr

    assert told("--slue", tmp_path / "slue.tsv") == (2, f"run.sh: {tmp_path}/slue.tsv: no such file\n")
    assert told("--config", "none.yaml") == (2, "run.sh: none.yaml: no such file\n")
    # A PATH with what a shell script needs, and neither sbatch nor ctcb.
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "dirname", "env"):
        (tools / name).symlink_to(Path("/usr/bin", name))
    assert told(PATH=str(tools)) == (1, "run.sh: there is no ctcb here; utils/setup_env.sh installs it\n")
    (tools / "ctcb").symlink_to(Path(sys.executable).parent / "ctcb")
    assert told(PATH=str(tools), CTCB_JOBS="slurm") == (2, "run.sh: CTCB_JOBS is slurm, and there is no sbatch here\n")
