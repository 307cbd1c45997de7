"""The model directory: safetensors weights, YAML and text; nothing that could run code."""
from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Optional, Tuple

import torch
import yaml
from torch import Tensor

from ctcb.adapter.config import AdapterConfig
from ctcb.adapter.folder import ADAPTER_FILE
from ctcb.adapter.network import ContextualAdapter
from ctcb.config import from_mapping, read_yaml
from ctcb.data.features import FeatureConfig
from ctcb.device import open_device
from ctcb.errors import InputError
from ctcb.io import PathOrStr, atomic_write, digest
from ctcb.models.bf16 import set_precision
from ctcb.models.config import ModelConfig
from ctcb.models.ctc import CtcModel
from ctcb.models.weights import dequantized, load_weights, quantized, read_tensors, save_half, save_tensors
from ctcb.text.lang import LANG_FILES, Lang, copy_lang
from ctcb.text.language import LANGUAGE_FILE

FORMAT_VERSION = 1
YAML_FILE, WEIGHTS_FILE = "model.yaml", "encoder.safetensors"


@dataclass(frozen=True)
class LoadedModel:
    """A loaded model."""

    network: CtcModel  # in eval mode, float32
    features: FeatureConfig
    lang: Lang
    adapter: Optional[ContextualAdapter] = None  # in eval mode, float32
    folder: Optional[Path] = None  # where it was loaded from
    adapter_digest: str = ""  # of all that the encoding of a list rests on: its weights, pieces and lexicon

    @property
    def frame_shift(self) -> float:
        """Seconds between two frames of the emissions."""
        return self.features.frame_shift * self.network.config.subsampling


def write_model_yaml(
    folder: PathOrStr, model: ModelConfig, features: FeatureConfig, adapter: Optional[AdapterConfig] = None
) -> None:
    """Write ``model.yaml``. A section that describes an adapter is passed over by readers that know none."""
    description = dataclasses.asdict(model)
    description.pop("subsampling")
    if model.streaming is None:  # which versions before it do not know
        description.pop("streaming")
    description["inter_ctc"] = list(description["inter_ctc"])
    data = {"format_version": FORMAT_VERSION, "model": description, "features": dataclasses.asdict(features)}
    if adapter is not None:
        data["adapter"] = dataclasses.asdict(adapter)
    with atomic_write(Path(folder) / YAML_FILE) as file:
        yaml.safe_dump(data, file, sort_keys=False)


def read_model_yaml(folder: PathOrStr) -> Tuple[ModelConfig, FeatureConfig]:
    """Read ``model.yaml``; InputError where it is missing, malformed or of another format version."""
    data, path = _read_yaml(folder)
    return ModelConfig.from_dict(data["model"], path), from_mapping(FeatureConfig, data["features"], path)


def _read_yaml(folder: PathOrStr) -> Tuple[Dict[str, Any], Path]:
    path = Path(folder) / YAML_FILE
    if not Path(folder).is_dir():
        raise InputError("no such folder", file=folder, hint="name a model directory")
    if not path.exists():
        raise InputError(f"this model directory has no {YAML_FILE}", file=folder, hint="export the model again or name another")
    data: Dict[str, Any] = dict(read_yaml(path))
    if data.get("format_version") != FORMAT_VERSION:
        raise InputError(
            f"format_version is {data.get('format_version')!r} where {FORMAT_VERSION} is read", file=path,
            hint="use the ctcb that wrote it, or export the model again",
        )
    for part in ("model", "features", *(["adapter"] if "adapter" in data else [])):
        if not isinstance(data.get(part), dict):
            raise InputError(f"no section {part!r}", file=path, hint="export the model again")
    return data, path


def save_model(folder: PathOrStr, weights: Dict[str, Tensor], source: PathOrStr, int8: bool = False) -> None:
    """Write ``weights``, in float16 or int8, and the description and lang files of the ``source`` folder."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    model, features = read_model_yaml(source)
    load_weights(CtcModel(model), weights, Path(source))
    write_model_yaml(folder, model, features)
    copy_lang(source, folder)
    (folder / ADAPTER_FILE).unlink(missing_ok=True)  # it was made for the weights that are replaced
    if int8:
        save_tensors(folder / WEIGHTS_FILE, quantized(weights))
    else:
        save_half(folder / WEIGHTS_FILE, weights)


def save_adapter(folder: PathOrStr, weights: Dict[str, Tensor], config: AdapterConfig) -> None:
    """Add an adapter, in float16, to a model directory; InputError where it does not fit the model."""
    folder = Path(folder)
    model, features = read_model_yaml(folder)
    load_weights(ContextualAdapter(config, model), weights, folder / ADAPTER_FILE)
    save_half(folder / ADAPTER_FILE, weights)
    write_model_yaml(folder, model, features, config)


def load_model(folder: PathOrStr, device: str = "cpu", precision: str = "fp32") -> LoadedModel:
    """Load a model directory, whose encoder then runs on ``device`` (`ctcb.device.open_device`), in a precision
    (`ctcb.models.bf16`).

    Raises
    ------
    InputError : a file is missing, malformed, of another version, or does not fit the others; a device or a precision is not there.
    """
    folder = Path(folder)
    config, features = read_model_yaml(folder)
    lang = Lang.load(folder)
    for name, claimed, found in (
        ("subwords", config.num_subwords, len(lang.tokenizer)), ("phones", config.num_phones, len(lang.phones)),
    ):
        if claimed != found:
            raise InputError(
                f"the model has {claimed} {name}, its tables {found}", file=folder / YAML_FILE, hint="export the model again"
            )
    network = CtcModel(config)
    weights, _ = read_tensors(folder / WEIGHTS_FILE)
    load_weights(network, dequantized(weights, folder / WEIGHTS_FILE), folder / WEIGHTS_FILE)
    with torch.no_grad():
        network.float().eval()
    network.encoder_to(open_device(device))
    set_precision(network.encoder_parts, precision, network.encoder_device)
    adapter, adapter_digest = _load_adapter(folder, config)
    return LoadedModel(network, features, lang, adapter, folder, adapter_digest)


def _load_adapter(folder: Path, base: ModelConfig) -> Tuple[Optional[ContextualAdapter], str]:
    data, yaml_file = _read_yaml(folder)
    if "adapter" not in data:
        return None, ""
    adapter = ContextualAdapter(from_mapping(AdapterConfig, data["adapter"], yaml_file, "adapter."), base)
    path = folder / ADAPTER_FILE
    weights, _ = read_tensors(path)
    load_weights(adapter, weights, path)
    parts = [path, *(folder / name for name in LANG_FILES)]
    if (folder / LANGUAGE_FILE).exists():
        parts.append(folder / LANGUAGE_FILE)
    return adapter.float().eval(), hashlib.sha256(" ".join(map(digest, parts)).encode()).hexdigest()
