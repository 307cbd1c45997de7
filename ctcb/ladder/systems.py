"""The rungs of a ladder: nothing, each technique alone, the presets."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Mapping, Tuple

from ctcb.decoding.presets import Preset
from ctcb.decoding.technique import Technique
from ctcb.decoding.techniques import TECHNIQUES, choose

# Whose settings the techniques have when they are alone.
ALONE = "decoder"


@dataclass(frozen=True)
class System:
    """A way to lean toward a list."""

    name: str
    techniques: Tuple[Technique, ...]
    preset: Preset  # its settings


def systems(presets: Mapping[str, Preset], lm: bool, phones: bool) -> Tuple[List[System], List[str]]:
    """The rungs from the lowest one up, and those that are left out, each with the reason.

    ``lm``, ``phones``: whether there is an LM, and a phone head.
    """
    found = [System("none", (), presets["none"])]
    missing: List[str] = []
    lacking = {"needs an LM (--lm)": () if lm else _needing("needs_lm"),
               "needs a model with a phone head": () if phones else _needing("needs_phones"),
               "acts on the encoder: see `ctcb decode --bias encoder`": _needing("encodes")}
    for name, technique in TECHNIQUES.items():
        why = [reason for reason, names in lacking.items() if name in names]
        if why:
            missing.append(f"{name} {why[0]}")
        else:
            found.append(System(name, (technique,), presets[ALONE]))
    table: Dict[str, Tuple[str, ...]] = {name: preset.techniques for name, preset in presets.items()}
    for name, preset in presets.items():
        if preset.techniques and not {*preset.techniques} & {*_needing("encodes")}:
            found.append(System(name, choose(name, lm=lm, phones=phones, presets=table), preset))
    return found, missing


def _needing(what: str) -> Tuple[str, ...]:
    return tuple(name for name, technique in TECHNIQUES.items() if getattr(technique, what))
