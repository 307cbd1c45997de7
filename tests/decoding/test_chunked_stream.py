"""Streams over audio by a model that is trained to stream."""
from __future__ import annotations

import io
import json
import types

import numpy as np
import pytest
import soundfile
from growth import linear
from random_models import with_adapter
from tones import say

import ctcb
from ctcb.acoustic.chunked import BLOCK, Chunks, stretches_of_chunks
from ctcb.acoustic.directory import save_model
from ctcb.acoustic.emit import stretches_of
from ctcb.adapter.config import AdapterConfig
from ctcb.adapter.encoded_list import encode_list
from ctcb.adapter.encoder_bias import EncoderBias
from ctcb.ctc.emissions import Emissions
from ctcb.errors import InputError
from ctcb.models.ctc import CtcModel

AUDIO = say("ann bob cat dan eve fox gus")
NAMES = ["bob cat", "zed"]
LATENCY = 8 * 0.04 + 0.0075  # of the chunks, with the reach of the last filter bank's window


@pytest.fixture(scope="module")
def recognizer(streaming_dir):
    return ctcb.load(streaming_dir)


def fed(stream, audio, size=1601):
    found = []
    for first in range(0, len(audio), size):
        found += stream.accept(audio[first : first + size])
    return [*found, *stream.finish()]


def emitted(model, audio, size):
    """A stream's emissions, and how many frames there were behind each piece."""
    state = model.begin()
    chunks = Chunks(lambda rows: model.forward_chunk(rows, state), model)
    found, counts = [], []
    for first in range(0, len(audio), size):
        found += chunks.accept(audio[first : first + size])
        counts.append(sum(map(len, found)))
    return Emissions.concatenate([*found, *chunks.end()]), counts


@pytest.mark.parametrize("size", [333, 16_000, 10**6])
def test_emissions_are_those_of_the_whole(recognizer, size):
    model = recognizer.model
    for audio in (AUDIO, say("hat"), np.tile(AUDIO, 20)[: 50 * 16_000 + 77]):  # the last is longer than the model is given at once
        [whole] = model.forward([model.prepare(audio)], [""])
        streamed, _ = emitted(model, audio, size)
        np.testing.assert_allclose(streamed.tokens, whole.tokens, atol=1e-3)
        np.testing.assert_allclose(streamed.phones, whole.phones, atol=1e-3)


@pytest.fixture(scope="module")
def long_audio():
    """Over 40 s, which a model is not given at once, with pauses of a second."""
    parts = [np.concatenate([say(" ".join(words), seed=number), np.zeros(16_000, np.float32)]) for number, words in enumerate(sentences())]
    return np.concatenate(parts)[: 50 * 16_000 + 77]


def sentences():
    words = "ann bob cat dan eve fox gus hat".split()
    return [words[number % 8 :] + words[: number % 8] for number in range(40)]


def test_long_recording_is_emitted_as_a_stream(recognizer, long_audio):
    """To the last frame, and from any stretch on what the whole gives."""
    model = recognizer.model
    streamed, _ = emitted(model, long_audio, 16_000)
    parts = stretches_of(model, long_audio)
    together = Emissions.concatenate(part.emissions for part in parts)
    assert len(parts) > 1 and [part.last for part in parts] == [False] * (len(parts) - 1) + [True]
    assert [part.first for part in parts] == [0, *np.cumsum([len(part.emissions) for part in parts])[:-1]]
    np.testing.assert_allclose(together.tokens, streamed.tokens, atol=1e-4)
    np.testing.assert_allclose(together.phones, streamed.phones, atol=1e-4)
    for place, part in enumerate(parts[1:], start=1):
        rest = list(stretches_of_chunks(model, "", lambda first, last: long_audio[first:last], len(long_audio), part.first))
        assert [one.first for one in rest] == [one.first for one in parts[place:]]
        assert all(np.array_equal(one.emissions.tokens, other.emissions.tokens) for one, other in zip(rest, parts[place:]))


def test_long_recording_is_read_in_blocks_and_encoded_once(recognizer, long_audio, monkeypatch):
    asked, frames, encode = [], [], CtcModel.encode

    def read(first, last):
        asked.append((first, last))
        return long_audio[first:last]

    def counted(network, features, *rest, **more):
        frames.append(features.shape[1])
        return encode(network, features, *rest, **more)

    monkeypatch.setattr(CtcModel, "encode", counted)
    list(stretches_of_chunks(recognizer.model, "", read, len(long_audio)))
    assert asked == [(first, min(first + BLOCK, len(long_audio))) for first in range(0, len(long_audio), BLOCK)]
    assert sum(frames) == len(recognizer.model.prepare(long_audio)) and max(frames) == 32


def test_adapter_sees_the_stretches_of_a_long_recording(streaming_dir, streaming_config, long_audio, tmp_path):
    """One that needs no look-ahead gives what it gives for the stream; one that aligns gives what it gives for these frames by themselves."""
    framewise = AdapterConfig(dim=16, heads=2, embedding=8, hidden=8, alignment=False)
    biased = ctcb.load(with_adapter(streaming_dir, framewise, streaming_config, tmp_path / "framewise"), bias="encoder")
    bias = EncoderBias(biased.model.model, encode_list(biased.model.model, ctcb.EntityList.of(NAMES).entities))
    model = biased.model.biased_by(bias)
    together = Emissions.concatenate(part.emissions for part in stretches_of(model, long_audio))
    streamed, _ = emitted(model, long_audio, 16_000)
    np.testing.assert_allclose(together.tokens, streamed.tokens, atol=1e-3)
    np.testing.assert_allclose(together.unbiased, streamed.unbiased, atol=1e-3)
    assert np.abs(together.tokens - together.unbiased).max() > 0.1


@pytest.fixture(scope="module")
def pausing_dir(streaming_dir, recognizer, long_audio, tmp_path_factory):
    """The model with a bias of its head by which most frames are blank: random weights alone make no pauses."""
    log_probs = emitted(recognizer.model, long_audio, 16_000)[0].tokens
    weights = dict(recognizer.model.model.network.state_dict())
    weights["head.bias"] = weights["head.bias"].clone()
    weights["head.bias"][0] += float(np.quantile(log_probs[:, 1:].max(axis=1) - log_probs[:, 0], 0.8))
    folder = tmp_path_factory.mktemp("pausing") / "model"
    save_model(folder, weights, streaming_dir)
    return folder


def test_command_decodes_a_long_wav_as_it_streams_it(ctcb, pausing_dir, long_audio, tmp_path, monkeypatch):
    wav = tmp_path / "long.wav"
    soundfile.write(str(wav), long_audio, 16_000, subtype="PCM_16")
    whole = ctcb("decode", "--model", pausing_dir, "--method", "greedy", "--bias", "none", wav, "--format", "jsonl")
    monkeypatch.setattr("sys.stdin", types.SimpleNamespace(buffer=io.BytesIO(wav.read_bytes()), isatty=lambda: False))
    stream = ctcb("stream", "--model", pausing_dir, "--format", "jsonl", "--silence", 1000, "--longest", 1000, "--precision", "fp32")
    assert whole.code == stream.code == 0
    decoded, [streamed] = json.loads(whole.out), map(json.loads, stream.out.splitlines())
    assert len(decoded["segments"]) > 1 and len(decoded["text"]) > 20
    letters, streamed_letters = ("".join(one["text"].split()) for one in (decoded, streamed))  # a cut ends a word
    assert letters == streamed_letters
    for place, time in ((0, "start"), (-1, "end")):
        assert decoded["words"][place][time] == pytest.approx(streamed["words"][place][time])


@pytest.mark.parametrize("names", [[], NAMES])
@pytest.mark.parametrize("size", [333, 16_000])
def test_stream_gives_what_the_whole_recording_gives(recognizer, names, size):
    [found] = fed(recognizer.stream(names, endpoints=None), AUDIO, size)
    whole = recognizer.transcribe(AUDIO, names)
    assert found.words and (found.text, len(found.words)) == (whole.text, len(whole.words))
    for one, other in zip(found.words, whole.words):
        assert (one.word, one.start, one.end) == (other.word, pytest.approx(other.start), pytest.approx(other.end))
    assert found.score == pytest.approx(whole.score, abs=0.01)


def test_frames_come_within_the_latency_and_are_encoded_once(recognizer, monkeypatch):
    frames, encode = [], CtcModel.encode

    def counted(network, features, *rest, **more):
        frames.append(features.shape[1])
        return encode(network, features, *rest, **more)

    monkeypatch.setattr(CtcModel, "encode", counted)
    stream = recognizer.stream(NAMES)
    assert stream.latency == pytest.approx(LATENCY)
    _, counts = emitted(recognizer.model, AUDIO, 160)
    for place, count in enumerate(counts, start=1):
        assert count * 0.04 > place * 0.01 - LATENCY  # of every sound that is so long ago there are emissions
    assert sum(frames) == len(recognizer.model.prepare(AUDIO)) and max(frames) == 32


def test_cost_grows_with_the_audio_alone(recognizer):
    model = recognizer.model
    linear(lambda seconds: emitted(model, np.tile(AUDIO, 1 + seconds * 16_000 // len(AUDIO))[: seconds * 16_000], 16_000), 20, 4)


def test_latency_is_the_models_own(recognizer):
    for short in (0.0, 0.3, float("nan"), float("inf")):
        with pytest.raises(InputError, match="latency") as error:
            recognizer.stream(latency=short)
        assert "0.33 s" in error.value.hint
    assert recognizer.stream(latency=2.0).latency == recognizer.stream(latency=0.33).latency == pytest.approx(LATENCY)


def test_list_is_swapped_and_streams_are_independent(recognizer):
    one, other = recognizer.stream(NAMES, endpoints=None), recognizer.stream([], endpoints=None)
    other.swap_list(NAMES)
    for first in range(0, len(AUDIO), 999):  # turn by turn
        one.accept(AUDIO[first : first + 999])
        other.accept(AUDIO[first : first + 999])
    assert one.finish() == other.finish() == fed(recognizer.stream(NAMES, endpoints=None), AUDIO)


def test_adapter_that_needs_no_look_ahead_gives_what_it_gives_for_the_whole(streaming_dir, streaming_config, tmp_path):
    framewise = AdapterConfig(dim=16, heads=2, embedding=8, hidden=8, alignment=False)
    recognizer = ctcb.load(with_adapter(streaming_dir, framewise, streaming_config, tmp_path / "model"), bias="encoder")
    [found] = fed(recognizer.stream(NAMES, endpoints=None), AUDIO)
    whole = recognizer.transcribe(AUDIO, NAMES)
    assert found.text == whole.text and found.score == pytest.approx(whole.score, abs=0.01)
    assert abs(found.score - recognizer.transcribe(AUDIO).score) > 1


def test_adapter_that_aligns_sees_the_seconds_before(streaming_dir, streaming_config, tmp_path):
    aligning = AdapterConfig(dim=16, heads=2, embedding=8, hidden=8)
    recognizer = ctcb.load(with_adapter(streaming_dir, aligning, streaming_config, tmp_path / "model"), bias="joint")
    assert fed(recognizer.stream(NAMES), AUDIO, 777) == fed(recognizer.stream(NAMES), AUDIO, 8000)


def test_adapter_inside_the_encoder_goes_by_windows(streaming_dir, streaming_config, tmp_path):
    inner = AdapterConfig(dim=16, heads=2, embedding=8, hidden=8, alignment=False, inner_bias=True)
    recognizer = ctcb.load(with_adapter(streaming_dir, inner, streaming_config, tmp_path / "model"), bias="encoder")
    stream = recognizer.stream(NAMES, latency=5.0, endpoints=None)
    assert stream.latency == 5.0
    [found] = fed(stream, AUDIO)
    assert found == recognizer.transcribe(AUDIO, NAMES)


def test_audio_shorter_than_a_frame(recognizer):
    for samples in (0, 1, 100, 200):
        stream = recognizer.stream(NAMES)
        stream.accept(np.zeros(samples, np.float32))
        [nothing] = stream.finish()
        assert nothing.seconds == pytest.approx(0.04 * (samples >= 160))


def test_models_with_full_context_have_no_chunks(model_dir, streaming_dir):
    assert ctcb.load(model_dir).model.chunk is None
    assert "streaming" in (streaming_dir / "model.yaml").read_text() and "streaming" not in (model_dir / "model.yaml").read_text()
