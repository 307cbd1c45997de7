"""A model with limited context: chunk by chunk with a state it gives what it gives for the whole utterance, and sees no further."""
import dataclasses

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from ctcb.config import read_yaml
from ctcb.errors import InputError
from ctcb.models.config import ModelConfig, StreamingConfig
from ctcb.models.conformer import chunk_reach
from ctcb.models.ctc import CtcModel
from ctcb.models.normalization import PRIOR_FRAMES, RunningNormalizer, normalize_features

STREAMING = {"left_chunks": [0, 1, 3], "chunk": [1, 3, 8]}


def made(config, chunk, left_chunks):
    torch.manual_seed(chunk + 10 * left_chunks)
    return CtcModel(dataclasses.replace(config, streaming=StreamingConfig(chunk, left_chunks))).eval()


@pytest.fixture(scope="module")
def models(tiny_config):
    return {(chunk, left): made(tiny_config, chunk, left) for chunk in STREAMING["chunk"] for left in STREAMING["left_chunks"]}


def in_chunks(model, features, chunk):
    """Everything that the encoder gives for ``features [B, T, F]``, chunk by chunk."""
    state, parts = model.stream_state(), []
    for first in range(0, features.shape[1], 4 * chunk):
        piece = features[:, first : first + 4 * chunk]
        parts.append(model.encode(piece, torch.full((len(piece),), piece.shape[1]), state=state))
    return [torch.cat(some, dim=1) for some in zip(*([one.last, *one.taps, *one.inter_logits] for one in parts))]


@settings(max_examples=25, deadline=None)
@given(
    chunk=st.sampled_from(STREAMING["chunk"]), left=st.sampled_from(STREAMING["left_chunks"]), frames=st.integers(1, 700),
    level=st.floats(-20, 5), seed=st.integers(0, 99),
)
def test_chunks_with_a_state_equal_the_whole(models, chunk, left, frames, level, seed):
    model = models[chunk, left]
    features = torch.randn(2, frames, 80, generator=torch.Generator().manual_seed(seed)) * 4 + level
    with torch.no_grad():
        whole = model.encode(features, torch.tensor([frames, frames]))
        for some, expected in zip(in_chunks(model, features, chunk), [whole.last, *whole.taps, *whole.inter_logits]):
            assert some.shape == expected.shape
            assert torch.allclose(some, expected, atol=1e-4)


def test_batch_equals_single_utterances(models):
    model = models[8, 1]
    lengths = torch.tensor([703, 57, 4, 1, 120, 118])
    features = torch.randn(6, 703, 80) * 3 - 6
    features[1, 57:] = 1000.0
    with torch.no_grad():
        batched, encoded = model(features, lengths)
        for row, length in enumerate(lengths.tolist()):
            alone, alone_encoded = model(features[row : row + 1, :length], lengths[row : row + 1])
            frames = int(alone.lengths)
            assert torch.allclose(batched.subword[row, :frames], alone.subword[0], atol=1e-4)
            assert torch.allclose(encoded.last[row, :frames], alone_encoded.last[0], atol=1e-4)


@pytest.mark.parametrize("chunk, left", [(1, 0), (3, 1), (8, 0)])
def test_frames_see_the_end_of_their_chunk_and_no_further(models, chunk, left):
    """By gradients: on which input frames an output frame rests."""
    model, frames = models[chunk, left], 200
    features = (torch.randn(1, frames, 80) - 5).requires_grad_()
    encoded = model.encode(features, torch.tensor([frames]))
    for place in (0, chunk - 1, chunk, 20, 30):
        [gradient] = torch.autograd.grad(encoded.last[0, place].square().sum(), features, retain_graph=True)
        seen = gradient[0].abs().sum(dim=1).nonzero().flatten()
        last = (place // chunk + 1) * chunk * 4 - 1
        assert int(seen.max()) <= last
        if chunk > 1:
            assert int(seen.max()) > last - 4  # what it may see it does see


def test_reach_is_the_own_chunk_and_those_before():
    reach = chunk_reach(7, StreamingConfig(chunk=2, left_chunks=1), torch.device("cpu"))
    assert ["".join("x" if one else "." for one in row) for row in reach.tolist()] == [
        "xx.....", "xx.....", "xxxx...", "xxxx...", "..xxxx.", "..xxxx.", "....xxx",
    ]  # fmt: skip


def test_running_normalisation_by_hand():
    normalizer = RunningNormalizer(2)
    torch.nn.init.constant_(normalizer.prior, 1.0)
    x = torch.tensor([[[3.0, -5.0], [-20.0, 5.0]]])
    # The second frame is floored 16 under the loudest bin so far, 5; the prior counts as 200 frames of 1.
    means = [[(200 + 3) / 201, (200 - 5) / 201], [(200 + 3 - 11) / 202, (200 - 5 + 5) / 202]]
    expected = (torch.tensor([[3.0, -5.0], [-11.0, 5.0]]) - torch.tensor(means)) * 0.25
    assert torch.allclose(normalizer(x, torch.tensor([2]))[0], expected, atol=1e-5)


def test_running_normalisation_comes_to_the_mean_of_the_last_frames():
    normalizer, channel = RunningNormalizer(80), torch.linspace(-2, 2, 80)
    speech = torch.randn(1, 1500, 80)
    lengths = torch.tensor([1500])
    plain, coloured = normalizer(speech, lengths), normalizer(speech + channel, lengths)
    assert torch.allclose(plain[0, 600:], coloured[0, 600:], atol=1e-4)  # the prior is out of the window
    assert not torch.allclose(plain[0, :PRIOR_FRAMES], coloured[0, :PRIOR_FRAMES], atol=1e-2)
    last = normalize_features(speech[:, 900:], torch.tensor([600]))[0, -1]
    assert torch.allclose(plain[0, -1], last, atol=1e-5)


def test_cost_of_a_chunk_does_not_grow_with_the_stream(models):
    model, state = models[8, 3], models[8, 3].stream_state()
    with torch.no_grad():
        for _ in range(40):
            model.encode(torch.randn(1, 32, 80), torch.tensor([32]), state=state)
    assert [layer.frames for layer in state.layers] == [24] * 3
    assert state.normalizer.floored.shape[1] == 599
    assert {layer.convolved.shape[2] for layer in state.layers} == {4}


def test_streaming_model_learns_as_it_streams(models, tiny_config):
    """Gradients reach every weight, the learned mean included."""
    model = made(tiny_config, 3, 1).train()
    emissions, _ = model(torch.randn(2, 90, 80) - 6, torch.tensor([90, 50]))
    loss = sum(F.nll_loss(head.flatten(0, 1), torch.ones(head.shape[0] * head.shape[1], dtype=torch.long)) for head in [emissions.subword, *emissions.inter])
    loss.backward()
    assert all(weight.grad is not None and float(weight.grad.abs().sum()) > 0 for weight in model.parameters())


def test_full_attention_has_no_state_and_the_same_weights_as_before(tiny_config):
    with pytest.raises(ValueError):
        CtcModel(tiny_config).stream_state()
    assert not any("normalizer" in name for name in CtcModel(tiny_config).state_dict())


def test_configurations_in_conf_stream():
    sizes = {"num_subwords": 500, "num_phones": 40}
    for name in ("small", "tiny"):
        full = ModelConfig.from_dict({**read_yaml(f"conf/model/{name}.yaml"), **sizes})
        streaming = ModelConfig.from_dict({**read_yaml(f"conf/model/{name}_streaming.yaml"), **sizes})
        assert streaming.streaming is not None
        assert dataclasses.replace(streaming, streaming=None) == full


@pytest.mark.parametrize(
    "change, told",
    [
        ({"streaming": {"chunk": 0}}, "streaming.chunk is 0"),
        ({"streaming": {"left_chunks": -1}}, "streaming.left_chunks -1"),
        ({"streaming": {}, "whisper": {}}, "whole utterances"),
        ({"streaming": {"look_ahead": 3}}, "unknown key 'streaming.look_ahead'"),
    ],
)
def test_invalid_configurations_are_refused(change, told):
    with pytest.raises(InputError, match=told):
        ModelConfig.from_dict({"num_subwords": 10, "num_phones": 40, **change})
