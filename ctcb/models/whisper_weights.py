"""Weights of Whisper's encoder out of the files in which they are published; never by pickle.

Read are CTranslate2's ``model.bin``, whole or cut into ``model.bin.part1``, ``.part2`` ..., and safetensors files with
the names of openai's checkpoints or of transformers'.
"""
from __future__ import annotations

import hashlib
import re
import struct
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence

import numpy as np
import torch
from torch import Tensor

from ctcb.errors import InputError
from ctcb.io import PathOrStr
from ctcb.models.config import WhisperConfig
from ctcb.models.weights import read_tensors

_TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}  # CTranslate2's numbers for them
_HEAD_WIDTH = 64  # of every published Whisper


class PretrainedEncoder(NamedTuple):
    """An encoder's weights under the names of `ctcb.models.whisper.WhisperEncoder`."""

    weights: Dict[str, Tensor]  # float32
    dim: int
    layers: int
    heads: int
    digest: str  # SHA-256 of the files, in their order

    def require(self, config: WhisperConfig, source: PathOrStr) -> None:
        """Raises InputError where the model's configuration is of another size."""
        for name in ("dim", "layers", "heads"):
            if getattr(self, name) != getattr(config, name):
                raise InputError(
                    f"the encoder's {name} is {getattr(self, name)}, the model's {getattr(config, name)}", file=source,
                    hint="take a conf/model/*.yaml of its size",
                )


def read_whisper(sources: Sequence[PathOrStr]) -> PretrainedEncoder:
    """Read the encoder out of files, or of folders that hold them below.

    Raises
    ------
    InputError : no such file, none that is known, one cut off, or no encoder in it.
    """
    files = _files(sources)
    if files[0].suffix == ".safetensors":
        tensors: Dict[str, Tensor] = {}
        for file in files:
            tensors.update(read_tensors(file)[0])
        weights = _from_safetensors(tensors, files[0])
    else:
        weights = _from_ctranslate2(_read_ctranslate2(b"".join(file.read_bytes() for file in files), files[0]))
    if "conv1.weight" not in weights:
        raise InputError("holds no encoder of Whisper", file=files[0], hint="name Whisper's model.bin or model.safetensors")
    dim = weights["conv1.weight"].shape[0]
    layers = 1 + max(int(name.split(".")[1]) for name in weights if name.startswith("blocks."))
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return PretrainedEncoder(weights, dim, layers, dim // _HEAD_WIDTH, digest.hexdigest())


def _files(sources: Sequence[PathOrStr]) -> List[Path]:
    """The files to read, parts in the order of their numbers."""
    candidates: List[Path] = []
    for source in map(Path, sources):
        if source.is_dir():
            candidates += [file for pattern in ("model.bin*", "*.safetensors") for file in source.rglob(pattern)]
        elif source.exists():
            candidates.append(source)
        else:
            raise InputError("no such file", file=source, hint="check the path")
    whole = [file for file in candidates if file.name == "model.bin"]
    parts = sorted((file for file in candidates if re.search(r"\.part\d+$", file.name)), key=lambda file: int(file.name.rsplit("part", 1)[1]))
    chosen = whole[:1] or parts or sorted(file for file in candidates if file.suffix == ".safetensors")
    if not chosen:
        raise InputError(
            "no model.bin, model.bin.part1 ... or *.safetensors", file=sources[0], hint="name a folder that holds Whisper's weights"
        )
    return chosen


def _read_ctranslate2(data: bytes, path: Path) -> Dict[str, np.ndarray]:
    """All variables of a ``model.bin``; quantized ones as they stand."""
    at = 0

    def take(layout: str) -> int:
        nonlocal at
        value = struct.unpack_from("<" + layout, data, at)[0]
        at += struct.calcsize(layout)
        return int(value)

    def text() -> str:
        nonlocal at
        length = take("H")
        at += length
        return data[at - length : at - 1].decode()

    variables: Dict[str, np.ndarray] = {}
    try:
        take("I"), text(), take("I")
        for _ in range(take("I")):
            name = text()
            shape = [take("I") for _ in range(take("B"))]
            kind, size = _TYPES[take("B")], take("I")
            variables[name] = np.frombuffer(data, kind, size // np.dtype(kind).itemsize, at).reshape(shape)
            at += size
    except (struct.error, KeyError, ValueError, UnicodeDecodeError):
        raise InputError("not a whole model.bin of CTranslate2", file=path, hint="name all of its parts, or copy it again") from None
    return variables


def _from_ctranslate2(variables: Dict[str, np.ndarray]) -> Dict[str, Tensor]:
    renamed = {
        "self_attention/linear_0/": "qkv.", "self_attention/linear_1/": "out.", "self_attention/layer_norm/": "attention_norm.",
        "ffn/linear_0/": "up.", "ffn/linear_1/": "down.", "ffn/layer_norm/": "ff_norm.",
    }
    weights: Dict[str, Tensor] = {}
    for name, value in variables.items():
        name = re.sub(r"gamma$", "weight", re.sub(r"beta$", "bias", name))
        block = re.fullmatch(r"encoder/layer_(\d+)/(.+/)(weight|bias)", name)
        if block is not None and block[2] in renamed:
            own: Optional[str] = f"blocks.{block[1]}.{renamed[block[2]]}{block[3]}"
        else:
            plain = re.fullmatch(r"encoder/(conv1|conv2|layer_norm)/(weight|bias)", name)
            own = f"{plain[1].replace('layer_norm', 'norm')}.{plain[2]}" if plain is not None else None
        if own is not None:
            weights[own] = torch.from_numpy(value.astype(np.float32))
    return weights


def _from_safetensors(tensors: Dict[str, Tensor], path: Path) -> Dict[str, Tensor]:
    """The names of openai's (``encoder.blocks.0.attn.query``) or of transformers' (``encoder.layers.0.self_attn.q_proj``)."""
    renamed = {
        "attn.out": "out", "attn_ln": "attention_norm", "mlp.0": "up", "mlp.2": "down", "mlp_ln": "ff_norm",
        "self_attn.out_proj": "out", "self_attn_layer_norm": "attention_norm", "fc1": "up", "fc2": "down", "final_layer_norm": "ff_norm",
    }
    projections = {"attn.query": 0, "attn.key": 1, "attn.value": 2, "self_attn.q_proj": 0, "self_attn.k_proj": 1, "self_attn.v_proj": 2}
    weights: Dict[str, Tensor] = {}
    joined: Dict[str, List[Optional[Tensor]]] = {}
    for name, value in tensors.items():
        tensor = re.fullmatch(r"(?:model\.)?encoder\.(.+)\.(weight|bias)", name)
        if tensor is None:
            continue
        block = re.fullmatch(r"(?:blocks|layers)\.(\d+)\.(.+)", tensor[1])
        if block is None:
            outer = {"ln_post": "norm", "layer_norm": "norm", "conv1": "conv1", "conv2": "conv2"}.get(tensor[1])
            if outer is not None:
                weights[f"{outer}.{tensor[2]}"] = value.float()
        elif block[2] in renamed:
            weights[f"blocks.{block[1]}.{renamed[block[2]]}.{tensor[2]}"] = value.float()
        elif block[2] in projections:
            joined.setdefault(f"blocks.{block[1]}.qkv.{tensor[2]}", [None] * 3)[projections[block[2]]] = value.float()
    for name, parts in joined.items():
        present = [part for part in parts if part is not None]
        if name.endswith("weight") and len(present) < 3:
            raise InputError(f"{name}: not all of query, key and value are there", file=path, hint="name all files of the checkpoint")
        # The key has no bias in Whisper.
        weights[name] = torch.cat([part if part is not None else torch.zeros_like(present[0]) for part in parts])
    return weights
