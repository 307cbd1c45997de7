"""How fast each part of a model with a pretrained encoder learns: the top at the full rate, what lies deeper slower."""
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
    found = re.search(r"whisper\.encoder\.(?:blocks\.(\d+)|conv|(norm))", name)
    if whisper is None or found is None:
        return 1.0
    if found[2]:
        depth = whisper.layers
    else:
        depth = int(found[1]) + 1 if found[1] else 0
    if depth <= config.frozen_blocks or (config.frozen_blocks >= whisper.layers):
        return 0.0
    return config.pretrained_rate * config.layer_decay ** (whisper.layers - depth)
