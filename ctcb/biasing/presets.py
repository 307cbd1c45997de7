"""Ways to bias toward a list, with settings that were tuned together: ``decode.yaml``.

A file has a block a preset, and in it a block a technique::

    decoder:
      techniques: [g2g, subword, unigram, phones, lookup, verify]
      subword: {alpha: 0.5, cap: 4.0}
      verify: {threshold: 0.4}
      tuned_on: {model: exp/model, fingerprint: 0a1b2c3d4e5f6789, tokens: 9876f5e4d3c2b1a0}

What it does not name stays as it is in the code. `ctcb tune` writes such files, with the model that it tuned on; a model
may have one of its own (:func:`ctcb.model_names.own_file`).
"""
from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple

import yaml

from ctcb.biasing.options import BLOCKS, OPTIONS, TechniqueOptions, by_block, find_option, renamed, values_of, warn_of_old
from ctcb.biasing.registry import PRESETS, TECHNIQUES
from ctcb.biasing.tuned_on import TunedOn
from ctcb.config import from_mapping, read_yaml
from ctcb.errors import InputError
from ctcb.io import PathOrStr, atomic_write
from ctcb.model_names import own_file
from ctcb.options import OptionBlock
from ctcb.search.options import BeamOptions

CONFIG_FILE = "decode.yaml"
TUNED_ON = "tuned_on"  # the key of a preset's model


@dataclass(frozen=True)
class Preset:
    """A way to bias toward a list; what of it needs an LM or a phone head is left out where there is none."""

    techniques: Tuple[str, ...]  # names in TECHNIQUES
    beam: BeamOptions = BeamOptions()
    options: TechniqueOptions = TechniqueOptions()
    tuned_on: Optional[TunedOn] = None  # the model, where the file names it

    @property
    def blocks(self) -> Tuple[OptionBlock, ...]:
        """All blocks of options."""
        return (self.beam, *(getattr(self.options, field.name) for field in fields(self.options)))

    def values(self) -> Dict[str, Any]:
        """Every option by its name."""
        return values_of(*self.blocks)

    def value(self, name: str) -> Any:
        """What an option of that name is set to. Raises InputError for an unknown one."""
        return self.values()[find_option(name).name]

    def with_settings(self, settings: Mapping[str, Any]) -> Preset:
        """The preset with other values, by the options' names. Raises InputError for an unknown one and a value out of range."""
        changed = by_block(settings)
        moved = tuple((name, value) for name, value in self.beam.moved if name not in settings)
        beam = replace(self.beam, moved=moved, **changed.pop("beam", {}))
        parts = {block: replace(getattr(self.options, block), **values) for block, values in changed.items()}
        return replace(self, beam=beam, options=replace(self.options, **parts))


BUILT_IN: Dict[str, Preset] = {name: Preset(techniques) for name, techniques in PRESETS.items()}


def find_config(given: Optional[PathOrStr], model: Optional[PathOrStr]) -> Optional[Path]:
    """The file that was ``given``, or else the ``model``'s own (:func:`ctcb.model_names.own_file`); None where there is none."""
    if given is not None:
        return Path(given)
    own = None if model is None else own_file(model, CONFIG_FILE)
    return own if own is not None and own.exists() else None


def read_presets(path: Optional[PathOrStr]) -> Dict[str, Preset]:
    """All presets, those of a file before the built-in ones. Names that options had in 0.1.0 are taken, with one warning.

    Raises InputError naming the file for a name, technique or setting that is unknown or out of range.
    """
    presets = dict(BUILT_IN)
    old: Dict[str, str] = {}
    for name, block in {} if path is None else read_yaml(path).items():
        if name not in BUILT_IN:
            raise InputError(f"{name!r} is no preset", file=path, hint=f"known are {', '.join(BUILT_IN)}")
        if not isinstance(block, Mapping):
            raise InputError(f"{name} holds no key: value pairs", file=path, hint="see docs/formats.md")
        try:
            presets[name] = _preset(name, block, path, old)
        except InputError as error:
            if error.file is not None:
                raise
            raise InputError(f"{name}: {error.problem}", file=path, hint=error.hint) from None
    if old:
        warn_of_old(old, f"{path}: ")
    return presets


def _preset(name: str, block: Mapping[str, Any], path: Optional[PathOrStr], old: Dict[str, str]) -> Preset:
    """One preset of a file; old names that are met go into ``old``, with the new ones."""
    techniques, values = PRESETS[name], _values(name, block, path, old)
    if "techniques" in block:
        techniques = from_mapping(_Techniques, {"techniques": block["techniques"]}, path, f"{name}.").techniques
        for technique in techniques:
            if technique not in TECHNIQUES:
                raise InputError(f"{technique!r} is no technique", file=path, hint=f"choose from {', '.join(TECHNIQUES)}")
    built: Dict[str, Any] = {part: from_mapping(BLOCKS[part], given, path, f"{name}.{part}.") for part, given in values.items()}
    given_model = block.get(TUNED_ON)
    tuned_on = None if given_model is None else from_mapping(_Model, {TUNED_ON: given_model}, path, f"{name}.").tuned_on
    return Preset(techniques, built.pop("beam", BeamOptions()), replace(TechniqueOptions(), **built), tuned_on)


def _values(name: str, block: Mapping[str, Any], path: Optional[PathOrStr], old: Dict[str, str]) -> Dict[str, Dict[str, Any]]:
    """A preset's settings by their blocks of today."""
    found: Dict[str, Dict[str, Any]] = {}
    for part, given in block.items():
        if part in ("techniques", TUNED_ON):
            continue
        if part not in BLOCKS:
            known = ", ".join(["techniques", *sorted(BLOCKS), TUNED_ON])
            raise InputError(f"unknown key '{name}.{part}'", file=path, hint=f"known are {known}")
        if not isinstance(given, Mapping):
            raise InputError(f"{name}.{part} holds no key: value pairs", file=path, hint="see docs/techniques.md")
        for field, value in given.items():
            new, is_old = renamed(part, str(field))
            if is_old:
                old[f"{part}.{field}"] = new
            if new not in OPTIONS:
                names: List[str] = [one.field for one in OPTIONS.values() if one.block == part]
                raise InputError(f"unknown key '{name}.{part}.{field}'", file=path, hint=f"known are {', '.join(names)}")
            known_option = OPTIONS[new]
            into = found.setdefault(known_option.block, {})
            if known_option.field in into:
                raise InputError(f"{name}.{new} is given twice, under its old name as well", file=path, hint="leave the old one out")
            into[known_option.field] = value
    return found


@dataclass(frozen=True)
class _Techniques:
    techniques: Tuple[str, ...]


@dataclass(frozen=True)
class _Model:
    tuned_on: TunedOn


def write_presets(path: PathOrStr, presets: Mapping[str, Preset], comment: str) -> None:
    """Write what differs from the built-in presets, below a comment of one or more lines."""
    blocks: Dict[str, Dict[str, Any]] = {}
    for name, preset in presets.items():
        blocks[name] = {"techniques": list(preset.techniques)}
        for option, value in preset.values().items():
            known = OPTIONS[option]
            if value != known.default:
                blocks[name].setdefault(known.block, {})[known.field] = value
        if preset.tuned_on is not None:
            blocks[name][TUNED_ON] = asdict(preset.tuned_on)
    with atomic_write(path) as file:
        file.writelines(f"# {line}\n" for line in comment.splitlines())
        yaml.safe_dump(blocks, file, sort_keys=False, default_flow_style=None)
