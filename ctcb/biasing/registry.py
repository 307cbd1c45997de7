"""The ways in which a decoder leans toward a list, each an object with a name, in one table."""
from __future__ import annotations

from typing import Collection, Dict, Mapping, Sequence, Tuple

from ctcb.biasing.in_search import SubwordBoosting, UnigramBoosting
from ctcb.biasing.phone_lookup import Lookup
from ctcb.biasing.phone_rescoring import PhoneticRescoring
from ctcb.biasing.spelling_variants import SpellingVariants
from ctcb.biasing.technique import Technique
from ctcb.biasing.verification import Verification
from ctcb.errors import InputError
from ctcb.search.options import ADAPTER


class EncoderBiasing(Technique):
    """The contextual adapter (``encoder_bias.py``): acts on the encoder, before any search."""

    name = ADAPTER
    summary = "leans the encoder toward the listed names that it hears (a model with an adapter, audio)"
    encodes = True


def in_encoder(techniques: Collection[Technique]) -> bool:
    """Whether some of them act on the encoder."""
    return any(technique.encodes for technique in techniques)


def in_search(techniques: Collection[Technique]) -> bool:
    """Whether some of them act on the search, or on what it found."""
    return not all(technique.encodes for technique in techniques)


# In the order in which they act: variants go into the graph, the lookup sees the rescored n-best, all names are verified.
_DECODER = (SpellingVariants(), SubwordBoosting(), UnigramBoosting(), PhoneticRescoring(), Lookup(), Verification())
TECHNIQUES: Dict[str, Technique] = {technique.name: technique for technique in (EncoderBiasing(), *_DECODER)}

# What needs an LM, or a phone head, is left out of a preset where there is none.
PRESETS: Dict[str, Tuple[str, ...]] = {
    "none": (), "encoder": (ADAPTER,), "decoder": tuple(technique.name for technique in _DECODER), "joint": tuple(TECHNIQUES),
}


def choose(
    preset: str, plus: Collection[str] = (), minus: Collection[str] = (), lm: bool = False, phones: bool = False,
    presets: Mapping[str, Sequence[str]] = PRESETS,
) -> Tuple[Technique, ...]:
    """The techniques of a preset, with some added and some taken away, in the table's order.

    ``lm`` and ``phones`` say whether there is an LM, and a phone head. ``presets`` are those to choose from.
    Raises InputError for an unknown name, one that is both added and taken away, and one that is added and needs an LM that is not there.
    """
    for name in (*plus, *minus):
        if name not in TECHNIQUES:
            raise InputError(f"{name!r} is no technique", hint=f"choose from {', '.join(TECHNIQUES)}")
        if name in plus and name in minus:
            raise InputError(f"the technique {name!r} is both asked for and turned off", hint="do one of them")
        if name in plus and TECHNIQUES[name].needs_lm and not lm:
            raise InputError(f"the technique {name!r} needs an LM", hint="give one (--lm FILE; `ctcb lm` makes it)")
    if preset not in presets:
        raise InputError(f"{preset!r} is no way to lean toward a list", hint=f"choose from {', '.join(presets)}")
    there = {
        name for name in presets[preset]
        if (lm or not TECHNIQUES[name].needs_lm) and (phones or not TECHNIQUES[name].needs_phones)
    }
    return tuple(TECHNIQUES[name] for name in TECHNIQUES if name in {*there, *plus} - {*minus})
