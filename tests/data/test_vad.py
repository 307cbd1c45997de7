"""Voice activity detection: silero-vad's network, the spans from its output, times in the recording."""
from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile

from ctcb.acoustic.long_form import Grid, stretches_of_spans
from ctcb.bundled import BUNDLED_MODEL
from ctcb.ctc.emissions import Emissions
from ctcb.data.audio import SAMPLE_RATE, read_audio
from ctcb.data.vad import CHUNK, LONGEST, MARGIN, VoiceActivity, spans
from ctcb.errors import RunError

DEMO = BUNDLED_MODEL.parent / "demo"
A_SECOND = SAMPLE_RATE / CHUNK
FRAME = 640.0  # samples


def probabilities(*runs):
    """Chunks' probabilities of runs of ``(seconds, probability)``."""
    return np.concatenate([np.full(round(seconds * A_SECOND), probability, np.float32) for seconds, probability in runs])


def found(*runs):
    """The spans of such runs, in seconds."""
    some = probabilities(*runs)
    return [(first / SAMPLE_RATE, last / SAMPLE_RATE) for first, last in spans(some, len(some) * CHUNK)]


@pytest.mark.parametrize(
    "runs, expected",
    [
        ([(10, 0.1)], []),
        ([(5, 0.1), (3, 0.9), (10, 0.1)], [(5 - MARGIN, 8 + MARGIN)]),
        ([(5, 0.1), (3, 0.9), (1, 0.1), (3, 0.9), (10, 0.1)], [(5 - MARGIN, 12 + MARGIN)]),  # a pause
        ([(5, 0.1), (3, 0.9), (5, 0.1), (3, 0.9)], [(5 - MARGIN, 8 + MARGIN), (13 - MARGIN, 16)]),  # silence
        ([(5, 0.1), (0.1, 0.9), (5, 0.1)], []),  # a click
        ([(5, 0.1), (3, 0.4), (3, 0.9), (3, 0.4), (5, 0.1)], [(8 - MARGIN, 14 + MARGIN)]),  # begins at 0.5, goes on to 0.35
    ],
)
def test_spans_from_probabilities(runs, expected):
    assert found(*runs) == [pytest.approx(one, abs=2 / A_SECOND) for one in expected]


def test_speech_without_a_pause_is_cut_at_the_lowest_probability():
    parts = found((15, 0.9), (0.5, 0.6), (40, 0.9), (5, 0.1))
    assert 14.9 < parts[0][1] < 15.6 and len(parts) == 3
    assert all(last - first <= LONGEST + 1e-6 for first, last in parts)
    assert [first for first, _ in parts[1:]] == [last for _, last in parts[:-1]]


def test_spans_have_the_times_of_the_recording():
    samples = np.repeat(np.arange(3000, dtype=np.float32), int(FRAME))  # each frame's number
    places = [(1000, 64_000), (70_000, 200_100), (200_100, 300_000)]

    def hear(windows):
        return [Emissions(one[:: int(FRAME)][:, None]) for one in windows]

    def run(known=0, batch=2):
        return list(stretches_of_spans(lambda a, b: samples[a:b], hear, places, Grid(len(samples), FRAME), known, batch))

    whole = run()
    assert [one.last for one in whole] == [False, False, True]
    for (first, last), one in zip(places, whole):
        assert one.emissions.tokens[:, 0].tolist() == list(range(one.first, one.first + len(one.emissions)))
        assert one.first * FRAME <= first < last <= (one.first + len(one.emissions)) * FRAME
    for done in (0, 1, 2):  # a run that goes on after so many
        known = 0 if not done else whole[done - 1].first + len(whole[done - 1].emissions)
        for batch in (1, 3):
            rest = run(known, batch)
            assert [one.first for one in rest] == [one.first for one in whole[done:]]
    nothing = list(stretches_of_spans(lambda a, b: samples[a:b], hear, [], Grid(len(samples), FRAME)))
    assert len(nothing) == 1 and nothing[0].last and nothing[0].emissions.tokens.shape == (0, 1)


def test_missing_package_is_named(monkeypatch):
    monkeypatch.setattr("ctcb.data.vad.find_spec", lambda name: None)
    with pytest.raises(RunError, match=r"silero-vad; pip install 'ctcb\[vad\]'"):
        VoiceActivity()


def demo(*places):
    """The demo clips at these seconds of a minute's faint noise, and how long each is."""
    samples = np.random.default_rng(0).normal(0, 1e-4, 60 * SAMPLE_RATE).astype(np.float32)
    seconds = []
    for number, place in enumerate(places, 1):
        clip = read_audio(DEMO / f"audio/demo_0{number}.ogg").samples
        samples[round(place * SAMPLE_RATE) :][: len(clip)] += clip
        seconds.append(len(clip) / SAMPLE_RATE)
    return samples, seconds


def test_network_input_equals_that_of_silero_vad():
    silero = pytest.importorskip("silero_vad")
    pytest.importorskip("onnxruntime")
    import torch

    samples, _ = demo(2, 10.5)
    own = silero.load_silero_vad(onnx=True)
    expected = [float(own(torch.from_numpy(chunk), SAMPLE_RATE)) for chunk in samples[: 20 * SAMPLE_RATE // CHUNK * CHUNK].reshape(-1, CHUNK)]
    ours = VoiceActivity().probabilities(lambda a, b: samples[a:b], len(samples))
    assert max(expected) > 0.9 and min(expected) < 0.1
    np.testing.assert_allclose(ours[: len(expected)], expected, atol=1e-4)
    assert len(ours) == -(-len(samples) // CHUNK)


def test_decoding_a_mostly_silent_recording(ctcb, tmp_path):
    """The words equal those of the single clips, at their times in the recording."""
    pytest.importorskip("silero_vad")
    pytest.importorskip("onnxruntime")
    places = (6, 25, 50)
    samples, seconds = demo(*places)
    soundfile.write(str(tmp_path / "a.wav"), samples, SAMPLE_RATE)
    ran = ctcb("decode", "--vad", "--format", "jsonl", tmp_path / "a.wav")
    assert ran.code == 0, ran.err
    words = json.loads(ran.out)["words"]
    for number, (place, long) in enumerate(zip(places, seconds), 1):
        alone = json.loads(ctcb("decode", "--format", "jsonl", DEMO / f"audio/demo_0{number}.ogg").out)["words"]
        here = [word for word in words if place - 0.5 <= word["start"] <= place + long + 0.5]
        assert len(here) >= 5 and abs(len(here) - len(alone)) <= 1
        assert here[0]["start"] == pytest.approx(place + alone[0]["start"], abs=0.1)
        assert len({word["word"] for word in here} & {word["word"] for word in alone}) >= len(alone) - 2
    assert all(any(place - 0.5 <= word["start"] <= place + long + 0.5 for place, long in zip(places, seconds)) for word in words)
    refused = ctcb("decode", "--vad", "--emissions", "x.npz")
    assert refused.code == 2 and "--vad is for audio" in refused.err
