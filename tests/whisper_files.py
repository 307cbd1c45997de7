"""Small encoders of Whisper's kind with random weights, in a file as openai names its tensors."""
from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file

from ctcb.models.config import WhisperConfig
from ctcb.models.whisper import WhisperEncoder

NAMES = {"attention_norm": "attn_ln", "ff_norm": "mlp_ln", "out": "attn.out", "up": "mlp.0", "down": "mlp.2"}


def write_openai(folder: Path, config: WhisperConfig) -> Path:
    """Write ``folder/model.safetensors``; returns the folder."""
    torch.manual_seed(3)
    tensors = {}
    for name, value in WhisperEncoder(config, 80).state_dict().items():
        parts = name.split(".")
        if parts[0] == "blocks" and parts[2] == "qkv":
            for part, rows in zip(("query", "key", "value"), value.chunk(3)):
                tensors[f"encoder.blocks.{parts[1]}.attn.{part}.{parts[3]}"] = rows.clone()
        elif parts[0] == "blocks":
            tensors[f"encoder.blocks.{parts[1]}.{NAMES[parts[2]]}.{parts[3]}"] = value
        else:
            tensors[f"encoder.{name.replace('norm', 'ln_post')}"] = value
    save_file(tensors, str(folder / "model.safetensors"))
    return folder
