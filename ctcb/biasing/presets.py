"""Ways to bias recognition toward a list, with settings that were tuned together: ``decode.yaml``.

A file has a block a preset::

    decoder:
      techniques: [g2g, subword, unigram, phones, lookup, verify]
      beam: {alpha: 0.5, cap: 4.0}
      phones: {weight: 0.4}

What it does not name stays as it is in the code. `ctcb tune` writes such files; a model directory may hold one.
"""
from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Tuple

import yaml

from ctcb.biasing.registry import PRESETS, TECHNIQUES
from ctcb.config import from_mapping, read_yaml
from ctcb.errors import InputError
from ctcb.io import PathOrStr, atomic_write
from ctcb.phones.options import PhoneOptions
from ctcb.search.options import BeamOptions

CONFIG_FILE = "decode.yaml"


@dataclass(frozen=True)
class Preset:
    """A way to bias recognition toward a list; what of it needs an LM or a phone head is left out where there is none."""

    techniques: Tuple[str, ...]  # names in TECHNIQUES
    beam: BeamOptions = BeamOptions()
    phones: PhoneOptions = PhoneOptions()


BUILT_IN: Dict[str, Preset] = {name: Preset(techniques) for name, techniques in PRESETS.items()}


def find_config(given: Optional[PathOrStr], model: Optional[PathOrStr]) -> Optional[Path]:
    """The file that was ``given``, or else a ``model`` directory's own; None where there is none."""
    if given is not None:
        return Path(given)
    own = None if model is None else Path(model) / CONFIG_FILE
    return own if own is not None and own.exists() else None


def read_presets(path: Optional[PathOrStr]) -> Dict[str, Preset]:
    """All presets, those of a file before the built-in ones.

    Raises InputError naming the file for a name, technique or setting that is unknown or out of range.
    """
    presets = dict(BUILT_IN)
    for name, block in {} if path is None else read_yaml(path).items():
        if name not in BUILT_IN:
            raise InputError(f"{name!r} is no preset", file=path, hint=f"known are {', '.join(BUILT_IN)}")
        if not isinstance(block, Mapping):
            raise InputError(f"{name} holds no key: value pairs", file=path, hint="see docs/formats.md")
        try:
            preset = from_mapping(Preset, {"techniques": PRESETS[name], **block}, path, f"{name}.")
        except InputError as error:
            if error.file is not None:
                raise
            raise InputError(f"{name}: {error.problem}", file=path, hint=error.hint) from None
        for technique in preset.techniques:
            if technique not in TECHNIQUES:
                raise InputError(f"{technique!r} is no technique", file=path, hint=f"choose from {', '.join(TECHNIQUES)}")
        presets[name] = preset
    return presets


def write_presets(path: PathOrStr, presets: Mapping[str, Preset], comment: str) -> None:
    """Write what differs from the built-in presets, below a comment of one or more lines."""
    blocks: Dict[str, Any] = {}
    for name, preset in presets.items():
        parts = {"techniques": list(preset.techniques), "beam": _changed(preset.beam), "phones": _changed(preset.phones)}
        blocks[name] = {part: value for part, value in parts.items() if value or part == "techniques"}
    with atomic_write(path) as file:
        file.writelines(f"# {line}\n" for line in comment.splitlines())
        yaml.safe_dump(blocks, file, sort_keys=False, default_flow_style=None)


def _changed(options: Any) -> Dict[str, Any]:
    plain = asdict(options)
    return {field.name: plain[field.name] for field in fields(options) if plain[field.name] != field.default}
