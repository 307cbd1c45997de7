"""The techniques, each an object with a name, in one table, and the presets that name them."""
from __future__ import annotations

from typing import Collection, Dict, Mapping, Sequence, Tuple

from ctcb.biasing.encoder import EncoderBiasing
from ctcb.biasing.in_search import SubwordBoosting, UnigramBoosting
from ctcb.biasing.phone_lookup import Lookup
from ctcb.biasing.phone_rescoring import PhoneticRescoring
from ctcb.biasing.spelling_variants import SpellingVariants
from ctcb.biasing.spotting import Spotting
from ctcb.biasing.technique import Technique
from ctcb.biasing.verification import Verification
from ctcb.errors import InputError
from ctcb.search.options import ADAPTER

# In the order in which they act: variants are searched for, the lookup sees the rescored n-best, all names are verified.
_DECODER = (SpellingVariants(), Spotting(), SubwordBoosting(), UnigramBoosting(), PhoneticRescoring(), Lookup(), Verification())
TECHNIQUES: Dict[str, Technique] = {technique.name: technique for technique in (EncoderBiasing(), *_DECODER)}

# What needs an LM, or a phone head, is left out of a preset where there is none. So is what works better with a phone head, but
# of these presets alone: those of a file have it as they name it.
PRESETS: Dict[str, Tuple[str, ...]] = {
    "none": (), "encoder": (ADAPTER,), "decoder": tuple(technique.name for technique in _DECODER), "joint": tuple(TECHNIQUES),
}


def choose(
    preset: str, with_: Collection[str] = (), without: Collection[str] = (), lm: bool = False, phones: bool = False,
    presets: Mapping[str, Sequence[str]] = PRESETS, table: Mapping[str, Technique] = TECHNIQUES,
) -> Tuple[Technique, ...]:
    """The techniques of a preset, with some added and some taken away, in the table's order.

    ``lm`` and ``phones`` say whether there is an LM, and a phone head. ``presets`` and ``table`` are those to choose from.
    Raises InputError for an unknown name, one that is both added and taken away, and one that is added and needs an LM that is not there.
    """
    for name in (*with_, *without):
        if name not in TECHNIQUES:
            raise InputError(f"{name!r} is no technique", hint=f"choose from {', '.join(TECHNIQUES)}")
        if name in with_ and name in without:
            raise InputError(f"the technique {name!r} is both asked for and turned off", hint="do one of them")
        if name in with_ and TECHNIQUES[name].needs_lm and not lm:
            raise InputError(f"the technique {name!r} needs an LM", hint="give one (--lm FILE; `ctcb lm` makes it)")
    if preset not in presets:
        raise InputError(f"{preset!r} is no preset", hint=f"choose from {', '.join(presets)}")
    built_in = tuple(presets[preset]) == PRESETS.get(preset)

    def usable(technique: Technique) -> bool:
        wants_phones = technique.needs_phones or (technique.uses_phones and built_in)
        return (lm or not technique.needs_lm) and (phones or not wants_phones)

    there = {name for name in presets[preset] if usable(TECHNIQUES[name])}
    return tuple(table[name] for name in TECHNIQUES if name in {*there, *with_} - {*without})
