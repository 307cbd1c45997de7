"""The rungs of a ladder: nothing, each technique alone, the presets."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Mapping, Sequence, Tuple

from ctcb.biasing.options import find_option
from ctcb.biasing.presets import Preset
from ctcb.biasing.registry import TECHNIQUES, choose
from ctcb.biasing.technique import Technique

# Whose settings the techniques have when they are alone.
ALONE = "decoder"


@dataclass(frozen=True)
class System:
    """A way to lean toward a list."""

    name: str
    techniques: Tuple[Technique, ...]
    preset: Preset  # its settings


def systems(presets: Mapping[str, Preset], lm: bool, phones: bool, adapter: bool = False) -> Tuple[List[System], List[str]]:
    """The rungs from the lowest one up, and those that are left out, each with the reason.

    ``lm``, ``phones``, ``adapter``: whether there is an LM, and a model with a phone head and an adapter.
    """
    found = [System("none", (), presets["none"])]
    missing: List[str] = []
    lacking = {"needs an LM (--lm)": () if lm else _needing("needs_lm"),
               "needs a model with a phone head": () if phones else _needing("needs_phones"),
               "needs a model with an adapter": () if adapter else _needing("encodes")}
    for name, technique in TECHNIQUES.items():
        if technique.judges:  # alone it has nothing to do
            continue
        why = [reason for reason, names in lacking.items() if name in names]
        if why:
            missing.append(f"{name} {why[0]}")
        else:
            found.append(System(name, (technique,), presets[ALONE]))
    table: Dict[str, Tuple[str, ...]] = {name: preset.techniques for name, preset in presets.items()}
    for name, preset in presets.items():
        if preset.techniques and (adapter or not {*preset.techniques} & {*_needing("encodes")}):
            found.append(System(name, choose(name, lm=lm, phones=phones, presets=table), preset))
    return found, missing


def varied(rows: Sequence[System], setting: str, values: Sequence[str]) -> List[System]:
    """Each system but the first under several values of a setting, by its name.

    Raises InputError for an unknown setting, and for values that are none of it.
    """
    known = find_option(setting)
    found = list(rows[:1])
    for row in rows[1:]:
        for text in values:
            preset = row.preset.with_settings({known.name: known.parse(text)})
            found.append(System(f"{row.name} {known.name}={text}", row.techniques, preset))
    return found


def _needing(what: str) -> Tuple[str, ...]:
    return tuple(name for name, technique in TECHNIQUES.items() if getattr(technique, what))
