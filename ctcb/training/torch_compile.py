"""torch.compile for the encoder's layers: each kind of layer is compiled once, for batches of any shape."""
from __future__ import annotations

from torch import nn

from ctcb.errors import InputError
from ctcb.models.conformer import ConformerLayer
from ctcb.models.whisper import WhisperBlock


def compile_layers(network: nn.Module) -> None:
    """Compile the conformer layers and Whisper's blocks of a network in place; the names of its weights stay.

    Raises InputError for a network that has none.
    """
    layers = [part for part in network.modules() if isinstance(part, (ConformerLayer, WhisperBlock))]
    if not layers:
        raise InputError("compile is for models of ctcb's own", hint="leave `compile` out of the training config")
    for layer in layers:
        layer.compile(dynamic=True)
