"""The systems of an ablation: none, each technique alone, the presets."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, List, Mapping, Sequence, Tuple

from ctcb.biasing.options import find_option
from ctcb.biasing.presets import Preset
from ctcb.biasing.registry import TECHNIQUES, choose
from ctcb.biasing.technique import EncoderTechnique, Rescorer
from ctcb.decoding.builder import Config

# Whose settings the techniques have when they are alone.
ALONE = "decoder"


@dataclass(frozen=True)
class System:
    """A choice of techniques, and their settings."""

    name: str
    techniques: Tuple[str, ...]  # names in TECHNIQUES
    preset: Preset  # its settings

    @property
    def config(self) -> Config:
        """What a decoder is built of."""
        return Config(bias="none", with_=self.techniques, presets={"none": replace(self.preset, techniques=())})

    @property
    def biases_encoder(self) -> bool:
        """Whether a technique acts on the encoder."""
        return any(isinstance(TECHNIQUES[name], EncoderTechnique) for name in self.techniques)


def systems(presets: Mapping[str, Preset], lm: bool, phones: bool, adapter: bool = False) -> Tuple[List[System], List[str]]:
    """The systems from `none` up, and those that are left out, each with the reason.

    ``lm``, ``phones``, ``adapter``: whether there is an LM, and a model with a phone head and an adapter.
    """
    found = [System("none", (), presets["none"])]
    missing: List[str] = []
    of_encoder = [name for name, technique in TECHNIQUES.items() if isinstance(technique, EncoderTechnique)]
    lacking = {
        "needs an LM (--lm)": [] if lm else [name for name, technique in TECHNIQUES.items() if technique.needs_lm],
        "needs a model with a phone head": [] if phones else [name for name, technique in TECHNIQUES.items() if technique.needs_phones],
        "needs a model with an adapter": [] if adapter else of_encoder,
    }
    for name, technique in TECHNIQUES.items():
        if isinstance(technique, Rescorer) and technique.verifies:  # alone it has nothing to do
            continue
        why = [reason for reason, names in lacking.items() if name in names]
        if why:
            missing.append(f"{name} {why[0]}")
        else:
            found.append(System(name, (name,), presets[ALONE]))
    table: Dict[str, Tuple[str, ...]] = {name: preset.techniques for name, preset in presets.items()}
    for name, preset in presets.items():
        if preset.techniques and (adapter or not {*preset.techniques} & {*of_encoder}):
            chosen = choose(name, lm=lm, phones=phones, presets=table)
            found.append(System(name, tuple(technique.name for technique in chosen), preset))
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
