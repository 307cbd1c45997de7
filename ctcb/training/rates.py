"""Learning rates of a model with a pretrained encoder: full for the top, lower for deeper layers."""
from __future__ import annotations

import re
from typing import Optional

from ctcb.models.config import WhisperConfig
from ctcb.training.config import TrainConfig


def rate_share(name: str, whisper: Optional[WhisperConfig], config: TrainConfig) -> float:
    """The share of the learning rate for the parameter ``name`` of a `CtcModel`; 0 for one that stays as it is.

    The encoder's last block learns at ``pretrained_rate``, each block below at ``layer_decay`` times that of the one
    above; the convolutions count as the block below the first.
    """
    match = re.search(r"whisper\.encoder\.(?:blocks\.(\d+)|conv|(norm))", name)
    if whisper is None or match is None:
        return 1.0
    if match[2]:
        depth = whisper.layers
    else:
        depth = int(match[1]) + 1 if match[1] else 0
    if depth <= config.frozen_blocks or (config.frozen_blocks >= whisper.layers):
        return 0.0
    return config.pretrained_rate * config.layer_decay ** (whisper.layers - depth)
