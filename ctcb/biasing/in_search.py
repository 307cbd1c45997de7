"""The techniques that act within the search: adaptive subword boosting, and the LM's class."""
from __future__ import annotations

import math
from dataclasses import replace
from typing import Optional, Sequence, Tuple

import numpy as np

from ctcb.biasing.prepared_list import Context
from ctcb.biasing.technique import SearchTechnique
from ctcb.entities.changes import ListChange
from ctcb.entities.rows import normals_of
from ctcb.search.options import SUBWORD, UNIGRAM
from ctcb.sequences import Runs, spliced
from ctcb.text.token_sequences import TokenSequences

FEW, MANY = 10, 1000  # entities: from the first number on short names begin to cost, at the second they cost all
LONG = 8  # letters: what has as many is not short


class SubwordBoosting(SearchTechnique):
    """Adaptive subword boosting (``search/beam/boosting.py``) by a context graph that runs beside the beam."""

    name = SUBWORD
    summary = "boosts the tokens of listed names in the beam search"

    def prepare(self, context: Context) -> Context:
        """The list with its tokens boosted; short names cost in long lists."""
        return replace(context, boosted=True, costs=_with_short_names(context, context.setting.options.subword.short_name_penalty))

    def update(self, context: Context, before: Context, change: ListChange) -> Context:
        """The costs of the entities that are left, and those of the others. Those of short names are the same in all long lists."""
        context = replace(context, boosted=True)
        if before.costs is None:
            return context
        first = len(context.entities) - change.added
        more = _with_short_names(context, context.setting.options.subword.short_name_penalty, first)
        return replace(context, costs=spliced(before.costs, change.removed, more or ()))


class UnigramBoosting(SearchTechnique):
    """Listed names as units of the LM's class: in the beam search (``search/beam/lm_fusion.py``) or in a k2 graph."""

    name = UNIGRAM
    summary = "lets listed names count as one word of the LM's class, with --lm"
    needs_lm = True

    def prepare(self, context: Context) -> Context:
        """The list with its names in the class."""
        return replace(context, in_class=True)

    def update(self, context: Context, before: Context, change: ListChange) -> Context:
        """As :meth:`prepare`."""
        return self.prepare(context)


def _with_short_names(context: Context, penalty: float, first: int = 0) -> Optional[Sequence[Tuple[float, ...]]]:
    """The costs of the phrases, and what short names cost in long lists (``subword.short_name_penalty``); from an entity on."""
    many = min(1.0, math.log10(max(1, len(context.entities)) / FEW) / math.log10(MANY / FEW))
    if penalty <= 0 or many <= 0:
        return context.costs
    sequences, entities = (values[first:] if first else values for values in (context.phrases, context.entities))
    limits = TokenSequences.of(sequences).limits
    costs = Runs.of(context.costs[first:] if first else context.costs).values if context.costs else np.zeros(limits[-1])
    letters = np.array([len(normal) - normal.count(" ") for normal in normals_of(entities)], np.int64)
    return Runs(costs + np.repeat(many * penalty * np.maximum(0, LONG - letters), np.diff(limits)), limits)
