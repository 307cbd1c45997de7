"""Matrix products in bf16: the precision in which a trained network computes, faster where the hardware has instructions for it.

The products' inputs, weights and results are rounded to bf16, and summed in float32. All else stays in float32: what is added to a
layer's input, normalisations, softmaxes and the heads.
"""
from __future__ import annotations

from typing import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ctcb.device import has_bf16
from ctcb.errors import InputError

PRECISIONS = ("fp32", "bf16", "auto")


class Bf16Linear(nn.Linear):
    """A linear layer that computes in bf16; its input and its output are float32, and so are the weights that it stores."""

    def __init__(self, layer: nn.Linear) -> None:
        """The same as ``layer``, whose parameters it shares."""
        nn.Module.__init__(self)
        self.in_features, self.out_features = layer.in_features, layer.out_features
        self.weight, self.bias = layer.weight, layer.bias
        for name, value in (("rounded_weight", layer.weight), ("rounded_bias", layer.bias)):
            self.register_buffer(name, None if value is None else value.detach().bfloat16(), persistent=False)

    def forward(self, input: Tensor) -> Tensor:
        """``input [..., in_features]`` to ``[..., out_features]``."""
        return F.linear(input.bfloat16(), self.rounded_weight, self.rounded_bias).float()


def set_precision(parts: Iterable[nn.Module], precision: str, device: torch.device) -> None:
    """Let the linear layers in parts of a trained network, which is on ``device``, compute in ``precision``.

    ``fp32``; ``bf16``; ``auto``: bf16 where the device has instructions for it, else fp32. Raises InputError for another name,
    and for bf16 on a device that would only emulate it.
    """
    if precision not in PRECISIONS:
        raise InputError(f"precision {precision!r} is unknown", hint=f"use {', '.join(PRECISIONS[:-1])} or {PRECISIONS[-1]}")
    there = has_bf16(device)
    if precision == "bf16" and not there:
        raise InputError(f"the device {device} has no instructions for bf16", hint="use --precision auto, or fp32")
    if precision == "fp32" or not there:
        return
    for part in parts:
        for module in list(part.modules()):
            for name, child in module.named_children():
                if type(child) is nn.Linear:
                    setattr(module, name, Bf16Linear(child))
