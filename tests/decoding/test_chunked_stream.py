"""Streams over audio by a model that is trained to stream."""
from __future__ import annotations

import numpy as np
import pytest
from growth import linear
from random_models import with_adapter
from tones import say

import ctcb
from ctcb.acoustic.chunked import Chunks
from ctcb.adapter.config import AdapterConfig
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
