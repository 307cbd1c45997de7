"""Work in parts (--nj): results are trusted by content, an id belongs to one utterance, and a bad file costs only itself."""
from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from tones import sentences, write_manifest

ROOT = Path(__file__).parents[2]
ODD = "o'dd \"na*me\" $x & é"


def jobs(folder, command, *more, arguments=(), **env):
    """utils/jobs.py runs ``bash -c command`` twice, with the arguments; {job} is the number."""
    line = [sys.executable, ROOT / "utils/jobs.py", "--dir", folder / "jobs", "--count", 2, *more, "--", "bash", "-c", command, "job", *arguments]
    return subprocess.run(list(map(str, line)), capture_output=True, text=True, timeout=300, cwd=folder, env={**os.environ, **env})


def ran(folder):
    """Which jobs have run since the last call."""
    file = folder / "ran"
    found = "".join(sorted(file.read_text().split())) if file.exists() else ""
    file.unlink(missing_ok=True)
    return found


NOTE = "echo {job} >>ran"


def test_marks_know_what_the_jobs_rest_on(tmp_path):
    for number in "12":
        (tmp_path / number).mkdir()
        (tmp_path / number / "list").write_text(f"{number}\n")
    more = ("--rests-on", tmp_path / "{job}/list")
    assert jobs(tmp_path, NOTE, *more).returncode == 0 and ran(tmp_path) == "12"
    (tmp_path / "2/list").touch()
    assert jobs(tmp_path, NOTE, *more).returncode == 0 and ran(tmp_path) == ""  # content counts, not time
    (tmp_path / "2/list").write_text("3\n")
    assert jobs(tmp_path, NOTE, *more).returncode == 0 and ran(tmp_path) == "2"
    (tmp_path / "jobs/1.done").write_text("")  # a mark that was being written when the machine went down
    assert jobs(tmp_path, NOTE, *more).returncode == 0 and ran(tmp_path) == "1"


def test_marks_know_the_files_that_the_command_names(tmp_path):
    """A file, a folder, a file behind = or a scheme, and what a YAML file names, also one in CTCB_OPTIONS."""
    model = tmp_path / ODD
    (model / "deep").mkdir(parents=True)
    files = {name: tmp_path / name for name in ("names.txt", "lm.arpa", "net.onnx", "named.txt", "other.txt")}
    files["inside"] = model / "deep/weights.bin"
    for file in files.values():
        file.write_text("a\n")
    (tmp_path / "decode.yaml").write_text(yaml.safe_dump({"joint": {"lists": ["named.txt"]}}))
    (tmp_path / "options.yaml").write_text(yaml.safe_dump({"decode": {"lm": str(tmp_path / "other.txt")}}))

    def run():
        words = (files["names.txt"], f"--lm={files['lm.arpa']}", f"onnx:{files['net.onnx']}", model, "--config", tmp_path / "decode.yaml", "no such")
        assert jobs(tmp_path, NOTE, arguments=words, CTCB_OPTIONS=str(tmp_path / "options.yaml")).returncode == 0
        return ran(tmp_path)

    assert run() == "12" and run() == ""
    for file in files.values():
        file.write_text("b\n")
        assert run() == "12" and run() == "", file
    files["inside"].rename(model / "deep/renamed.bin")
    assert run() == "12"


def test_marks_know_the_audio_of_a_manifest(tmp_path):
    for number in "12":
        manifest = write_manifest(tmp_path / number, sentences(3, int(number)))
    more = ("--rests-on", tmp_path / "{job}/manifest.tsv")
    assert jobs(tmp_path, NOTE, *more).returncode == 0 and ran(tmp_path) == "12"
    audio = manifest.parent / "audio/u001.wav"
    audio.write_bytes((manifest.parent / "audio/u000.wav").read_bytes())
    assert jobs(tmp_path, NOTE, *more).returncode == 0 and ran(tmp_path) == "2"
    audio.unlink()
    assert jobs(tmp_path, NOTE, *more).returncode == 0 and ran(tmp_path) == "2"
    assert jobs(tmp_path, NOTE, *more).returncode == 0 and ran(tmp_path) == ""


def test_what_is_written_is_no_input(tmp_path):
    """The job's outputs, and the plots of --attention-plot, which names what is written."""
    command = NOTE + '; mkdir -p "$1" "$3"; echo $RANDOM >"$1/made"; echo $RANDOM >"$3/plot"'
    more = ("--output", tmp_path / "out{job}")
    arguments = (tmp_path / "out{job}", "--attention-plot", tmp_path / "plots")
    assert jobs(tmp_path, command, *more, arguments=arguments).returncode == 0 and ran(tmp_path) == "12"
    assert jobs(tmp_path, command, *more, arguments=arguments).returncode == 0 and ran(tmp_path) == ""
    (tmp_path / "out1/made").unlink()
    (tmp_path / "out1").rmdir()
    assert jobs(tmp_path, command, *more, arguments=arguments).returncode == 0 and ran(tmp_path) == "1"


def test_stale_outputs_are_removed_first(tmp_path):
    """A run that fails after a change leaves nothing of yesterday's: not the job's, not what was made of all, not what is listed."""
    (tmp_path / "model").write_text("1")
    for name in ("merged", "a b.srt"):
        (tmp_path / name).write_text("yesterday")
    (tmp_path / "listed").write_text(f"{tmp_path}/a b.srt\n")
    command = 'echo {job} >>ran; [ "$(cat model)" = 1 ] || exit 3; mkdir out{job}; echo yes >out{job}/text'
    more = ("--rests-on", tmp_path / "model", "--output", tmp_path / "out{job}", "--output", tmp_path / "merged", "--outputs-listed", tmp_path / "listed")
    assert jobs(tmp_path, command, *more).returncode == 0 and not (tmp_path / "merged").exists() and not (tmp_path / "a b.srt").exists()
    for name in ("merged", "a b.srt"):
        (tmp_path / name).write_text("today")
    (tmp_path / "listed").write_text(f"{tmp_path}/a b.srt\n")
    assert jobs(tmp_path, command, *more).returncode == 0 and (tmp_path / "merged").exists() and (tmp_path / "a b.srt").exists()
    (tmp_path / "model").write_text("2")
    assert jobs(tmp_path, command, *more).returncode == 1
    assert not any((tmp_path / name).exists() for name in ("out1", "out2", "merged", "a b.srt", "listed", "jobs/1.done"))


def split(manifest, folder):
    words = [sys.executable, ROOT / "utils/split_manifest.py", manifest, folder, "--chunk", "64"]
    return subprocess.run(list(map(str, words)), capture_output=True, text=True)


def rows(ids):
    return "".join(f"{one}\taudio/{one}.wav\ttext\n" for one in ids)


def test_an_id_in_two_parts_is_refused(tmp_path):
    manifest = tmp_path / "manifest.tsv"
    manifest.write_text("utt_id\taudio\ttext\n" + rows([*(f"Sprecherin-{number}" for number in range(130)), "Sprecherin-3"]))
    found = split(manifest, tmp_path / "parts")
    assert found.returncode == 2 and found.stderr == (
        f"split_manifest.py: {manifest}:132: utt_id 'Sprecherin-3' stands in line 5 already; give each utterance an id of its own\n"
    )
    step = subprocess.run([ROOT / "steps/decode.sh", "--nj", "2", "--chunk", "64", tmp_path / "out", manifest], capture_output=True, text=True, cwd=ROOT)
    assert step.returncode == 2 and "stands in line 5 already" in step.stderr and not (tmp_path / "out/text").exists()


@pytest.mark.parametrize("line, problem", [("u 1\ta.wav\tb", "utt_id 'u 1'"), ("u1\ta.wav", "2 fields where the header names 3"), ("u1\t\tb", "audio field is empty")])
def test_other_faults_of_a_list_are_named_by_its_own_line(tmp_path, line, problem):
    """They were named as lines of the parts, in a job's log."""
    manifest = tmp_path / "manifest.tsv"
    manifest.write_text("utt_id\taudio\ttext\n" + rows(f"a{number}" for number in range(70)) + f"{line}\n")
    found = split(manifest, tmp_path / "parts")
    assert found.returncode == 2 and f"{manifest}:72: " in found.stderr and problem in found.stderr


def test_parts_hold_as_many_utterances_with_empty_lines(tmp_path):
    """Empty lines, Windows' line ends and a byte-order mark are none of an utterance; parts of a longer list go."""
    manifest = tmp_path / "manifest.tsv"
    lines = rows(f"ö{number}" for number in range(150)).splitlines(keepends=True)
    manifest.write_text("\ufeffutt_id\taudio\ttext\n" + "\n".join(lines), encoding="utf-8", newline="\r\n")
    assert split(manifest, tmp_path / "parts").stdout == "3\n"
    from ctcb.data.manifest import read_manifest

    parts = [read_manifest(tmp_path / f"parts/{number}/manifest.tsv") for number in (1, 2, 3)]
    assert list(map(len, parts)) == [64, 64, 22] and [row.utt_id for part in parts for row in part] == [f"ö{number}" for number in range(150)]
    assert (tmp_path / "parts/2/lines").read_text().split()[:2] == [str(2 + 64 * 2), str(4 + 64 * 2)]
    manifest.write_text("utt_id\taudio\ttext\n" + rows(["a"]))
    assert split(manifest, tmp_path / "parts").stdout == "1\n" and sorted(os.listdir(tmp_path / "parts")) == ["1", "count"]


def step(*words, cwd=ROOT):
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=900, cwd=cwd, env=environment)


@pytest.fixture
def manifest(tmp_path):
    """130 utterances in three parts; those of the second part have no audio, and one of the first is no audio."""
    path = write_manifest(tmp_path / ODD, sentences(130, seed=3))
    for number in range(64, 128):
        (path.parent / f"audio/u{number:03}.wav").unlink()
    (path.parent / "audio/u005.wav").write_text("no audio")
    return path


@pytest.mark.slow
def test_bad_files_cost_only_themselves(manifest, model_dir, tmp_path):
    """A single run and parts give the same transcripts, name the same files, and end with the same exit code."""
    words = ("--model", model_dir, "--chunk", 64)
    one, parts = (step(ROOT / "steps/decode.sh", *words, "--nj", nj, f"{ODD}/out{nj}", manifest, cwd=tmp_path) for nj in (0, 2))
    assert one.returncode == parts.returncode == 1
    for printed in (one.stderr, parts.stderr):
        assert "65 of 130 utterances could not be decoded (the first 20 are named above)" in printed and "u005.wav: not readable as audio" in printed
    for file in ("text", "hyps.jsonl", "hyps.ctm", "hyps.stm"):
        assert (tmp_path / ODD / "out0" / file).read_bytes() == (tmp_path / ODD / "out2" / file).read_bytes()
    assert len((tmp_path / ODD / "out2/text").read_text().splitlines()) == 65
    # Mended, only the first part is decoded again; the rest fails as before.
    (manifest.parent / "audio/u005.wav").write_bytes((manifest.parent / "audio/u006.wav").read_bytes())
    marks = {number: (tmp_path / ODD / f"out2/jobs/{number}.done").stat().st_mtime_ns for number in (1, 2, 3)}
    again = step(ROOT / "steps/decode.sh", *words, "--nj", 2, f"{ODD}/out2", manifest, cwd=tmp_path)
    assert again.returncode == 1 and "64 of 130" in again.stderr and len((tmp_path / ODD / "out2/text").read_text().splitlines()) == 66
    assert [number for number in (1, 2, 3) if (tmp_path / ODD / f"out2/jobs/{number}.done").stat().st_mtime_ns != marks[number]] == [1]


@pytest.mark.slow
def test_emissions_of_parts_without_audio(manifest, model_dir, tmp_path):
    one, parts = (step("steps/emit.sh", "--model", model_dir, "--chunk", 64, "--nj", nj, tmp_path / f"out{nj}", manifest) for nj in (0, 2))
    assert one.returncode == parts.returncode == 1 and "65 of 130 utterances could not be read" in parts.stderr
    for file in ("emissions.npz", "emissions.npz.tokens.txt"):
        assert (tmp_path / "out0" / file).read_bytes() == (tmp_path / "out2" / file).read_bytes()
    assert len(np.load(tmp_path / "out2/emissions.npz").files) == 65


@pytest.mark.slow
def test_preparation_with_a_part_of_which_nothing_is_usable(manifest, tmp_path):
    one, parts = (step("steps/prepare.sh", "--chunk", 64, "--nj", nj, manifest, tmp_path / f"data{nj}") for nj in (0, 2))
    assert one.returncode == parts.returncode == 0, parts.stderr
    assert "65 utterances; left out: 65" in parts.stderr

    def table(nj):
        return [line.split("\t")[:2] for line in (tmp_path / f"data{nj}/rejected.tsv").read_text().splitlines()]

    assert table(0) == table(2) and table(2)[1] == ["7", "u005"]
    one, two = (gzip.open(tmp_path / f"data{nj}/supervisions.jsonl.gz").read() for nj in (0, 2))
    assert one == two
    from lhotse import CutSet

    assert sum(1 for _ in CutSet.from_file(tmp_path / "data2/cuts_feats.jsonl.gz")) == 65


@pytest.mark.slow
def test_nothing_usable_in_any_part_is_an_error(manifest, model_dir, tmp_path):
    for file in (manifest.parent / "audio").iterdir():
        file.write_bytes(b"")
    prepared = step("steps/prepare.sh", "--chunk", 64, "--nj", 2, manifest, tmp_path / "data")
    assert prepared.returncode == 2 and f"{manifest}:2: no usable utterance" in prepared.stderr and not (tmp_path / "data/cuts_feats.jsonl.gz").exists()
    decoded = step("steps/decode.sh", "--model", model_dir, "--chunk", 64, "--nj", 2, tmp_path / "out", manifest)
    assert decoded.returncode == 2 and "the file is empty" in decoded.stderr and not (tmp_path / "out/text").exists()


@pytest.mark.slow
def test_another_model_under_the_same_name_is_noticed(model_dir, adapter_dir, tmp_path):
    """Yesterday's transcripts are not today's, though every name is the same."""
    from safetensors.torch import load_file, save_file

    manifest = write_manifest(tmp_path / "set", sentences(66, seed=8))
    (tmp_path / "names.txt").write_text("zed\n")
    model = tmp_path / "model"

    def emissions(source):
        shutil.rmtree(model, ignore_errors=True)
        shutil.copytree(source, model)
        words = ("--model", model, "--chunk", 64, "--nj", 2, tmp_path / "out", manifest, "--", "--bias", "encoder", "--entities", tmp_path / "names.txt")
        assert step("steps/decode.sh", *words).returncode == 0
        return (tmp_path / "out/hyps.jsonl").read_bytes()

    first = emissions(adapter_dir)
    changed = tmp_path / "changed"
    shutil.copytree(adapter_dir, changed)
    tensors = load_file(adapter_dir / "encoder.safetensors")
    save_file({name: tensor * 0.5 if "head.weight" in name else tensor for name, tensor in tensors.items()}, changed / "encoder.safetensors")
    assert emissions(changed) != first and emissions(adapter_dir) == first
