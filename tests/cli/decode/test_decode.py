"""The commands ``ctcb decode`` and ``ctcb emit``, on a model with random weights."""
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from tones import RATE, say, sentences, write_manifest

from ctcb.acoustic.directory import load_model
from ctcb.acoustic.directory_model import DirectoryModel
from ctcb.acoustic.emit import emit
from ctcb.data.inputs import Utterance
from ctcb.search.greedy import greedy


@pytest.fixture
def audio(tmp_path):
    return write_manifest(tmp_path / "in", sentences(5), suffix=".flac").parent


def test_files_folders_manifests_and_cuts_agree(ctcb, model_dir, audio, tmp_path):
    ctcb("prepare", audio / "manifest.tsv", "--out", tmp_path / "cuts")
    outputs = [
        ctcb("decode", "--model", model_dir, *inputs)
        for inputs in (
            [audio / "manifest.tsv"], [audio / "audio"], sorted((audio / "audio").iterdir()),
            [tmp_path / "cuts/cuts.jsonl.gz"],
        )
    ]
    assert [ran.code for ran in outputs] == [0] * 4
    assert len({ran.out for ran in outputs}) == 1
    assert [line.split()[0] for line in outputs[0].out.splitlines()] == [f"u{i:03d}" for i in range(5)]


def test_out_folder_is_written(ctcb, model_dir, audio, tmp_path):
    ran = ctcb("decode", "--model", model_dir, audio, "--out", tmp_path / "out")
    assert (ran.code, ran.out) == (0, "")
    rows = [json.loads(line) for line in (tmp_path / "out/hyps.jsonl").read_text().splitlines()]
    text = (tmp_path / "out/text").read_text()
    assert text == "".join(f"{row['id']} {row['text']}".rstrip() + "\n" for row in rows)
    words = [word for row in rows for word in row["words"]]
    assert len((tmp_path / "out/hyps.ctm").read_text().splitlines()) == len(words)
    assert all(0 <= word["start"] < word["end"] and 0 < word["conf"] <= 1 for word in words)


def test_output_does_not_depend_on_jobs(ctcb, model_dir, audio):
    first, second = (ctcb("decode", "--model", model_dir, "--format", "jsonl", "--jobs", jobs, audio) for jobs in (1, 3))
    assert first == second


def test_words_do_not_depend_on_batches(ctcb, model_dir, audio):
    first, second = (ctcb("decode", "--model", model_dir, "--batch-seconds", seconds, audio) for seconds in (1, 100))
    assert first == second and first.code == 0


def test_cut_is_decoded_from_start_to_end(model_dir, tmp_path):
    samples = np.concatenate([say("ann met"), say("bob"), say("dan")])
    soundfile.write(str(tmp_path / "long.wav"), samples, RATE)
    soundfile.write(str(tmp_path / "part.wav"), say("bob"), RATE)
    start, duration = len(say("ann met")) / RATE, len(say("bob")) / RATE
    model = load_model(model_dir)
    cut, part = emit(DirectoryModel(model), [Utterance("a", tmp_path / "long.wav", start, duration), Utterance("b", tmp_path / "part.wav")])
    assert cut.emissions.tokens.shape == part.emissions.tokens.shape
    assert np.abs(cut.emissions.tokens - part.emissions.tokens).max() < 0.05  # 16-bit files


def test_conversions_are_noted(ctcb, model_dir, tmp_path):
    soundfile.write(str(tmp_path / "a.wav"), np.stack([say("ann")[::2]] * 2, axis=1), RATE // 2)
    ran = ctcb("decode", "--model", model_dir, tmp_path / "a.wav")
    assert ran.code == 0 and ran.out.startswith("a")
    assert "8000 Hz resampled to 16000 Hz in 1 file" in ran.err and "2 channels mixed to mono in 1 file" in ran.err


def test_bad_file_does_not_stop_the_others(ctcb, model_dir, audio):
    (audio / "audio/broken.wav").write_text("no audio")
    ran = ctcb("decode", "--model", model_dir, audio / "audio")
    assert ran.code == 1 and len(ran.out.splitlines()) == 5
    assert "left out: " in ran.err and "broken.wav" in ran.err and "1 of 6 utterances" in ran.err


@pytest.mark.parametrize("verb, out", [("decode", "out"), ("emit", "e.npz")])
def test_outputs_are_written_for_good_utterances(ctcb, model_dir, audio, tmp_path, verb, out):
    (audio / "audio/broken.wav").write_text("no audio")
    assert ctcb(verb, "--model", model_dir, audio / "audio", "--out", tmp_path / out).code == 1
    if verb == "decode":
        assert len((tmp_path / "out/text").read_text().splitlines()) == 5
    else:
        assert len(np.load(tmp_path / out).files) == 5


def duplicate(folder):
    shutil.copy(folder / "audio/u000.flac", folder / "audio/u000.wav")
    manifest = folder / "manifest.tsv"
    manifest.write_text(manifest.read_text() + manifest.read_text().splitlines()[1] + "\n")
    return [manifest]


@pytest.mark.parametrize(
    "make, told",
    [
        (lambda folder: [folder / "none.wav"], "none.wav: no such file"),
        (lambda folder: [(folder / "t.wav", (folder / "t.wav").write_text("text"))[0]], "t.wav: not readable as audio"),
        (lambda folder: [(folder / "e.wav", (folder / "e.wav").touch())[0]], "e.wav: the file is empty"),
        (lambda folder: [(folder / "m.tsv", (folder / "m.tsv").write_text("utt_id\ttext\nu\thi\n"))[0]], "m.tsv:1: no column 'audio'"),
        (duplicate, "manifest.tsv:7: utt_id 'u000' stands in line 2 already"),
        (lambda folder: [(folder / "empty", (folder / "empty").mkdir())[0]], "no audio file in this folder"),
        (lambda folder: [(folder / "c.jsonl", (folder / "c.jsonl").write_text("{}\n"))[0]], "not a manifest of lhotse cuts"),
        (lambda folder: [folder / "audio", folder / "manifest.tsv"], "the id 'u000' is also that of"),
    ],
)
def test_wrong_input_gives_one_line_and_exit_code_2(ctcb, model_dir, audio, make, told):
    ran = ctcb("decode", "--model", model_dir, *make(audio))
    assert ran.code == 2 and ran.out == ""
    assert told in ran.err and len(ran.err.splitlines()) == 1


def test_model_with_a_missing_file_is_refused(ctcb, model_dir, audio, tmp_path):
    shutil.copytree(model_dir, tmp_path / "model")
    (tmp_path / "model/lexicon.txt").unlink()
    ran = ctcb("decode", "--model", tmp_path / "model", audio)
    assert ran.code == 2 and "lexicon.txt: " in ran.err and len(ran.err.splitlines()) == 1


def test_emit_writes_the_emissions_that_decode_uses(ctcb, model_dir, audio, tmp_path):
    assert ctcb("emit", "--model", model_dir, audio, "--out", tmp_path / "e.npz").code == 0
    arrays = np.load(tmp_path / "e.npz", allow_pickle=False)
    pieces = (tmp_path / "e.npz.tokens.txt").read_text().splitlines()
    decoded = dict(line.split(" ", 1) for line in ctcb("decode", "--model", model_dir, audio).out.splitlines())
    for name in arrays.files:
        assert np.exp(arrays[name]).sum(axis=1) == pytest.approx(1.0, abs=1e-4)
        spelled = "".join(pieces[token] for token in greedy(arrays[name]).tokens).replace("▁", " ").split()
        assert " ".join(spelled) == decoded[name]


def test_emit_writes_phone_emissions(ctcb, model_dir, audio, tmp_path):
    assert ctcb("emit", "--model", model_dir, audio, "--head", "phone", "--out", tmp_path / "e.npz").code == 0
    assert np.load(tmp_path / "e.npz")["u000"].shape[1] == 40
    assert (tmp_path / "e.npz.tokens.txt").read_text().splitlines()[:2] == ["<blk>", "AA"]


def test_export_without_epochs_is_refused(ctcb, tmp_path):
    ran = ctcb("export", tmp_path, "--out", tmp_path / "m")
    assert ran.code == 2 and "no epoch-*.safetensors" in ran.err


def test_traceback_only_with_debug(model_dir, tmp_path):
    words = [sys.executable, "-m", "ctcb", "decode", "--model", str(model_dir), str(tmp_path / "none.wav")]
    plain = subprocess.run(words, capture_output=True, text=True)
    debug = subprocess.run([*words, "--debug"], capture_output=True, text=True)
    assert plain.returncode == debug.returncode == 2
    assert "Traceback" not in plain.stderr and "Traceback" in debug.stderr
