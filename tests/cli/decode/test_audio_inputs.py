"""Channels, standard input, bytes and segments: the command and Python alike, on a model with random weights."""
from __future__ import annotations

import io
import json
import sys

import numpy as np
import pytest
import soundfile
from containers import encoded
from lhotse import CutSet, MonoCut, Recording, SupervisionSegment
from tones import RATE, WORDS, say

from ctcb.decoding.builder import Config, build
from ctcb.errors import InputError

LEFT, RIGHT = say("ann met bob cat", seed=1), say("dan eve fox gus", seed=2)
STEREO = np.stack([LEFT, RIGHT], axis=1)


@pytest.fixture(scope="module")
def recognizer(model_dir):
    return build(Config(model_dir, bias="none", method="greedy"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("in")
    for name, samples in (("call", STEREO), ("left", LEFT), ("right", RIGHT), ("mixed", STEREO.mean(axis=1))):
        soundfile.write(str(folder / f"{name}.wav"), samples, RATE, subtype="FLOAT")
    return folder


@pytest.fixture
def rows(ctcb, model_dir):
    def run(*words):
        ran = ctcb("decode", "--model", model_dir, "--format", "jsonl", *words)
        assert ran.code == 0, ran.err
        return [json.loads(line) for line in ran.out.splitlines()]

    return run


@pytest.fixture
def stdin(monkeypatch):
    def give(data):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return give


def said(row):
    return row["text"], [(word["word"], word["start"], word["end"]) for word in row["words"]]


def test_channels_of_a_file(ctcb, rows, recognizer, folder):
    (left,), (right,), (mixed,) = (rows(folder / f"{name}.wav") for name in ("left", "right", "mixed"))
    for channel, expected in ((0, left), (1, right), ("mix", mixed)):
        (row,) = rows("--channel", channel, folder / "call.wav")
        assert said(row) == said(expected) and (row["id"], row.get("channel")) == ("call", None if channel == "mix" else channel)
        told = recognizer.transcribe(folder / "call.wav", channel=channel).to_dict()
        assert said(told) == said(expected) and told.get("channel") == row.get("channel")
        assert said(recognizer.transcribe(STEREO, channel=channel).to_dict()) == said(expected)
    assert said(rows(folder / "call.wav")[0]) == said(mixed)
    each = rows("--channel", "each", folder / "call.wav", folder / "left.wav")
    assert [(row["id"], row.get("recording"), row["channel"]) for row in each] == [("call-ch0", "call", 0), ("call-ch1", "call", 1), ("left", None, 0)]
    assert [said(row) for row in each] == [said(left), said(right), said(left)]
    assert [one.to_dict() for one in recognizer.transcribe_many([folder / "call.wav"], channel="each")] == each[:2]


def test_channel_and_speaker_columns(ctcb, model_dir, folder):
    ran = ctcb("decode", "--model", model_dir, "--channel", "each", "--format", "ctm", folder / "call.wav")
    assert {tuple(line.split()[:2]) for line in ran.out.splitlines()} == {("call", "1"), ("call", "2")}
    call = Recording.from_file(folder / "call.wav")
    cuts = [
        MonoCut(f"cut{number}", 0, call.duration, number, [SupervisionSegment("s", "call", 0, 1.0, number, speaker=name)], recording=call)
        for number, name in enumerate(("Ann", "Bob B"))
    ]
    CutSet.from_cuts(cuts).to_file(folder / "cuts.jsonl")
    ran = ctcb("decode", "--model", model_dir, "--format", "stm", folder / "cuts.jsonl", folder / "left.wav")
    assert [line.split()[:4] for line in ran.out.splitlines()] == [
        ["cut0", "1", "Ann", "0.00"], ["cut1", "2", "Bob_B", "0.00"], ["left", "1", "unknown", "0.00"],
    ]  # fmt: skip
    assert ctcb("decode", "--model", model_dir, folder / "cuts.jsonl", "--out", folder / "out").code == 0
    rows = [json.loads(line) for line in (folder / "out/hyps.jsonl").read_text().splitlines()]
    assert [(row["channel"], row["speaker"]) for row in rows] == [(0, "Ann"), (1, "Bob B")]


def test_emissions_of_channels(ctcb, model_dir, folder, tmp_path):
    for channel, names in (("each", ["call-ch0", "call-ch1"]), ("1", ["call"])):
        assert ctcb("emit", "--model", model_dir, "--channel", channel, "--out", tmp_path / "e.npz", folder / "call.wav").code == 0
        assert np.load(tmp_path / "e.npz").files == names
    assert ctcb("emit", "--model", model_dir, "--out", tmp_path / "r.npz", folder / "right.wav").code == 0
    assert np.array_equal(np.load(tmp_path / "e.npz")["call"], np.load(tmp_path / "r.npz")["right"])


@pytest.mark.parametrize("channel, told", [("2", "call.wav: there is no channel 2: it has 2 channels"), ("left", "'left' is no channel"), ("-1", "'-1' is no channel")])
def test_wrong_channels(ctcb, recognizer, model_dir, folder, channel, told):
    ran = ctcb("decode", "--model", model_dir, "--channel", channel, folder / "call.wav")
    assert ran.code == 2 and told in ran.err and "0" in ran.err and len(ran.err.splitlines()) == 1
    with pytest.raises(InputError, match="is no channel|there is no channel"):
        recognizer.transcribe(folder / "call.wav", channel=channel)
    with pytest.raises(InputError, match="use transcribe_many"):
        recognizer.transcribe(folder / "call.wav", channel="each")


def test_channel_is_for_audio(ctcb, folder, tmp_path):
    ran = ctcb("decode", "--emissions", tmp_path / "e.npz", "--tokens", tmp_path / "t.txt", "--channel", "0")
    assert ran.code == 2 and "--channel is for audio" in ran.err


@pytest.mark.parametrize("form", [{"form": "WAV", "subtype": "FLOAT"}, {"form": "FLAC"}, {"form": "OGG", "subtype": "OPUS"}, {"form": "MP3"}])
def test_standard_input_and_bytes_are_as_files(ctcb, rows, recognizer, stdin, tmp_path, form):
    data = encoded(LEFT, **form)
    (tmp_path / "stdin").write_bytes(data)
    expected = rows(tmp_path / "stdin")
    stdin(data)
    assert rows("-") == expected
    stdin(data)
    assert recognizer.transcribe("-").to_dict() == {**expected[0], "id": ""}
    for given in (data, io.BytesIO(data), tmp_path / "stdin", str(tmp_path / "stdin")):
        assert said(recognizer.transcribe(given).to_dict()) == said(expected[0])
    several = list(recognizer.transcribe_many([data, io.BytesIO(data), tmp_path / "stdin"]))
    assert [one.utt_id for one in several] == ["stdin", "audio-1", "audio-2"] and len({one.text for one in several}) == 1


def test_standard_input_that_is_wrong(ctcb, model_dir, stdin, tmp_path, monkeypatch):
    stdin(b"")
    ran = ctcb("decode", "--model", model_dir, "-")
    assert ran.code == 2 and "<stdin>: holds 0 bytes" in ran.err
    stdin(b"no audio" * 100)
    ran = ctcb("decode", "--model", model_dir, "-")
    assert ran.code == 2 and "<stdin>: not readable as audio" in ran.err
    stdin(encoded(LEFT))
    ran = ctcb("decode", "--model", model_dir, "-", "-")
    assert ran.code == 2 and "- stands among the inputs twice" in ran.err
    ran = ctcb("decode", "--model", model_dir, "-", "--out", tmp_path / "out", "--resume")
    assert ran.code == 2 and "--resume cannot read standard input again" in ran.err
    terminal = io.TextIOWrapper(io.BytesIO())
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stdin", terminal)
    ran = ctcb("decode", "--model", model_dir, "-")
    assert ran.code == 2 and "nothing is piped to standard input" in ran.err


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """Speech of 100 s with pauses, in two channels whose speakers take turns."""
    path = tmp_path_factory.mktemp("long") / "long.flac"
    talk = np.concatenate([np.concatenate([say(" ".join(WORDS[i : i + 3]), seed=i), np.zeros(RATE, np.float32)]) for i in range(18)] * 3)
    soundfile.write(str(path), talk[: 100 * RATE], RATE)
    return path


def test_segments_of_long_recordings(ctcb, rows, recognizer, model_dir, long, tmp_path):
    (row,) = rows("--nbest", 3, long)
    segments = row["segments"]
    assert len(segments) >= 4 and " ".join(filter(None, (one["text"] for one in segments))) == row["text"]
    assert segments[0]["start"] == 0 and segments[-1]["end"] == row["seconds"]
    assert all(one["end"] == pytest.approx(other["start"]) for one, other in zip(segments, segments[1:]))
    for one in segments:
        assert 1 <= len(one["nbest"]) <= 3 and one["nbest"][0]["text"] == one["text"]
        inside = [word["word"] for word in row["words"] if one["start"] <= word["start"] < one["end"]]
        assert " ".join(inside) == one["text"]
    assert len(row["nbest"]) == 3 and row["score"] == pytest.approx(sum(one["score"] for one in segments), abs=0.01)
    ran = ctcb("decode", "--model", model_dir, "--nbest", 3, "--segments", "--out", tmp_path / "out", long)
    assert ran.code == 0, ran.err
    text = [line.partition(" ") for line in (tmp_path / "out/text").read_text().splitlines()]
    times = [line.split() for line in (tmp_path / "out/segments").read_text().splitlines()]
    assert [said for _, _, said in text] == [one["text"] for one in segments]
    assert [line[0] for line in times] == [name for name, _, _ in text] and {line[1] for line in times} == {"long"}
    assert [(float(first), float(end)) for *_, first, end in times] == [(round(one["start"], 2), round(one["end"], 2)) for one in segments]
    assert text[1][0] == f"long-{round(100 * segments[1]['start']):07d}-{round(100 * segments[1]['end']):07d}"
    stm = (tmp_path / "out/hyps.stm").read_text().splitlines()
    assert [line.split(None, 5)[5] for line in stm if len(line.split()) > 5] == [one["text"] for one in segments if one["text"]]
    ran = ctcb("decode", "--model", model_dir, "--segments", long)
    assert len(ran.out.splitlines()) == len(segments)
    assert [one.text for one in recognizer.transcribe(long).segments] == [line.partition(" ")[2] for line in ran.out.splitlines()]
    assert [one.text for one in next(recognizer.transcribe_many([long])).segments] == [line.partition(" ")[2] for line in ran.out.splitlines()]


def test_speakers_of_segments(rows, long, tmp_path):
    whole = Recording.from_file(long)
    turns = [SupervisionSegment(f"s{n}", "long", 50.0 * n, 50.0, speaker=name) for n, name in enumerate(("ann", "bob"))]
    CutSet.from_cuts([MonoCut("talk", 0, whole.duration, 0, turns, recording=whole)]).to_file(tmp_path / "cuts.jsonl")
    (row,) = rows(tmp_path / "cuts.jsonl")
    assert "speaker" not in row
    for one in row["segments"]:
        assert one["speaker"] == ("ann" if one["start"] + one["end"] < 100 else "bob")


def test_segments_are_for_text(ctcb, model_dir, folder, long):
    ran = ctcb("decode", "--model", model_dir, "--segments", "--format", "ctm", long)
    assert ran.code == 2 and "--segments is for text, and the format is ctm" in ran.err
    ran = ctcb("decode", "--model", model_dir, "--segments", folder / "left.wav")
    assert ran.code == 0 and ran.out.startswith("left-0000000-0")


