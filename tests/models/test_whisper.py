"""Whisper's encoder: equal to that of transformers, for every weight format and batch."""
import struct

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ctcb.data.features import FeatureConfig, FeatureExtractor
from ctcb.data.whisper_features import slaney_filters
from ctcb.errors import InputError
from ctcb.models.config import EncoderConfig, InterCtc, ModelConfig, WhisperConfig
from ctcb.models.ctc import CtcModel
from ctcb.models.whisper import WhisperEncoder, whisper_input
from ctcb.models.whisper_weights import read_whisper

SIZE = WhisperConfig(dim=128, layers=2, heads=2, positions=60, tap=1, tail=10)
MODEL = ModelConfig(
    num_subwords=9, num_phones=7, num_mel_bins=16, whisper=SIZE,
    encoder=EncoderConfig(dim=32, layers=2, heads=2, ff_dim=48, conv_kernel=5), inter_ctc=(InterCtc(1, "phone"),),
)


@pytest.fixture(scope="module")
def theirs():
    """transformers' encoder with random weights."""
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(1)
    config = transformers.WhisperConfig(
        d_model=SIZE.dim, encoder_layers=SIZE.layers, encoder_attention_heads=SIZE.heads, encoder_ffn_dim=4 * SIZE.dim,
        num_mel_bins=MODEL.num_mel_bins, max_source_positions=SIZE.positions, decoder_layers=1, decoder_attention_heads=2,
        decoder_ffn_dim=8, vocab_size=10, pad_token_id=0, bos_token_id=0, eos_token_id=0, decoder_start_token_id=0,
        attn_implementation="eager",
    )
    model = transformers.WhisperModel(config).eval()
    with torch.no_grad():
        for parameter in model.encoder.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
        model.encoder.embed_positions.weight.copy_(WhisperEncoder(SIZE, 16).positions)
    return model


def huggingface_file(model, folder):
    save_file({f"model.{name}": value.contiguous() for name, value in model.state_dict().items()}, str(folder / "model.safetensors"))
    return folder


def openai_file(model, folder):
    """The names of openai's checkpoints."""
    tensors = {}
    for name, value in model.encoder.state_dict().items():
        for old, new in (
            ("layers.", "blocks."), ("self_attn_layer_norm", "attn_ln"), ("final_layer_norm", "mlp_ln"), ("fc1", "mlp.0"), ("fc2", "mlp.2"),
            ("self_attn.q_proj", "attn.query"), ("self_attn.k_proj", "attn.key"), ("self_attn.v_proj", "attn.value"),
            ("self_attn.out_proj", "attn.out"),
        ):
            name = name.replace(old, new)
        name = {"layer_norm.weight": "ln_post.weight", "layer_norm.bias": "ln_post.bias", "embed_positions.weight": "positional_embedding"}.get(name, name)
        tensors[f"encoder.{name}"] = value.contiguous()
    save_file(tensors, str(folder / "openai.safetensors"))
    return folder / "openai.safetensors"


def ctranslate2_bytes(model) -> bytes:
    """A model.bin as CTranslate2 writes it: little endian, names closed by a NUL."""
    weights = {name: value.numpy() for name, value in model.encoder.state_dict().items()}
    variables = {"encoder/num_heads": np.array(SIZE.heads, np.int16), "decoder/layer_0/ffn/linear_0/weight": np.ones((2, 2), np.int8)}
    for conv in ("conv1", "conv2"):
        for part in ("weight", "bias"):
            variables[f"encoder/{conv}/{part}"] = weights[f"{conv}.{part}"]
    for layer in range(SIZE.layers):
        own, to = f"layers.{layer}.", f"encoder/layer_{layer}/"
        q, k, v = (weights[f"{own}self_attn.{part}_proj.weight"] for part in "qkv")
        biases = [weights[f"{own}self_attn.q_proj.bias"], np.zeros(SIZE.dim, np.float32), weights[f"{own}self_attn.v_proj.bias"]]
        variables[f"{to}self_attention/linear_0/weight"], variables[f"{to}self_attention/linear_0/bias"] = np.concatenate([q, k, v]), np.concatenate(biases)
        for theirs_name, name in (("self_attn.out_proj", "self_attention/linear_1"), ("fc1", "ffn/linear_0"), ("fc2", "ffn/linear_1")):
            for part in ("weight", "bias"):
                variables[f"{to}{name}/{part}"] = weights[f"{own}{theirs_name}.{part}"]
        for theirs_name, name in (("self_attn_layer_norm", "self_attention"), ("final_layer_norm", "ffn")):
            for part, greek in (("weight", "gamma"), ("bias", "beta")):
                variables[f"{to}{name}/layer_norm/{greek}"] = weights[f"{own}{theirs_name}.{part}"]
    variables["encoder/layer_norm/gamma"], variables["encoder/layer_norm/beta"] = weights["layer_norm.weight"], weights["layer_norm.bias"]

    def text(value: str) -> bytes:
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    kinds = {np.dtype(np.float32): 0, np.dtype(np.int8): 1, np.dtype(np.int16): 2}
    out = struct.pack("<I", 6) + text("WhisperSpec") + struct.pack("<II", 3, len(variables))
    for name, value in variables.items():
        out += text(name) + struct.pack("<B", value.ndim) + struct.pack(f"<{value.ndim}I", *value.shape)
        out += struct.pack("<BI", kinds[value.dtype], value.nbytes) + value.tobytes()
    return out + struct.pack("<I", 0)


def ctranslate2_parts(model, folder):
    data = ctranslate2_bytes(model)
    for number in (1, 2):
        (folder / f"package{number}").mkdir()
        (folder / f"package{number}/model.bin.part{number}").write_bytes(data[: len(data) // 2] if number == 1 else data[len(data) // 2 :])
    return folder


@pytest.mark.parametrize("write", [huggingface_file, openai_file, ctranslate2_parts])
def test_all_weight_formats_match_transformers(theirs, write, tmp_path):
    found = read_whisper([write(theirs, tmp_path)])
    found.require(SIZE, tmp_path)
    encoder = WhisperEncoder(SIZE, MODEL.num_mel_bins).eval()
    encoder.load_state_dict(found.weights)
    x = torch.randn(2, 2 * SIZE.positions, MODEL.num_mel_bins)
    with torch.no_grad():
        wanted = theirs.encoder(x.transpose(1, 2), output_hidden_states=True)
        last, tap = encoder(x, torch.tensor([2 * SIZE.positions] * 2))
    assert torch.allclose(last, wanted.last_hidden_state, atol=1e-4)
    assert torch.allclose(tap, wanted.hidden_states[SIZE.tap], atol=1e-4)


def test_weight_parts_are_joined_in_order(theirs, tmp_path):
    data = ctranslate2_bytes(theirs)
    cut = len(data) // 12 + 1
    for number in range(12):
        (tmp_path / f"model.bin.part{number + 1}").write_bytes(data[number * cut : (number + 1) * cut])
    (tmp_path / "whole").mkdir()
    (tmp_path / "whole/model.bin").write_bytes(data)
    parts, whole = read_whisper(sorted(tmp_path.glob("*.part*"))), read_whisper([tmp_path / "whole"])
    assert parts.digest == whole.digest and all(torch.equal(parts.weights[name], whole.weights[name]) for name in whole.weights)


@pytest.mark.parametrize("spoil, said", [
    (lambda data: data[: len(data) // 2], "not a whole model.bin"),
    (lambda data: b"", "not a whole model.bin"),
    (lambda data: data.replace(b"encoder/conv", b"another/conv"), "holds no encoder of Whisper"),
])
def test_corrupt_model_bin_is_named(theirs, tmp_path, spoil, said):
    (tmp_path / "model.bin").write_bytes(spoil(ctranslate2_bytes(theirs)))
    with pytest.raises(InputError, match=said) as error:
        read_whisper([tmp_path / "model.bin"])
    assert "model.bin" in str(error.value)


def test_missing_or_mismatched_weights_are_named(theirs, tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_whisper([tmp_path / "nothing"])
    with pytest.raises(InputError, match="no model.bin"):
        read_whisper([tmp_path])
    found = read_whisper([huggingface_file(theirs, tmp_path)])
    with pytest.raises(InputError, match="layers is 2, the model's 6"):
        found.require(WhisperConfig(dim=128, heads=2), tmp_path)


def test_output_does_not_depend_on_the_batch():
    torch.manual_seed(2)
    model = CtcModel(MODEL).eval()
    rows = [torch.randn(frames, 16) * 3 for frames in (97, 60, 31, 4)]
    lengths = torch.tensor([len(row) for row in rows])
    batch = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=7.0)
    with torch.no_grad():
        together, _ = model(batch, lengths)
        for place, row in enumerate(rows):
            alone, _ = model(row[None], lengths[place : place + 1])
            frames = int(alone.lengths[0])
            assert frames == int(together.lengths[place]) == (len(row) + 3) // 4
            assert torch.allclose(alone.subword[0, :frames], together.subword[place, :frames], atol=1e-4)
            assert torch.allclose(alone.inter[0][0, :frames], together.inter[0][place, :frames], atol=1e-4)


def test_input_beyond_the_positions_is_refused():
    model = CtcModel(MODEL).eval()
    with pytest.raises(InputError, match="shorter windows"):
        model(torch.randn(1, 2 * SIZE.positions, 16), torch.tensor([2 * SIZE.positions]))


def test_features_match_whisper():
    transformers = pytest.importorskip("transformers")
    samples = np.random.default_rng(1).normal(size=16_000).astype(np.float32) * np.linspace(0, 0.3, 16_000, dtype=np.float32)
    features = FeatureExtractor(FeatureConfig("whisper"))(samples)
    assert features.shape == (100, 80)
    found, lengths = whisper_input(features[None], torch.tensor([100]), tail=50)
    wanted = transformers.WhisperFeatureExtractor()(samples, sampling_rate=16_000, return_tensors="pt").input_features[0].T
    assert lengths.tolist() == [150]
    # Two frames at the end see the reflected signal where theirs see their padding.
    assert torch.allclose(found[0, :98], wanted[:98], atol=1e-3)
    assert torch.allclose(found[0, 101:150], wanted[103:152], atol=1e-3)


@pytest.mark.parametrize("samples, frames", [(0, 0), (79, 0), (160, 1), (199, 1), (240, 2), (400, 3), (16_000, 100), (16_081, 101)])
def test_frame_count_is_duration_over_shift(samples, frames):
    assert len(FeatureExtractor(FeatureConfig("whisper"))(np.ones(samples, np.float32))) == frames


def test_mel_filters_match_torchaudio():
    torchaudio = pytest.importorskip("torchaudio")
    wanted = torchaudio.functional.melscale_fbanks(201, 0.0, 8000.0, 80, 16_000, norm="slaney", mel_scale="slaney").T
    assert torch.allclose(slaney_filters(80), wanted, atol=1e-6)


@pytest.mark.parametrize("name", ["conv1.weight", "conv2.weight", "conv2.bias", "blocks.0.qkv.weight"])
def test_gradients_equal_finite_differences(name):
    """torch 1.13's GELU gave the convolutions gradients of up to 1e36 for a transposed gradient."""
    torch.manual_seed(4)
    encoder = WhisperEncoder(SIZE, 16)
    x, lengths = torch.randn(2, 90, 16), torch.tensor([90, 55])
    parameter = encoder.get_parameter(name)
    direction = torch.randn_like(parameter)

    def loss():
        last, tap = encoder(x, lengths)
        return (last.square() * torch.arange(SIZE.dim)).mean() + tap.square().mean()

    loss().backward()
    found, step = float((parameter.grad * direction).sum()), 1e-3
    with torch.no_grad():
        sides = [float(loss()) for move in (step, -2 * step) if parameter.add_(direction, alpha=move) is not None]
    assert found == pytest.approx((sides[0] - sides[1]) / (2 * step), rel=0.05, abs=0.02)
