"""Filter banks of samples that come piece by piece."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcb.data.feature_stream import FeatureStream
from ctcb.data.features import FeatureConfig, FeatureExtractor

AUDIO = np.random.default_rng(0).normal(0, 0.1, 20_000).astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(size=st.integers(0, 20_000), multiple=st.sampled_from([1, 7, 64]), cuts=st.lists(st.integers(0, 20_000), max_size=12))
def test_rows_are_those_of_all_samples(size, multiple, cuts):
    extract = FeatureExtractor()
    stream, found = FeatureStream(extract), []
    for piece in np.split(AUDIO[:size], sorted(min(cut, size) for cut in cuts)):
        found.append(stream.accept(piece, multiple))
        assert len(found[-1]) % multiple == 0
    found = np.concatenate([*found, stream.end()])
    whole = extract(AUDIO[:size]).numpy()
    assert found.shape == whole.shape
    np.testing.assert_allclose(found, whole, atol=1e-3)


@pytest.mark.parametrize("config, ahead", [(FeatureConfig(), 0.0075), (FeatureConfig(frame_length=0.03), 0.01), (FeatureConfig(frame_shift=0.02), 0.0025)])
def test_rows_come_as_soon_as_their_windows_are_whole(config, ahead):
    stream = FeatureStream(FeatureExtractor(config))
    assert stream.look_ahead == pytest.approx(ahead)
    needed = round((8 * config.frame_shift + ahead) * 16_000)
    assert len(stream.accept(AUDIO[: needed - 1], 8)) == 0
    assert len(stream.accept(AUDIO[needed - 1 : needed], 8)) == 8
