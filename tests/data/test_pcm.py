"""PCM in pieces: the samples are those of the whole."""
from __future__ import annotations

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcb.data.pcm import PcmStream
from ctcb.errors import InputError, InputWarning

AUDIO = (np.random.default_rng(0).normal(0, 0.2, 9001).clip(-1, 1) * 32767).astype(np.int16)


def taken(stream, pieces):
    return np.concatenate([*(stream.take(piece) for piece in pieces), stream.end()])


@settings(max_examples=40, deadline=None)
@given(
    cuts=st.lists(st.integers(0, 2 * len(AUDIO)), max_size=6), rate=st.sampled_from([8000, 16_000, 44_100]),
    kind=st.sampled_from(["bytes", "int16", "float32", "float64"]),
)
def test_pieces_give_the_samples_of_the_whole(cuts, rate, kind):
    samples = AUDIO.astype(np.float32) / 32768
    expected = samples if rate == 16_000 else soxr.resample(samples, rate, 16_000)
    if kind == "bytes":
        whole = AUDIO.tobytes()  # which may be cut within a sample
        edges = [0, *sorted(cuts), len(whole)]
        pieces = [whole[first:last] for first, last in zip(edges, edges[1:])]
    else:
        whole = AUDIO if kind == "int16" else samples.astype(kind)
        pieces = np.split(whole, sorted(cut // 2 for cut in cuts))
    found = taken(PcmStream(rate), pieces)
    assert found.dtype == np.float32 and len(found) == len(expected)
    np.testing.assert_allclose(found, expected, atol=2e-6)


def test_channels_are_mixed():
    two = np.stack([AUDIO, AUDIO[::-1]], axis=1)
    mixed = two.astype(np.float32).mean(axis=1) / 32768
    np.testing.assert_allclose(taken(PcmStream(), [two]), mixed, atol=1e-6)
    raw = two.tobytes()
    np.testing.assert_allclose(taken(PcmStream(channels=2), [raw[:1001], raw[1001:1003], raw[1003:]]), mixed, atol=1e-6)


def test_what_is_no_audio_is_refused_and_changes_nothing():
    stream = PcmStream(8000)
    found = [stream.take(AUDIO[:50])]
    nan = np.zeros(10, np.float32)
    nan[3] = np.nan
    for wrong, said in ((np.zeros(3, np.int32), "int32"), (np.zeros((2, 2, 2)), "shape"), (nan, "NaN"), ("abc", "audio")):
        with pytest.raises(InputError, match=said):
            stream.take(wrong)
    assert len(stream.take(np.zeros(0, np.int16))) == 0
    found += [stream.take(AUDIO[50:]), stream.end()]
    np.testing.assert_array_equal(np.concatenate(found), taken(PcmStream(8000), [AUDIO]))
    for rate in (999, 768_001):
        with pytest.raises(InputError, match="sample rate"):
            PcmStream(rate)
    with pytest.raises(InputError, match="0 channels"):
        PcmStream(channels=0)


def test_a_sample_that_is_not_whole_is_warned_of():
    stream = PcmStream()
    assert len(stream.take(AUDIO[:3].tobytes() + b"x")) == 3
    with pytest.warns(InputWarning, match="its last 1 bytes"):
        stream.end()
