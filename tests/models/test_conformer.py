"""The encoder: exact under padding, positions that only see distances, dropout that drops its share."""
import pytest
import torch

from ctcb.config import read_yaml
from ctcb.errors import InputError
from ctcb.models.attention_decoder import AttentionDecoder
from ctcb.models.config import AttentionDecoderConfig, InterCtc, ModelConfig
from ctcb.models.conformer import frame_mask, rotary_table, rotate, subsampled
from ctcb.models.ctc import CtcModel, normalize_features
from ctcb.models.dropout import Dropout


@pytest.fixture(scope="module")
def model(tiny_config):
    torch.manual_seed(0)
    return CtcModel(tiny_config).eval()


def test_batch_equals_single_utterances(model):
    lengths = torch.tensor([203, 57, 4, 1, 120, 118])
    features = torch.randn(6, 203, 80) * 3 - 6
    with torch.no_grad():
        batched, encoded = model(features, lengths)
        for row, length in enumerate(lengths.tolist()):
            alone, alone_encoded = model(features[row : row + 1, :length], lengths[row : row + 1])
            frames = int(alone.lengths)
            assert frames == int(batched.lengths[row]) == -(-length // 4)
            assert torch.allclose(batched.subword[row, :frames], alone.subword[0], atol=1e-4)
            assert torch.allclose(encoded.last[row, :frames], alone_encoded.last[0], atol=1e-4)
            for some, one in zip(batched.inter, alone.inter):
                assert torch.allclose(some[row, :frames], one[0], atol=1e-4)


def test_padding_does_not_change_emissions(model):
    features, lengths = torch.randn(2, 100, 80), torch.tensor([100, 40])
    loud = features.clone()
    loud[1, 40:] = 1000.0
    with torch.no_grad():
        first, second = model(features, lengths)[0], model(loud, lengths)[0]
    assert torch.allclose(first.subword[1, :10], second.subword[1, :10], atol=1e-5)


def test_emissions_are_distributions(model, tiny_config):
    emissions, encoded = model(torch.randn(2, 64, 80), torch.tensor([64, 64]))
    assert emissions.subword.shape == (2, 16, tiny_config.num_subwords)
    assert [e.shape[2] for e in emissions.inter] == [tiny_config.num_phones, tiny_config.num_subwords]
    assert torch.allclose(emissions.subword.exp().sum(-1), torch.ones(2, 16), atol=1e-5)
    assert len(encoded.taps) == 2


def test_inner_posteriors_condition_the_stream(model):
    features, lengths = torch.randn(1, 64, 80), torch.tensor([64])
    with torch.no_grad():
        before = model(features, lengths)[0].subword
        model.inter_heads[0].bias += torch.linspace(-5, 5, len(model.inter_heads[0].bias))
        after = model(features, lengths)[0].subword
        model.inter_heads[0].bias -= torch.linspace(-5, 5, len(model.inter_heads[0].bias))
    assert not torch.allclose(before, after, atol=1e-3)


def test_normalisation_removes_the_channel_and_raises_digital_silence():
    speech = torch.randn(1, 50, 80)
    lengths = torch.tensor([50])
    coloured = speech + torch.linspace(-2, 2, 80)
    assert torch.allclose(normalize_features(speech, lengths), normalize_features(coloured, lengths), atol=1e-5)
    silent = speech.clone()
    silent[0, :10] = -23.0
    floor = normalize_features(silent, lengths)[0, :10]
    assert torch.allclose(floor, normalize_features(torch.where(silent < -20, silent.max() - 16.0, silent), lengths)[0, :10])


def test_attention_depends_on_distances_only():
    q, k = torch.randn(1, 1, 1, 8), torch.randn(1, 1, 1, 8)
    cos, sin = rotary_table(50, 8, q.device)

    def score(i, j):
        return float((rotate(q, (cos[i : i + 1], sin[i : i + 1])) * rotate(k, (cos[j : j + 1], sin[j : j + 1]))).sum())

    assert score(3, 7) == pytest.approx(score(23, 27), abs=1e-4)
    assert score(3, 7) != pytest.approx(score(3, 9), abs=1e-4)


def test_subsampled_lengths():
    assert subsampled(torch.tensor([1, 4, 5, 8, 9, 100])).tolist() == [1, 1, 2, 2, 3, 25]
    assert frame_mask(torch.tensor([1, 3]), 3).tolist() == [[True, False, False], [True, True, True]]


def test_dropout_keeps_the_mean_and_is_off_in_eval():
    torch.manual_seed(0)
    layer, x = Dropout(0.1), torch.ones(1000, 1001)
    y = layer(x)
    assert float((y == 0).float().mean()) == pytest.approx(26 / 256, abs=2e-3)
    assert float((y[:, -1] == 0).float().mean()) == pytest.approx(26 / 256, abs=0.05)
    assert float(y.mean()) == pytest.approx(1.0, abs=2e-3)
    assert torch.equal(layer.eval()(x), x)


def test_configurations_in_conf_are_valid():
    sizes = {"num_subwords": 500, "num_phones": 40}
    small = ModelConfig.from_dict({**read_yaml("conf/model/small.yaml"), **sizes})
    assert small.encoder.layers == 12
    assert 9e6 < sum(p.numel() for p in CtcModel(small).parameters()) < 12e6
    large = ModelConfig.from_dict({**read_yaml("conf/model/large.yaml"), **sizes})
    assert (large.encoder.layers, large.encoder.dim) == (18, 512)
    assert [(inter.layer, inter.target) for inter in large.inter_ctc] == [(6, "phone"), (12, "subword")]
    ModelConfig.from_dict({**read_yaml("conf/model/tiny.yaml"), **sizes})


@pytest.mark.parametrize(
    "change, told",
    [
        ({"inter_ctc": [{"layer": 12, "target": "phone"}]}, "between 1 and 11"),
        ({"inter_ctc": [{"layer": 4, "target": "letter"}]}, "'letter' is unknown"),
        ({"inter_ctc": [{"layer": 4, "target": "phone", "weight": 1.0}]}, "add up to 1"),
        ({"encoder": {"dim": 50}}, "does not divide"),
        ({"encoder": {"conv_kernel": 4}}, "is even"),
        ({"encoder": {"width": 4}}, "unknown key 'encoder.width'"),
        ({"encoder": {"dim": "wide"}}, "encoder.dim is 'wide'"),
    ],
)
def test_invalid_configurations_are_refused(change, told):
    with pytest.raises(InputError, match=told):
        ModelConfig.from_dict({"num_subwords": 10, "num_phones": 40, **change})


def test_attention_decoder_loss_is_a_sum_over_the_batch():
    torch.manual_seed(0)
    decoder = AttentionDecoder(AttentionDecoderConfig(weight=0.3, layers=1, heads=2, ff_dim=16), 8, 11).eval()
    encoded, lengths = torch.randn(2, 9, 8), torch.tensor([9, 5])
    targets, target_lengths = torch.tensor([1, 2, 3, 4, 5]), torch.tensor([3, 2])
    both = decoder.loss(encoded, lengths, targets, target_lengths)
    first = decoder.loss(encoded[:1], lengths[:1], targets[:3], target_lengths[:1])
    second = decoder.loss(encoded[1:, :5], lengths[1:], targets[3:], target_lengths[1:])
    assert float(both) == pytest.approx(float(first + second), rel=1e-5)


def test_inter_ctc_is_read_from_lists():
    config = ModelConfig.from_dict({"num_subwords": 10, "num_phones": 40, "inter_ctc": [{"layer": 2, "target": "phone", "weight": 0.5}]})
    assert config.inter_ctc == (InterCtc(2, "phone", 0.5),)
