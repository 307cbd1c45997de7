"""An adapter in a folder of its own, for a base that is no model directory: ``adapter.yaml`` and its weights."""
from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Dict, Tuple

import yaml
from torch import Tensor

from ctcb.adapter.config import AdapterConfig
from ctcb.adapter.network import ContextualAdapter
from ctcb.config import from_mapping, read_yaml
from ctcb.errors import InputError
from ctcb.io import PathOrStr, atomic_write, digest
from ctcb.models.config import ModelConfig
from ctcb.models.weights import load_weights, read_tensors, save_half

ADAPTER_YAML, ADAPTER_FILE = "adapter.yaml", "adapter.safetensors"


@dataclasses.dataclass(frozen=True)
class AdapterDescription:
    """The content of ``adapter.yaml``."""

    base: str  # digest of the weights of the base that it biases
    config: AdapterConfig
    model: str = ""  # the base's name, where it is no model directory

    def require_base(self, folder: PathOrStr, base: str, named: object) -> None:
        """Raise InputError where the adapter in ``folder`` was trained for other weights than those ``named``."""
        if self.base != base:
            raise InputError(
                f"this adapter was trained for other weights than {named}", file=Path(folder) / ADAPTER_YAML,
                hint="name the model that --base named, or train it for this one",
            )


def write_adapter_yaml(folder: PathOrStr, described: AdapterDescription) -> None:
    """Describe the adapter of a folder."""
    data = {"base": described.base, "adapter": dataclasses.asdict(described.config)}
    if described.model:
        data["model"] = described.model
    with atomic_write(Path(folder) / ADAPTER_YAML) as file:
        yaml.safe_dump(data, file, sort_keys=False)


def read_adapter_yaml(folder: PathOrStr) -> AdapterDescription:
    """Read it; InputError where it is missing or malformed."""
    path = Path(folder) / ADAPTER_YAML
    data = read_yaml(path)
    if not isinstance(data.get("adapter"), dict):
        raise InputError("no section 'adapter'", file=path, hint="train the adapter again")
    return AdapterDescription(str(data.get("base")), from_mapping(AdapterConfig, data["adapter"], path, "adapter."), str(data.get("model") or ""))


def save_adapter_folder(folder: PathOrStr, weights: Dict[str, Tensor], described: AdapterDescription) -> None:
    """Write an adapter in float16."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    save_half(Path(folder) / ADAPTER_FILE, weights)
    write_adapter_yaml(folder, described)


def load_adapter_folder(folder: PathOrStr, base: ModelConfig, base_digest: str, named: str) -> Tuple[ContextualAdapter, str]:
    """The adapter, in eval mode, of the base ``named``, and a digest of it and its base.

    Raises InputError for a folder that holds none, or one that was trained for other weights.
    """
    described, path = read_adapter_yaml(folder), Path(folder) / ADAPTER_FILE
    described.require_base(folder, base_digest, named)
    adapter = ContextualAdapter(described.config, base)
    if not path.exists():
        raise InputError(f"no {ADAPTER_FILE} in this folder", file=folder, hint="make one of the training with `ctcb export`")
    load_weights(adapter, read_tensors(path)[0], path)
    return adapter.float().eval(), hashlib.sha256(f"{base_digest} {digest(path)}".encode()).hexdigest()
