"""Streams over audio."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from tones import say

import ctcb
from ctcb.acoustic.sliding import SlidingWindows
from ctcb.errors import InputError

AUDIO = say("ann bob cat dan eve fox gus")
NAMES = ["bob cat", "zed"]


def fed(stream, audio, size=1601):
    found = []
    for first in range(0, len(audio), size):
        found += stream.accept(audio[first : first + size])
    return [*found, *stream.finish()]


@pytest.fixture(scope="module")
def recognizer(model_dir):
    return ctcb.load(model_dir)


@pytest.mark.parametrize("names", [[], NAMES])
def test_one_window_gives_what_the_whole_recording_gives(recognizer, names):
    assert len(AUDIO) < 5 * 16_000
    [found] = fed(recognizer.stream(names, latency=5.0, endpoints=None), AUDIO)
    assert found == recognizer.transcribe(AUDIO, names)
    # Of 16-bit samples, as bytes.
    pcm = (AUDIO * 32767).astype(np.int16)
    [found] = fed(recognizer.stream(names, latency=5.0, endpoints=None), pcm.tobytes(), 777)
    assert found == recognizer.transcribe(pcm.astype(np.float32) / 32768, names)


def test_windows_are_decoded_as_their_emissions_are(recognizer):
    """With a short latency: the emissions of the windows, put together by hand, through `decode` as a whole."""
    model = recognizer.model

    def forward(samples):
        return model.forward([model.prepare(samples)], [""])[0]

    windows = SlidingWindows(forward, model.frame_shift, model.max_seconds, latency=0.5)
    emitted = [*windows.accept(AUDIO), *windows.end()]
    assert len(emitted) > 5
    whole = type(emitted[0]).concatenate(emitted)
    expected = recognizer.pipeline.decode("u", whole, recognizer.prepare(NAMES))
    for size in (333, 16_000):
        assert fed(recognizer.stream(NAMES, latency=0.5, endpoints=None, utt_id="u"), AUDIO, size) == [expected]


def test_encoder_is_biased_toward_the_list_of_the_utterance(adapter_dir):
    recognizer = ctcb.load(adapter_dir, bias="joint")
    [found] = fed(recognizer.stream(NAMES, latency=5.0, endpoints=None), AUDIO)
    assert found == recognizer.transcribe(AUDIO, NAMES)
    stream = recognizer.stream([], latency=1.0)
    stream.swap_list(NAMES)  # before a word was spoken
    assert fed(stream, AUDIO) == fed(recognizer.stream(NAMES, latency=1.0), AUDIO)


def test_empty_streams_and_wrong_audio(recognizer):
    [nothing] = recognizer.stream(NAMES).finish()
    assert (nothing.text, nothing.seconds) == ("", 0.0)
    stream = recognizer.stream(NAMES, sample_rate=8000)
    assert stream.accept(b"") == [] and stream.partial().text == ""
    with pytest.raises(InputError, match="int64"):
        stream.accept(np.zeros(5, int))
    for wrong in (dict(sample_rate=5), dict(latency=0.0), dict(latency=1e6)):
        with pytest.raises(InputError):
            recognizer.stream(**wrong)
    stream.finish()
    with pytest.raises(InputError, match="finished"):
        stream.finish()


def test_streams_of_one_recognizer_run_at_once(recognizer):
    recordings = [say(text, seed) for seed, text in enumerate(["ann bob", "cat dan eve", "fox", "gus hat ida jim"])]
    expected = [fed(recognizer.stream(NAMES, latency=0.4), audio) for audio in recordings]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda audio: fed(recognizer.stream(NAMES, latency=0.4), audio), recordings)) == expected
