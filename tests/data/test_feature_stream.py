"""Filter banks of samples that come piece by piece."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcb.data.feature_stream import FeatureStream
from ctcb.data.features import FeatureConfig, FeatureExtractor

AUDIO = np.random.default_rng(0).normal(0, 0.1, 20_000).astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(count=st.integers(0, 20_000), size=st.sampled_from([1, 7, 64]), cuts=st.lists(st.integers(0, 20_000), max_size=12))
def test_rows_are_those_of_all_samples(count, size, cuts):
    extract = FeatureExtractor()
    stream, found = FeatureStream(extract, size), []
    for piece in np.split(AUDIO[:count], sorted(min(cut, count) for cut in cuts)):
        found += stream.accept(piece)
    assert all(len(block) == size for block in found)
    found += stream.end()
    assert all(0 < len(block) <= size for block in found)
    whole = extract(AUDIO[:count]).numpy()
    found = np.concatenate([whole[:0], *found])
    assert found.shape == whole.shape
    np.testing.assert_allclose(found, whole, atol=1e-3)
    at_once = FeatureStream(extract, size)
    np.testing.assert_array_equal(np.concatenate([whole[:0], *at_once.accept(AUDIO[:count]), *at_once.end()]), found)  # to the last bit


@pytest.mark.parametrize("config, ahead", [(FeatureConfig(), 0.0075), (FeatureConfig(frame_length=0.03), 0.01), (FeatureConfig(frame_shift=0.02), 0.0025)])
def test_rows_come_as_soon_as_their_windows_are_whole(config, ahead):
    stream = FeatureStream(FeatureExtractor(config), 8)
    assert stream.look_ahead == pytest.approx(ahead)
    needed = round((8 * config.frame_shift + ahead) * 16_000)
    assert stream.accept(AUDIO[: needed - 1]) == []
    assert len(stream.accept(AUDIO[needed - 1 : needed])) == 1
