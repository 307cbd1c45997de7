"""``ctcb stream`` on standard input."""
from __future__ import annotations

import io
import json
import subprocess
import sys
import types
import wave

import numpy as np
import pytest
import soundfile
from tones import say

import ctcb

PCM = (say("ann bob cat dan eve") * 32767).astype("<i2")


def wav(pcm=PCM, rate=16_000, channels=1, width=2, claimed=None):
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((channels, width, rate, 0, "NONE", ""))
        writer.writeframes(pcm.tobytes())
    data = file.getvalue()
    return data if claimed is None else data[:40] + claimed.to_bytes(4, "little") + data[44:]


@pytest.fixture
def stream(ctcb, model_dir, monkeypatch):
    """Run the command over bytes on standard input: ``stream(b"...", "--rate", 16000)``."""

    def call(data, *words, model=model_dir):
        monkeypatch.setattr("sys.stdin", types.SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(data)), isatty=lambda: False))
        return ctcb("stream", "--model", model, *words)

    return call


@pytest.mark.parametrize(("precision", "options"), [("auto", []), ("fp32", ["--precision", "fp32"])])
def test_wav_and_raw_pcm_give_what_python_gives(stream, model_dir, tmp_path, precision, options):
    (tmp_path / "names.txt").write_text("bob cat\n")
    names = ["--entities", tmp_path / "names.txt", *options]
    recognizer = ctcb.load(model_dir, precision=precision)
    live = recognizer.stream(["bob cat"], utt_id="stream")
    [found] = [*live.accept(PCM), *live.finish()]
    assert found.words
    for ran in (
        stream(PCM.tobytes(), "--rate", 16_000, *names), stream(wav(), *names), stream(wav(claimed=0x7FFFFFFF), *names),
        stream(np.repeat(PCM, 2).tobytes(), "--rate", 16_000, "--channels", 2, *names),
        stream(wav(np.repeat(PCM, 2), channels=2), *names),
    ):
        assert (ran.code, ran.out, ran.err) == (0, f"{found.text}\n", "")
    ran = stream(wav(), "--format", "jsonl", *names)
    assert json.loads(ran.out) == found.to_dict()
    assert json.loads(ran.out)["id"] == "stream-1"


def test_words_before_broken_audio_are_not_lost(stream, model_dir):
    samples = np.concatenate([PCM / np.float32(32768), np.full(1600, np.nan, np.float32)])
    file = io.BytesIO()
    soundfile.write(file, samples, 16_000, "FLOAT", format="WAV")
    ran = stream(file.getvalue())
    assert ran.code == 2 and "NaN" in ran.err and ran.err.count("\n") == 1
    assert ran.out == stream(wav()).out != "\n"


def test_partials_and_stats(stream):
    ran = stream(wav(), "--format", "jsonl", "--partials", "json", "--latency", 0.4, "--stats")
    *partials, final = map(json.loads, ran.out.splitlines())
    texts = [line["partial"] for line in partials]
    assert len(set(texts)) >= 2 and texts[0] == "" and final["text"]
    for before, after in zip(partials, [*partials[1:], final]):
        words = [word["word"] for word in before["words"]]
        assert [word["word"] for word in after["words"]][: before["settled"]] == words[: before["settled"]]
    assert f"{len(PCM) / 16_000:.1f} s of audio" in ran.err and "real-time factor" in ran.err and "99 %" in ran.err
    assert "latency 0.40 s" in ran.err
    ran = stream(wav(), "--partials", "line")
    assert "\r" in ran.err and "\r" not in ran.out and ran.out.count("\n") == 1


def test_model_that_is_trained_to_stream_has_its_own_latency(stream, streaming_dir):
    plain = stream(wav(), "--stats", model=streaming_dir)
    assert plain.code == 0 and plain.out and "latency 0.33 s" in plain.err
    longer = stream(wav(), "--latency", 2, model=streaming_dir)
    assert (longer.code, longer.out, longer.err.count("\n")) == (0, plain.out, 1)
    assert "--latency 2 changes nothing" in longer.err and "0.33 s" in longer.err
    shorter = stream(wav(), "--latency", 0.2, model=streaming_dir)
    assert (shorter.code, shorter.out) == (2, "") and "latency of 0.2 s" in shorter.err and shorter.err.count("\n") == 1


@pytest.mark.parametrize("data, words, said", [
    (b"", [], "standard input is empty"),
    (b"OggS" + bytes(100), [], "holds no WAV"),
    (b"RIFF" + bytes(3), [], "holds no WAV"),
    (wav()[:30], [], "ends within its header"),
    (wav(), ["--rate", 5], "sample rate is 5"),
    (wav(), ["--latency", 0], "latency of 0"),
    (wav(), ["--silence", -1], "silence is -1"),
    (wav(), ["--channels", 2], "--channels is for raw PCM"),
    (wav(), ["--partials", "json"], "for --format jsonl"),
    (wav(), ["--mic", "--rate", 16_000], "exclude each other"),
    (wav(), ["--bias", "decoder"], "there is no list"),
])  # fmt: skip
def test_wrong_input_is_one_line_and_exit_code_2(stream, data, words, said):
    ran = stream(data, *words)
    assert (ran.code, ran.out) == (2, "") and said in ran.err and ran.err.count("\n") == 1


def test_terminal_is_no_audio(ctcb, model_dir, monkeypatch):
    monkeypatch.setattr("sys.stdin", types.SimpleNamespace(buffer=io.BytesIO(), isatty=lambda: True))
    ran = ctcb("stream", "--model", model_dir)
    assert ran.code == 2 and "is a terminal" in ran.err


def test_microphone(ctcb, model_dir, monkeypatch):
    pieces = [PCM[first : first + 1600].tobytes() for first in range(0, len(PCM), 1600)]

    class Microphone:
        def __init__(self, **given):
            assert given == {"samplerate": 16_000, "channels": 1, "dtype": "int16"}

        def start(self):
            self.left = list(pieces)

        def read(self, count):
            if not self.left:
                raise KeyboardInterrupt  # Ctrl-C
            return self.left.pop(0), len(self.left) == 2

        def close(self):
            pieces.clear()

    fake = types.SimpleNamespace(RawInputStream=Microphone, PortAudioError=OSError)
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    ran = ctcb("stream", "--model", model_dir, "--mic")
    assert ran.code == 0 and ran.out.strip() and "read too late 1 times" in ran.err and pieces == []
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    ran = ctcb("stream", "--model", model_dir, "--mic")
    assert ran.code == 1 and "pip install 'ctcb[mic]'" in ran.err


def test_words_come_before_the_audio_ends_and_a_closed_reader_stops_it(model_dir):
    """Two utterances with a pause between: the first is read while the pipe is open; then the reader goes away."""
    words = [sys.executable, "-m", "ctcb", "stream", "--model", model_dir, "--rate", "16000", "--latency", "0.4", "--longest", "1"]
    with subprocess.Popen(list(map(str, words)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdin.write(PCM.tobytes() + bytes(2 * 16_000 * 4))
        process.stdin.flush()
        assert process.stdout.readline().strip()
        process.stdout.close()
        try:
            process.stdin.write(PCM.tobytes() + bytes(2 * 16_000 * 4))
            process.stdin.close()
        except BrokenPipeError:
            pass
        error = process.stderr.read().decode()
        assert process.wait(60) == 1 and "Traceback" not in error
