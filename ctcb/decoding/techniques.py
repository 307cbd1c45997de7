"""The ways in which a decoder leans toward a list, each an object with a name, in one table."""
from __future__ import annotations

from dataclasses import replace
from typing import Collection, Dict, Protocol, Tuple

import numpy as np

from ctcb.decoding.biasing import Biasing
from ctcb.decoding.options import SUBWORD, UNIGRAM
from ctcb.decoding.search.context_graph import ContextGraph, EntityError
from ctcb.decoding.vocabulary import Vocabulary
from ctcb.errors import InputError


class Technique(Protocol):
    """One way to lean toward a list."""

    name: str
    summary: str  # for the help
    needs_lm: bool  # whether it does nothing without an LM

    def prepare(self, biasing: Biasing, vocabulary: Vocabulary) -> Biasing:
        """The list with this technique's part added; once a list, on any thread."""


class SubwordBoosting:
    """Adaptive subword boosting (``boosting.py``) by a context graph that runs beside the beam."""

    name = SUBWORD
    summary = "boosts the tokens of listed names in the beam search"
    needs_lm = False

    def prepare(self, biasing: Biasing, vocabulary: Vocabulary) -> Biasing:
        """Build the graph. Raises InputError naming the line of an entity that cannot be in one."""
        return replace(biasing, graph=_graph(biasing, vocabulary))


class UnigramBoosting:
    """Listed names as units of the LM's class (``fusion.py``), found by the same context graph."""

    name = UNIGRAM
    summary = "lets listed names count as one word of the LM's class, with --lm"
    needs_lm = True

    def prepare(self, biasing: Biasing, vocabulary: Vocabulary) -> Biasing:
        """Mark the graph's entities; build it if need be. Raises InputError as subword boosting does."""
        graph = biasing.graph or _graph(biasing, vocabulary, boosted=False)
        with np.errstate(divide="ignore"):  # a weight of 0 keeps a name out
            scores = np.log([entity.weight for entity in biasing.entities])
        return replace(biasing, graph=graph.with_class(scores))


def _graph(biasing: Biasing, vocabulary: Vocabulary, boosted: bool = True) -> ContextGraph:
    """The list's context graph; InputError naming the line of an entity that cannot be in one."""
    weights = [entity.weight for entity in biasing.entities]
    names = [entity.text for entity in biasing.entities]
    try:
        return ContextGraph.build(biasing.phrases, vocabulary, weights, names=names, boosted=boosted)
    except EntityError as error:
        raise InputError(
            f"{names[error.entity]!r} {error.what}", file=biasing.file, line=biasing.lines[error.entity], mend=error.mend
        ) from None


# In the order in which they add their parts.
TECHNIQUES: Dict[str, Technique] = {technique.name: technique for technique in (SubwordBoosting(), UnigramBoosting())}

# What needs an LM is left out of a preset where there is none.
PRESETS: Dict[str, Tuple[str, ...]] = {"none": (), "decoder": (SUBWORD, UNIGRAM)}


def choose(
    preset: str, plus: Collection[str] = (), minus: Collection[str] = (), lm: bool = False
) -> Tuple[Technique, ...]:
    """The techniques of a preset, with some added and some taken away, in the table's order.

    ``lm`` says whether there is one. Raises InputError for an unknown name, one that is both added and
    taken away, and one that is added and needs an LM where there is none.
    """
    for name in (*plus, *minus):
        if name not in TECHNIQUES:
            raise InputError(f"{name!r} is no technique", mend=f"choose from {', '.join(TECHNIQUES)}")
        if name in plus and name in minus:
            raise InputError(f"the technique {name!r} is both asked for and turned off", mend="do one of them")
        if name in plus and TECHNIQUES[name].needs_lm and not lm:
            raise InputError(f"the technique {name!r} needs an LM", mend="give one (--lm FILE; `ctcb lm` makes it)")
    if preset not in PRESETS:
        raise InputError(f"{preset!r} is no way to lean toward a list", mend=f"choose from {', '.join(PRESETS)}")
    wanted = {*PRESETS[preset], *plus} - {*minus}
    found = tuple(technique for name, technique in TECHNIQUES.items() if name in wanted)
    return tuple(technique for technique in found if lm or not technique.needs_lm)
