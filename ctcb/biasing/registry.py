"""The ways in which a decoder leans toward a list, each an object with a name, in one table."""
from __future__ import annotations

import math
from dataclasses import replace
from typing import Collection, Dict, Mapping, Optional, Sequence, Tuple

import numpy as np

from ctcb.biasing.phone_rescoring import Lookup, PhoneticRescoring, SpellingVariants
from ctcb.biasing.prepared_list import Biasing
from ctcb.biasing.technique import Setting, Technique
from ctcb.biasing.verification import Verification
from ctcb.errors import InputError
from ctcb.search.beam.context_graph import ContextGraph, EntityError
from ctcb.search.options import ADAPTER, SUBWORD, UNIGRAM

FEW, MANY = 10, 1000  # entities: from the first number on short names begin to cost, at the second they cost all
LONG = 8  # letters: what has as many is not short


class SubwordBoosting(Technique):
    """Adaptive subword boosting (``boosting.py``) by a context graph that runs beside the beam."""

    name = SUBWORD
    summary = "boosts the tokens of listed names in the beam search"

    def prepare(self, biasing: Biasing, setting: Setting) -> Biasing:
        """Build the graph. Raises InputError naming the line of an entity that cannot be in one."""
        biasing = replace(biasing, costs=_with_brief(biasing, setting.phones.brief))
        return replace(biasing, graph=_graph(biasing, setting))


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


class UnigramBoosting(Technique):
    """Listed names as units of the LM's class (``fusion.py``), found by the same context graph."""

    name = UNIGRAM
    summary = "lets listed names count as one word of the LM's class, with --lm"
    needs_lm = True

    def prepare(self, biasing: Biasing, setting: Setting) -> Biasing:
        """Mark the graph's entities; build it if need be. Raises InputError as subword boosting does."""
        graph = biasing.graph or _graph(biasing, setting, boosted=False)
        with np.errstate(divide="ignore"):  # a weight of 0 keeps a name out
            scores = np.log([entity.weight for entity in biasing.entities])
        return replace(biasing, graph=graph.with_class(scores))


def _with_brief(biasing: Biasing, brief: float) -> Optional[Tuple[Tuple[float, ...], ...]]:
    """The costs of the phrases, and what short names cost in long lists (``PhoneOptions.brief``)."""
    many = min(1.0, math.log10(max(1, len(biasing.entities)) / FEW) / math.log10(MANY / FEW))
    if brief <= 0 or many <= 0:
        return biasing.costs
    before = biasing.costs or tuple((0.0,) * len(ways) for ways in biasing.phrases)
    more = [many * brief * max(0, LONG - len(one.normal.replace(" ", ""))) for one in biasing.entities]
    return tuple(tuple(cost + this for cost in costs) for costs, this in zip(before, more))


def _graph(biasing: Biasing, setting: Setting, boosted: bool = True) -> ContextGraph:
    """The list's context graph; InputError naming the line of an entity that cannot be in one."""
    weights = [entity.weight for entity in biasing.entities]
    names = [entity.text for entity in biasing.entities]
    try:
        return ContextGraph.build(biasing.phrases, setting.vocabulary, weights, biasing.costs, names, boosted=boosted)
    except EntityError as error:
        raise InputError(
            f"{names[error.entity]!r} {error.what}", file=biasing.file, line=biasing.lines[error.entity], mend=error.mend
        ) from None


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
            raise InputError(f"{name!r} is no technique", mend=f"choose from {', '.join(TECHNIQUES)}")
        if name in plus and name in minus:
            raise InputError(f"the technique {name!r} is both asked for and turned off", mend="do one of them")
        if name in plus and TECHNIQUES[name].needs_lm and not lm:
            raise InputError(f"the technique {name!r} needs an LM", mend="give one (--lm FILE; `ctcb lm` makes it)")
    if preset not in presets:
        raise InputError(f"{preset!r} is no way to lean toward a list", mend=f"choose from {', '.join(presets)}")
    there = {
        name for name in presets[preset]
        if (lm or not TECHNIQUES[name].needs_lm) and (phones or not TECHNIQUES[name].needs_phones)
    }
    return tuple(TECHNIQUES[name] for name in TECHNIQUES if name in {*there, *plus} - {*minus})
