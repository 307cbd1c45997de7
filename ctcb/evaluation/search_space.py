"""What is tuned, and between which bounds."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Collection, List, Mapping, Sequence, Tuple

from ctcb.biasing.presets import Preset
from ctcb.biasing.technique import Technique
from ctcb.errors import InputError
from ctcb.search.options import SUBWORD, UNIGRAM


@dataclass(frozen=True)
class Parameter:
    """A setting of the beam search or the phonetic techniques."""

    part: str  # of a Preset: beam or phones
    name: str  # in its options
    low: float
    high: float
    serves: Tuple[str, ...]  # it matters where one of these techniques is; () with any LM


# Few, and wide: what only a narrow valley favours will not hold on other speech. The bounds are our judgement.
SPACE = (
    Parameter("beam", "alpha", 0.0, 1.0, (SUBWORD,)),
    Parameter("beam", "beta", 0.0, 3.0, (SUBWORD,)),
    Parameter("beam", "cap", 1.0, 8.0, (SUBWORD,)),
    Parameter("beam", "class_cap", 1.0, 8.0, (UNIGRAM,)),
    Parameter("phones", "brief", 0.0, 2.0, (SUBWORD,)),
    Parameter("beam", "class_bonus", 0.0, 8.0, (UNIGRAM,)),
    Parameter("beam", "lm_weight", 0.0, 1.0, ()),
    Parameter("beam", "word_bonus", 0.0, 4.0, ()),
    Parameter("phones", "weight", 0.0, 1.0, ("phones",)),
    Parameter("phones", "invented", 0.0, 8.0, ("phones", "lookup")),
    Parameter("phones", "evidence", 2.0, 20.0, ("lookup",)),
    Parameter("phones", "short", 0.0, 8.0, ("lookup",)),
    Parameter("phones", "assurance", 0.0, 0.95, ("verify",)),
    Parameter("phones", "g2g_cost", 0.0, 4.0, ("g2g",)),
)


def parameters(techniques: Sequence[Technique], lm: bool, only: Collection[str] = ()) -> List[Parameter]:
    """What matters to the techniques; ``only`` those of these names, if any. Raises InputError for one that does not."""
    there = {technique.name for technique in techniques}
    found = [one for one in SPACE if (not there.isdisjoint(one.serves) if one.serves else lm)]
    known = {one.name for one in found}
    for name in only:
        if name not in known:
            raise InputError(f"{name!r} is nothing that can be tuned here", hint=f"choose from {', '.join(sorted(known))}")
    return [one for one in found if not only or one.name in only]


def value_of(preset: Preset, parameter: Parameter) -> float:
    """What a preset has there."""
    return float(getattr(getattr(preset, parameter.part), parameter.name))


def with_values(preset: Preset, values: Mapping[str, float]) -> Preset:
    """The preset with other values of parameters, by their names."""
    parts = {"beam": {}, "phones": {}}
    for parameter in SPACE:
        if parameter.name in values:
            parts[parameter.part][parameter.name] = values[parameter.name]
    return replace(preset, beam=replace(preset.beam, **parts["beam"]), phones=replace(preset.phones, **parts["phones"]))
