"""The techniques that act within the search: adaptive subword boosting, and the LM's class."""
from __future__ import annotations

import math
from dataclasses import replace
from typing import Optional, Sequence, Tuple

import numpy as np

from ctcb.biasing.prepared_list import Biasing
from ctcb.biasing.technique import Setting, Technique
from ctcb.errors import InputError
from ctcb.search.beam.context_graph import ContextGraph, EntityError
from ctcb.search.graph import GraphSearch
from ctcb.search.options import SUBWORD, UNIGRAM

FEW, MANY = 10, 1000  # entities: from the first number on short names begin to cost, at the second they cost all
LONG = 8  # letters: what has as many is not short


class SubwordBoosting(Technique):
    """Adaptive subword boosting (``boosting.py``) by a context graph that runs beside the beam."""

    name = SUBWORD
    summary = "boosts the tokens of listed names in the beam search"

    def prepare(self, biasing: Biasing, setting: Setting) -> Biasing:
        """Build the graph. Raises InputError naming the line of an entity that cannot be in one."""
        biasing = replace(biasing, costs=_with_short_names(biasing, setting.options.subword.short_name_penalty))
        return replace(biasing, graph=_graph(biasing, setting))


class UnigramBoosting(Technique):
    """Listed names as units of the LM's class (``lm_fusion.py``), found by the same context graph."""

    name = UNIGRAM
    summary = "lets listed names count as one word of the LM's class, with --lm"
    needs_lm = True

    def prepare(self, biasing: Biasing, setting: Setting) -> Biasing:
        """Mark the graph's entities; build it if need be. Raises InputError as subword boosting does."""
        graph = biasing.graph or _graph(biasing, setting, boosted=False)
        with np.errstate(divide="ignore"):  # a weight of 0 keeps a name out
            scores = np.log([entity.weight for entity in biasing.entities])
        return replace(biasing, graph=graph.with_class(scores))


class EntityClass(Technique):
    """The list in the place of a k2 graph's class: ``log P(<unk> | history) + log weight``, and bonuses."""

    name = UNIGRAM
    summary = "lets listed names take the place of <unk> in the graph"
    needs_lm = False  # the graph has its own

    def __init__(self, search: GraphSearch) -> None:
        self.search = search

    def prepare(self, biasing: Biasing, setting: Setting) -> Biasing:
        """Put the list into the graph."""
        return replace(biasing, graph=self.search.fill(biasing.entities, biasing.phrases, biasing.costs))


def in_graph(search: GraphSearch, asked: Sequence[Technique]) -> Tuple[Technique, ...]:
    """What was asked for, as far as a graph has it: unigram boosting by its class, no adaptive boosts."""
    return tuple(EntityClass(search) if one.name == UNIGRAM else one for one in asked if one.name != SUBWORD)


def _with_short_names(biasing: Biasing, penalty: float) -> Optional[Tuple[Tuple[float, ...], ...]]:
    """The costs of the phrases, and what short names cost in long lists (``subword.short_name_penalty``)."""
    many = min(1.0, math.log10(max(1, len(biasing.entities)) / FEW) / math.log10(MANY / FEW))
    if penalty <= 0 or many <= 0:
        return biasing.costs
    before = biasing.costs or tuple((0.0,) * len(ways) for ways in biasing.phrases)
    more = [many * penalty * max(0, LONG - len(one.normal.replace(" ", ""))) for one in biasing.entities]
    return tuple(tuple(cost + this for cost in costs) for costs, this in zip(before, more))


def _graph(biasing: Biasing, setting: Setting, boosted: bool = True) -> ContextGraph:
    """The list's context graph; InputError naming the line of an entity that cannot be in one."""
    weights = [entity.weight for entity in biasing.entities]
    names = [entity.text for entity in biasing.entities]
    try:
        return ContextGraph.build(biasing.phrases, setting.vocabulary, weights, biasing.costs, names, boosted=boosted)
    except EntityError as error:
        raise InputError(
            f"{names[error.entity]!r} {error.what}", file=biasing.file, line=biasing.lines[error.entity], hint=error.hint
        ) from None
