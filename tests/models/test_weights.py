"""Weights in int8: rounding error, and messages for corrupt files."""
import pytest
import torch

from ctcb.errors import InputError
from ctcb.models.weights import dequantized, quantized, read_tensors, save_tensors


def test_int8_error_is_at_most_half_a_step(tmp_path):
    torch.manual_seed(0)
    weights = {"matrix": torch.randn(5, 7) * torch.tensor([1e-3, 1.0, 50.0, 0.0, 1.0])[:, None], "kernel": torch.randn(4, 3, 2), "bias": torch.randn(6)}
    save_tensors(tmp_path / "w.safetensors", quantized(weights))
    stored, _ = read_tensors(tmp_path / "w.safetensors")
    assert stored["matrix"].dtype == stored["kernel"].dtype == torch.int8 and stored["bias"].dtype == torch.float16
    back = dequantized(stored, tmp_path)
    assert back.keys() == weights.keys()
    for name in ("matrix", "kernel"):
        step = weights[name].flatten(1).abs().amax(dim=1) / 127
        assert ((back[name] - weights[name]).flatten(1).abs() <= step[:, None] * 0.501).all()
    assert torch.allclose(back["bias"].float(), weights["bias"], atol=2e-3)


def test_other_dtypes_are_unchanged(tmp_path):
    weights = {"a": torch.randn(2, 2).half(), "b.scale": torch.randn(3)}
    assert dequantized(weights, tmp_path) == weights


@pytest.mark.parametrize("scales", [{}, {"w.scale": torch.ones(3)}])
def test_int8_without_scales_is_refused(scales, tmp_path):
    with pytest.raises(InputError, match="'w' has no scale for each row"):
        dequantized({"w": torch.ones(2, 2, dtype=torch.int8), **scales}, tmp_path)
