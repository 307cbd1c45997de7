"""``--resume``: the fingerprint covers the files that options name, not files named like another option's value."""
from __future__ import annotations

import click
import pytest
import soundfile
from tones import RATE, say

from ctcb.cli.decode.command import command
from ctcb.cli.decode.fingerprint import fingerprint


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A working folder with audio and a list; the fingerprint of a command line there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "talks/more").mkdir(parents=True)
    for name in ("talks/a.wav", "talks/more/b.wav"):
        soundfile.write(str(tmp_path / name), say("ann"), RATE)
    (tmp_path / "names.txt").write_text("Bob\n")

    def of(*words):
        with command.make_context("decode", [*map(str, words)], parent=click.Context(click.Group("ctcb"))) as context:
            return fingerprint(context)

    return of


@pytest.mark.parametrize("words, named", [
    ("--bias decoder", "decoder"), ("--entities-format plain", "plain"), ("--method beam", "beam"), ("--separator sign", "sign"),
    ("--blank blk", "blk"), ("--without verify", "verify"), ("--lm none", "none"), ("--phone-score path", "path"), ("--model hama", "hama"),
])  # fmt: skip
def test_value_named_like_a_file_is_not_fingerprinted(made, tmp_path, words, named):
    line = ["--entities", "names.txt", *words.split(), "talks/a.wav"]
    before = made(*line)
    (tmp_path / named).write_text("something")
    assert made(*line) == before


@pytest.mark.parametrize("option", [
    "--entities", "--entities-per-utt", "--lm", "--graph", "--config", "--adapter", "--tokens", "--tokens-model", "--model",
])  # fmt: skip
def test_named_files_are_fingerprinted(made, tmp_path, option):
    file = tmp_path / "named"
    file.write_text("a")
    before = made(option, file, "talks")
    file.write_text("ab")
    changed = made(option, file, "talks")
    assert changed != before and made(option, file, "talks") == changed


@pytest.mark.parametrize("kind", ["onnx", "nemo", "hf"])
def test_external_model_files_are_fingerprinted(made, tmp_path, kind):
    (tmp_path / "m").mkdir()
    file = tmp_path / "m/weights.onnx"
    file.write_text("a")
    name = f"{kind}:{tmp_path / 'm' if kind == 'hf' else file}"
    before = made("--model", name, "talks")
    file.write_text("ab")
    assert made("--model", name, "talks") != before


def test_only_audio_in_folders_is_fingerprinted(made, tmp_path):
    before = made("talks", "--out", "talks/out")
    (tmp_path / "talks/out").mkdir()
    (tmp_path / "talks/out/.decode.jsonl").write_text("{}\n")
    (tmp_path / "talks/notes.txt").write_text("of the day")
    assert made("talks", "--out", "talks/out") == before
    soundfile.write(str(tmp_path / "talks/more/b.wav"), say("ann bob"), RATE)
    assert made("talks", "--out", "talks/out") != before


def test_outputs_are_not_fingerprinted(made, tmp_path):
    line = ["--entities", "names.txt", "--bias", "joint", "--attention-plot", "plots", "--out", "out", "talks"]
    before = made(*line)
    for name in ("plots/a.png", "out/text"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("made")
    assert made(*line) == before
    assert made(*line, "--format", "srt", "--jobs", 3) == before and made(*line, "--beam", 8) != before


def test_resume_ignores_a_file_named_like_a_value(ctcb, made, model_dir, tmp_path, monkeypatch):
    from ctcb.decoding import journal

    line = ["decode", "--model", model_dir, "--entities", "names.txt", "--bias", "decoder", "talks", "--out", "talks/out"]
    plain, written = journal.to_plain, []

    def stopping(transcript):
        if written:
            raise KeyboardInterrupt
        written.append(transcript)
        return plain(transcript)

    monkeypatch.setattr(journal, "to_plain", stopping)
    assert ctcb(*line).code == 130
    monkeypatch.setattr(journal, "to_plain", plain)
    (tmp_path / "decoder").write_text("of something else")
    ran = ctcb(*line, "--resume")
    assert ran.code == 0, ran.err
    assert [words.split()[0] for words in (tmp_path / "talks/out/text").read_text().splitlines()] == ["a", "b"]
