"""Batches of transformers' models are what the same models make of each utterance alone."""
import numpy as np
import pytest
from hf_models import save_hf

from ctcb.acoustic.hf import HfModel, opened, takes_mask
from ctcb.acoustic.open import Tokens

SECONDS = (1.0, 0.37, 2.0, 0.62)


def loaded(folder, kind, together, **sizes):
    save_hf(folder, kind, **sizes)
    return HfModel(*opened(str(folder), Tokens()), together=together)


def speech(seconds):
    rng = np.random.default_rng(round(1000 * seconds))
    return rng.normal(0.0, 0.1, round(16000 * seconds)).astype(np.float32)


@pytest.mark.parametrize("kind, sizes", [
    ("wav2vec2", {"feat_extract_norm": "layer", "do_stable_layer_norm": True}), ("hubert", {"feat_extract_norm": "layer"}),
])  # fmt: skip
def test_batch_equals_each_alone(tmp_path, kind, sizes):
    model = loaded(tmp_path / kind, kind, True, **sizes)
    assert takes_mask(model._model)
    rows = [model.prepare(speech(seconds)) for seconds in SECONDS]
    alone = [model.forward([row], ["u"])[0].tokens for row in rows]
    for found, expected in zip(model.forward(rows, ["u"] * len(rows)), alone):
        assert found.tokens.shape == expected.shape
        np.testing.assert_allclose(found.tokens, expected, atol=1e-4)


def test_model_that_normalises_over_padding_takes_no_batches(tmp_path):
    model = loaded(tmp_path / "group", "wav2vec2", False)
    assert not takes_mask(model._model)
    rows = [speech(seconds) for seconds in SECONDS]
    for found, row in zip(model.forward(rows, ["u"] * len(rows)), rows):
        np.testing.assert_array_equal(found.tokens, model.forward([row], ["u"])[0].tokens)


def test_utterance_without_frames_goes_by_itself(tmp_path):
    model = loaded(tmp_path / "short", "wav2vec2", True, feat_extract_norm="layer")
    rows = [speech(1.0), speech(0.05)]
    first, second = model.forward(rows, ["a", "b"])
    np.testing.assert_array_equal(first.tokens, model.forward(rows[:1], ["a"])[0].tokens)
    assert len(second.tokens) < 3
