"""Matrix products in bf16, against the same products in float64 of rounded numbers."""
from __future__ import annotations

import pytest
import torch
from torch import nn

from ctcb.acoustic.directory import load_model
from ctcb.acoustic.fingerprint import of_module
from ctcb.device import has_bf16
from ctcb.errors import InputError
from ctcb.models import bf16
from ctcb.models.bf16 import Bf16Linear, set_precision

CPU = torch.device("cpu")


@pytest.fixture
def with_instructions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bf16, "has_bf16", lambda device: True)


def test_product_of_rounded_numbers_summed_in_float32():
    torch.manual_seed(1)
    layer, x = nn.Linear(96, 40), torch.randn(3, 7, 96)
    x64, weight64, bias64 = (value.detach().bfloat16().double() for value in (x, layer.weight, layer.bias))
    exact = x64 @ weight64.T + bias64
    found = Bf16Linear(layer)(x)
    assert found.dtype == torch.float32
    # The result is rounded once: by at most half of the last of bf16's 8 bits, and float32's sums by much less.
    assert ((found - exact).abs() <= exact.abs() * 2**-8 + 1e-5).all()
    assert not torch.allclose(found, layer(x), rtol=0, atol=1e-4)


def test_layer_without_bias():
    torch.manual_seed(1)
    layer = nn.Linear(8, 4, bias=False)
    assert torch.allclose(Bf16Linear(layer)(torch.eye(8)), layer.weight.T, atol=2**-8)


def test_weights_and_fingerprint_stay():
    module = nn.Sequential(nn.Linear(4, 4), nn.ModuleList([nn.Linear(4, 2)]))
    before, digest = {name: value.clone() for name, value in module.state_dict().items()}, of_module(module, "ab")
    make_bf16(module)
    assert [type(layer) for layer in module.modules() if isinstance(layer, nn.Linear)] == [Bf16Linear, Bf16Linear]
    assert module.state_dict().keys() == before.keys() and all(torch.equal(module.state_dict()[name], before[name]) for name in before)
    assert of_module(module, "ab") == digest


def test_emissions_of_a_model_directory(model_dir, with_instructions):
    """Close to those in float32; the heads are not rounded."""
    torch.manual_seed(2)
    whole, rounded = load_model(model_dir).network, load_model(model_dir, precision="bf16").network
    features, lengths = torch.randn(2, 120, 80), torch.tensor([120, 90])
    with torch.no_grad():
        expected, found = whole(features, lengths)[0], rounded(features, lengths)[0]
    assert any(isinstance(layer, Bf16Linear) for layer in rounded.modules()) and type(rounded.head) is nn.Linear
    difference = (found.subword.exp() - expected.subword.exp()).abs().max()
    assert 0 < difference < 0.03


@pytest.mark.parametrize("there, precision, rounded", [
    (True, "bf16", True), (True, "auto", True), (True, "fp32", False), (False, "auto", False), (False, "fp32", False),
])  # fmt: skip
def test_precision_by_hardware(monkeypatch, there, precision, rounded):
    monkeypatch.setattr(bf16, "has_bf16", lambda device: there)
    module = nn.Sequential(nn.Linear(2, 2))
    set_precision([module], precision, CPU)
    assert isinstance(module[0], Bf16Linear) == rounded


@pytest.mark.parametrize("precision, said", [
    ("bf16", "the device cpu has no instructions for bf16; use --precision auto, or fp32"), ("fp8", "precision 'fp8' is unknown; use fp32, bf16 or auto"),
])  # fmt: skip
def test_precision_that_is_not_there(monkeypatch, precision, said):
    monkeypatch.setattr(bf16, "has_bf16", lambda device: False)
    with pytest.raises(InputError, match=said):
        set_precision([nn.Linear(2, 2)], precision, CPU)


@pytest.mark.parametrize("features, there", [
    ({"avx512bf16": True}, True), ({"amx-bf16": True}, True), ({"avx512bf16": False, "avx2": True}, False), ({}, False),
])  # fmt: skip
def test_instructions_of_processors(monkeypatch, features, there):
    monkeypatch.setattr("llvmlite.binding.get_host_cpu_features", lambda: features)
    assert has_bf16(CPU) == there


def make_bf16(module: nn.Module) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bf16, "has_bf16", lambda device: True)
        set_precision([module], "bf16", CPU)
