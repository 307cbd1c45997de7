"""Killed runs, full disks, concurrent runs: earlier outputs stay complete, and resumed runs give the same result."""
from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from constructed import MET, PIECES, log_probs, write
from tones import RATE, say, sentences, write_manifest

from ctcb.errors import RunError
from ctcb.io import atomic_write, only_run

FILES = ("text", "hyps.jsonl", "hyps.ctm", "hyps.stm")
KILLS = 50


def child(words, ready=None):
    """``ctcb`` in a process of its own, forked so that it starts at once; its id."""
    from ctcb.cli import main

    process = os.fork()
    if process:
        return process
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        main(list(map(str, words)))
        code = 0
    except SystemExit as stop:
        code = int(stop.code or 0)
    finally:
        os._exit(code)


def run(words):
    """Its exit code."""
    return os.waitstatus_to_exitcode(os.waitpid(child(words), 0)[1])


def contents(folder, names=FILES):
    return {name: (folder / name).read_bytes() for name in names}


@pytest.fixture(params=[(75, 40)])
def inputs(model_dir, tmp_path, request):
    """Short utterances around a long one, one of them broken: the words of a command."""
    short, of_long = request.param
    import ctcb.cli.common.recognition  # noqa: F401
    import ctcb.cli.decode.command  # noqa: F401 (once, before the forks)

    manifest = write_manifest(tmp_path / "in", sentences(short, seed=7))
    (tmp_path / "in/audio/u003.wav").write_text("no audio")
    rows = manifest.read_text().splitlines()
    long = np.concatenate([say(text, seed=1) for text in sentences(of_long, seed=8)])
    import soundfile

    soundfile.write(str(tmp_path / "in/audio/long.wav"), long, RATE)
    manifest.write_text("\n".join([*rows[: short - 4], "long\taudio/long.wav\t\ts\t\t\tx", *rows[short - 4 :]]) + "\n")
    names = tmp_path / "names.txt"
    names.write_text("Żed\nkit lee\n", encoding="utf-8")
    return ["decode", "--model", model_dir, "--entities", names, "--bias", "decoder", "--jobs", 1, manifest]


def test_resumed_run_gives_the_same_bytes(inputs, tmp_path):
    from ctcb.decoding import journal

    lines = None

    class Keeping(journal.Journal):
        def close(self):
            nonlocal lines
            lines = self._path.read_bytes()
            super().close()

    import ctcb.cli.decode.command as decode
    from ctcb.cli import main

    kept, decode.Journal = decode.Journal, Keeping
    try:
        with pytest.raises(SystemExit):
            main(list(map(str, [*inputs, "--out", tmp_path / "whole"])))  # one utterance is broken
    finally:
        decode.Journal = kept
    whole = contents(tmp_path / "whole")
    rng = random.Random(0)
    for place in [10, len(lines), rng.randrange(len(lines)), lines.index(b'long') + 2000]:
        out = tmp_path / f"at{place}"
        out.mkdir()
        (out / journal.FILE).write_bytes(lines[:place])
        (out / f".part.text.{'x' * 8}").write_text("of the run that was stopped")
        assert run([*inputs, "--out", out, "--resume"]) == 1
        assert contents(out) == whole and not list(out.glob(".*"))


@pytest.mark.slow
@pytest.mark.parametrize("inputs", [(30, 25)], indirect=True)
def test_kill_9_at_random_points(inputs, tmp_path):
    for name in ("first", "whole"):  # the first may have to compile
        began = time.monotonic()
        assert run([*inputs, "--out", tmp_path / name]) == 1
    took, whole = time.monotonic() - began, contents(tmp_path / "whole")
    rng = random.Random(1)
    killed = 0
    while killed < KILLS:
        out = tmp_path / f"killed{killed}"
        process = child([*inputs, "--out", out])
        time.sleep(rng.uniform(0, took))
        os.kill(process, signal.SIGKILL)
        if os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) != -signal.SIGKILL:
            continue  # it was done already
        killed += 1
        there = [name for name in FILES if (out / name).exists()]  # killed between two of them, not all
        assert contents(out, there) == {name: whole[name] for name in there}
        assert run([*inputs, "--out", out, "--resume"]) == 1
        assert contents(out) == whole, killed
        assert not list(out.glob(".*")), killed
        print(f"killed {killed} of {KILLS}", flush=True)


# --- full disks ---


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own with 640 KB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=640k", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.fixture
def emissions(tmp_path):
    """Of so many utterances that their transcripts fill the small disk."""
    return [*write(tmp_path, {f"u{number:04d}": log_probs(PIECES, MET * 5) for number in range(150)}), "--method", "greedy"]


def test_full_disk_keeps_the_earlier_outputs(ctcb, small_disk, tmp_path, emissions):
    """50 disks with less and less room: each run succeeds as a whole, or the files are those of the run before."""
    (tmp_path / "few").mkdir()
    few = [*write(tmp_path / "few", {"u": log_probs(PIECES, MET)}), "--method", "greedy"]
    assert ctcb("decode", *few, "--out", small_disk / "out").code == 0
    names = (*FILES, "settings.json")
    before = contents(small_disk / "out", names)
    failed = 0
    for number in range(50):
        (small_disk / "ballast").write_bytes(bytes(1024 * (number * 580 // 50)))
        ran = ctcb("decode", *emissions, "--out", small_disk / "out")
        if ran.code == 0:
            (small_disk / "ballast").unlink()
            assert len((small_disk / "out/text").read_text().splitlines()) == 150
            assert ctcb("decode", *few, "--out", small_disk / "out").code == 0
            before = contents(small_disk / "out", names)
            continue
        failed += 1
        assert ran.code == 1 and "No space left" in ran.err and len(ran.err.splitlines()) == 1
        assert contents(small_disk / "out", names) == before
        assert sorted(file.name for file in (small_disk / "out").iterdir()) == sorted(names)
        (small_disk / "ballast").unlink()
    assert 10 < failed < 50


def test_file_size_limit_keeps_the_earlier_outputs(ctcb, tmp_path, emissions):
    """The same without a disk of its own: a limit on the size of files."""
    assert ctcb("decode", *write(tmp_path, {"u": log_probs(PIECES, MET)}), "--out", tmp_path / "out").code == 0
    before = contents(tmp_path / "out")
    words = [sys.executable, "-m", "ctcb", "decode", *map(str, write(tmp_path, {f"u{n}": log_probs(PIECES, MET * 5) for n in range(150)}))]

    def limited():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    ran = subprocess.run([*words, "--method", "greedy", "--out", str(tmp_path / "out")], capture_output=True, text=True, preexec_fn=limited)
    assert ran.returncode == 1 and "File too large" in ran.stderr and len(ran.stderr.splitlines()) == 1
    assert contents(tmp_path / "out") == before


def test_full_disk_keeps_the_earlier_weights(small_disk):
    import torch

    from ctcb.models.weights import read_tensors, save_tensors

    path = small_disk / "checkpoint.safetensors"
    save_tensors(path, {"a": torch.ones(1000)})
    with pytest.raises(RunError, match="cannot be written"):
        save_tensors(path, {"a": torch.ones(200_000)})
    assert torch.equal(read_tensors(path)[0]["a"], torch.ones(1000)) and [file.name for file in small_disk.iterdir()] == [path.name]


def test_closed_pipe_is_no_error(tmp_path, emissions):
    words = [sys.executable, "-m", "ctcb", "decode", *map(str, emissions)]
    ran = subprocess.run(f"{' '.join(words)} --format jsonl | head -1", shell=True, capture_output=True, text=True)  # noqa: S602
    assert ran.stdout.count("\n") == 1 and ran.stderr == ""


# --- two runs at once ---


def test_two_runs_into_one_folder_are_refused(ctcb, tmp_path, emissions):
    with only_run(tmp_path / "out"):
        ran = ctcb("decode", *emissions, "--out", tmp_path / "out")
        assert ran.code == 1 and "out: another run is writing there" in ran.err and len(ran.err.splitlines()) == 1
        assert list((tmp_path / "out").iterdir()) == []
    assert ctcb("decode", *emissions, "--out", tmp_path / "out").code == 0


def test_lock_ends_with_its_process(tmp_path):
    code = f"import time\nfrom ctcb.io import only_run\nwith only_run({str(tmp_path)!r}):\n    print(1, flush=True)\n    time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        with pytest.raises(RunError, match="another run is writing there"), only_run(tmp_path):
            pass
        other.kill()
    with only_run(tmp_path):
        pass


def test_two_trainings_in_one_directory_are_refused(features_dir, lang_dir, tmp_path):
    from scripted_training import scripted_trainer

    trainer = scripted_trainer(features_dir, lang_dir, tmp_path / "run", set())
    with only_run(tmp_path / "run"), pytest.raises(RunError, match="another run is writing there"):
        trainer.run()


# --- files ---


def test_incomplete_last_log_line_is_dropped(features_dir, lang_dir, tmp_path):
    from scripted_training import scripted_trainer

    trainer = scripted_trainer(features_dir, lang_dir, tmp_path / "run", set())
    (tmp_path / "run/log.jsonl").write_text('{"step": 0}\n{"step": 99}\n{"st')
    trainer._cut_log()
    assert (tmp_path / "run/log.jsonl").read_text() == '{"step": 0}\n'


def test_temporary_files_are_private(tmp_path):
    os.umask(0o022)
    with atomic_write(tmp_path / "x"):
        (part,) = tmp_path.iterdir()
        assert part.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o644


def test_no_output_outside_the_folder(ctcb, tmp_path):
    ids = ["../../up", "a/b", "a_b", "a%2Fb", "..", "x" * 240, "x" * 241]
    files = write(tmp_path, {name: log_probs(PIECES, MET) for name in ids})
    ran = ctcb("decode", *files, "--format", "srt", "--out", tmp_path / "deep/er/out")
    assert ran.code == 0 and not (tmp_path.parent / "up.srt").exists()
    assert len([file for file in (tmp_path / "deep/er/out").iterdir() if file.suffix == ".srt"]) == len(ids)
    assert [file.name for file in (tmp_path / "deep").iterdir()] == ["er"] and [file.name for file in (tmp_path / "deep/er").iterdir()] == ["out"]
    ran = ctcb("decode", *files, "--out", tmp_path / "deep/../deep/other")
    assert ran.code == 0 and len((tmp_path / "deep/other/hyps.jsonl").read_text().splitlines()) == len(ids)
    assert [json.loads(line)["id"] for line in (tmp_path / "deep/other/hyps.jsonl").read_text().splitlines()] == ids


