"""utils/jobs.py, and work that steps split into parts."""
import gzip
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from tones import sentences, write_manifest

ROOT = Path(__file__).parents[2]


def jobs(folder, count, command, *more, **env):
    words = [sys.executable, "utils/jobs.py", "--dir", str(folder), "--count", str(count), *more, "--", "bash", "-c", command]
    return subprocess.run(words, capture_output=True, text=True, timeout=300, env={**os.environ, **env})


def runs(pid):
    """Whether the process runs. In a container, an ended process stays listed until its exit code is read."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def lines(path):
    return sorted(path.read_text().split()) if path.exists() else []


def test_every_job_runs_once(tmp_path):
    ran = jobs(tmp_path / "jobs", 5, f"echo {{job}} >>{tmp_path}/ran", "--nj", "2")
    assert ran.returncode == 0 and lines(tmp_path / "ran") == list("12345")
    (tmp_path / "jobs/3.done").unlink()
    assert jobs(tmp_path / "jobs", 5, f"echo {{job}} >>{tmp_path}/ran").returncode == 0
    assert lines(tmp_path / "ran") == list("123345")


def test_marks_of_another_run_are_ignored(tmp_path):
    for more in ((), ("--made-for", "a"), ("--made-for", "a")):
        assert jobs(tmp_path / "jobs", 2, f"echo {{job}} >>{tmp_path}/ran", *more).returncode == 0
    assert lines(tmp_path / "ran") == list("1122")


def test_failed_job_is_retried(tmp_path):
    command = f"[ {{job}} != 2 ] || [ -e {tmp_path}/once ] || {{ touch {tmp_path}/once; exit 3; }}"
    ran = jobs(tmp_path / "jobs", 3, command)
    assert ran.returncode == 0 and "1 of 3 failed, attempt 2 of 2" in ran.stderr


def test_repeatedly_failing_job_is_named(tmp_path):
    ran = jobs(tmp_path / "jobs", 4, f"echo no room >&2; echo {{job}} >>{tmp_path}/ran; [ {{job}} -ne 3 ]")
    assert ran.returncode == 1 and f"1 of 4 jobs failed: 3; see {tmp_path}/jobs/3.log" in ran.stderr
    assert (tmp_path / "jobs/3.log").read_text() == "no room\n" and lines(tmp_path / "ran") == list("12334")


def test_stopping_stops_the_jobs(tmp_path):
    words = [sys.executable, "utils/jobs.py", "--dir", str(tmp_path / "jobs"), "--count", "3", "--nj", "2", "--"]
    words += ["bash", "-c", f"echo $$ >{tmp_path}/{{job}}.pid; sleep 300"]
    run = subprocess.Popen(words)
    deadline = time.time() + 120
    while not all((tmp_path / f"{job}.pid").exists() and (tmp_path / f"{job}.pid").read_text() for job in (1, 2)):
        assert time.time() < deadline
        time.sleep(0.1)
    run.send_signal(signal.SIGTERM)
    assert run.wait(timeout=60) == 130
    deadline = time.time() + 20  # well before they would end by themselves
    while any(runs((tmp_path / f"{job}.pid").read_text().strip()) for job in (1, 2)):
        assert time.time() < deadline
        time.sleep(0.1)
    assert not (tmp_path / "3.pid").exists()


def slurm_runs():
    return shutil.which("sinfo") is not None and subprocess.run("sinfo", capture_output=True).returncode == 0


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """The Slurm that runs here, or one of this machine alone."""
    if slurm_runs():
        yield
        return
    if os.geteuid() != 0 or not all(map(shutil.which, ("munged", "slurmctld", "slurmd", "sbatch"))):
        pytest.skip("there is no Slurm on this machine, and none can be started (apt install slurmctld slurmd slurm-client munge)")
    monkeypatch.setenv("SLURM_CONF", str(tmp_path / "slurm/slurm.conf"))
    subprocess.run(["utils/local_slurm.sh", "start", str(tmp_path / "slurm")], check=True)
    yield
    subprocess.run(["utils/local_slurm.sh", "stop", str(tmp_path / "slurm")], check=True)


def test_slurm_runs_jobs(tmp_path, slurm):
    command = f"echo {{job}} >>{tmp_path}/ran; [ {{job}} -ne 2 ] || [ -e {tmp_path}/once ] || {{ touch {tmp_path}/once; exit 3; }}"
    ran = jobs(tmp_path / "jobs", 3, command, "--nj", "2", "--backend", "slurm", CTCB_SBATCH="--time=5")
    assert ran.returncode == 0, ran.stderr
    assert "1 of 3 failed" in ran.stderr and lines(tmp_path / "ran") == list("1223")


def test_slurm_names_repeatedly_failing_jobs(tmp_path, slurm):
    ran = jobs(tmp_path / "jobs", 2, "echo no room; [ {job} -ne 2 ]", "--backend", "slurm", CTCB_SBATCH="--time=5")
    assert ran.returncode == 1 and "1 of 2 jobs failed: 2" in ran.stderr and (tmp_path / "jobs/2.log").read_text() == "no room\n"


def test_missing_slurm_is_reported(tmp_path):
    ran = jobs(tmp_path / "jobs", 1, "true", "--backend", "slurm", PATH="/nowhere")
    assert ran.returncode == 2 and "there is no sbatch on this machine" in ran.stderr


def test_parts_are_a_partition(tmp_path):
    folder = tmp_path / "set"
    (folder / "audio").mkdir(parents=True)
    rows = [f"u{number}\taudio/{number}.wav\ttext {number}" for number in range(150)]
    (folder / "manifest.tsv").write_text("\n".join(["utt_id\taudio\ttext", *rows]) + "\n")
    words = [sys.executable, "utils/split_manifest.py", str(folder / "manifest.tsv"), str(tmp_path / "parts"), "--chunk"]
    ran = subprocess.run([*words, "64"], capture_output=True, text=True)
    assert ran.returncode == 0 and ran.stdout == "3\n"
    from ctcb.data.manifest import read_manifest

    parts = [row for part in "123" for row in read_manifest(tmp_path / "parts" / part / "manifest.tsv")]
    assert [(row.utt_id, row.audio.resolve(), row.text) for row in parts] == [
        (row.utt_id, row.audio.resolve(), row.text) for row in read_manifest(folder / "manifest.tsv")
    ]
    ran = subprocess.run([*words, "50"], capture_output=True, text=True)
    assert ran.returncode == 2 and "a multiple of 64" in ran.stderr


def step(*words):
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    ran = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=900, cwd=ROOT, env=environment)
    assert ran.returncode == 0, ran.stderr
    return ran


@pytest.mark.slow
def test_merged_jobs_equal_one_run(tmp_path, model_dir):
    manifest = write_manifest(tmp_path / "set", sentences(100, seed=5))
    names = tmp_path / "names.txt"
    names.write_text("zed\nkit lee\n")
    for nj in (0, 1, 3):
        step("steps/decode.sh", "--model", model_dir, "--nj", nj, "--chunk", 64, tmp_path / f"decode{nj}", manifest, "--", "--entities", names)
        step("steps/emit.sh", "--model", model_dir, "--nj", nj, "--chunk", 64, tmp_path / f"emit{nj}", manifest)
    for kind, files in (("decode", ("text", "hyps.jsonl", "hyps.ctm", "hyps.stm")), ("emit", ("emissions.npz", "emissions.npz.tokens.txt"))):
        for file in files:
            one, *others = ((tmp_path / f"{kind}{nj}" / file).read_bytes() for nj in (0, 1, 3))
            assert one and all(other == one for other in others), file
    assert len(np.load(tmp_path / "emit3/emissions.npz").files) == 100


@pytest.mark.slow
def test_preparation_in_jobs_equals_one_run(tmp_path):
    manifest = write_manifest(tmp_path / "set", sentences(70, seed=6))
    for nj in (0, 2):
        step("steps/prepare.sh", "--nj", nj, "--chunk", 64, "--speeds", "0.9,1.0", manifest, tmp_path / f"data{nj}")

    def ids(nj, file):
        from lhotse import CutSet

        cuts = CutSet.from_file(tmp_path / f"data{nj}" / file)
        return sorted((cut.id, cut.duration, cut.supervisions[0].text, cut.num_features) for cut in cuts)

    assert ids(0, "cuts_feats.jsonl.gz") == ids(2, "cuts_feats.jsonl.gz") and len(ids(2, "cuts_feats.jsonl.gz")) == 140
    one, two = (gzip.open(tmp_path / f"data{nj}/supervisions.jsonl.gz").read() for nj in (0, 2))
    assert one == two
