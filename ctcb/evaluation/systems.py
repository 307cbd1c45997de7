"""The systems of an ablation: none, each technique alone, the presets."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, List, Mapping, Sequence, Tuple

from ctcb.biasing.options import find_option
from ctcb.biasing.presets import Preset
from ctcb.biasing.registry import TECHNIQUES, choose
from ctcb.biasing.technique import EncoderTechnique, Rescorer, SearchTechnique
from ctcb.decoding.builder import SEARCHES, Config

# Whose settings the techniques have when they are alone.
ALONE = "decoder"
NO_ADAPTER = "needs a model with an adapter"


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


def systems(
    presets: Mapping[str, Preset], lm: bool, phones: bool, adapter: bool = False, graph: bool = False
) -> Tuple[List[System], Dict[str, str]]:
    """The systems from `none` up, and those that are left out: their names, and why.

    ``lm``, ``phones``, ``adapter``, ``graph``: whether there is an LM, a model with a phone head and an adapter, and a graph that is
    searched.
    """
    lm = lm or graph
    missing: Dict[str, str] = {}
    for name, technique in TECHNIQUES.items():
        if isinstance(technique, EncoderTechnique) and not adapter:
            missing[name] = NO_ADAPTER
        elif technique.needs_phones and not phones:
            missing[name] = "needs a model with a phone head"
        elif technique.needs_lm and not lm:
            missing[name] = "needs an LM (--lm)"
        elif graph and isinstance(technique, SearchTechnique) and name not in SEARCHES["graph"].serves:
            missing[name] = "is for the beam search"
    found = [System("none", (), presets["none"])]
    for name, technique in TECHNIQUES.items():
        # What verifies has nothing to do alone.
        if name not in missing and not (isinstance(technique, Rescorer) and technique.verifies):
            found.append(System(name, (name,), presets[ALONE]))
    table: Dict[str, Tuple[str, ...]] = {name: preset.techniques for name, preset in presets.items()}
    for name, preset in presets.items():
        if any(missing.get(technique) == NO_ADAPTER for technique in preset.techniques):
            missing[name] = NO_ADAPTER
        elif preset.techniques:
            chosen = choose(name, lm=lm, phones=phones, presets=table)
            found.append(System(name, tuple(technique.name for technique in chosen if technique.name not in missing), preset))
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
