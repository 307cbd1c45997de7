"""A list's context graph, as the techniques that act within the beam search ask for it."""
from __future__ import annotations

from typing import Optional

import numpy as np

from ctcb.entities.lists import plainness
from ctcb.errors import InputError
from ctcb.search.beam.context_graph import ContextGraph, EntityError
from ctcb.search.protocol import SearchContext
from ctcb.search.vocabulary import Vocabulary


def compile_list(context: SearchContext, vocabulary: Vocabulary) -> Optional[ContextGraph]:
    """The graph of a list; None where its entities are neither boosted nor in the LM's class.

    Raises InputError naming the line of an entity that cannot be in a graph.
    """
    if not (context.boosted or context.in_class):
        return None
    weights = [entity.weight for entity in context.entities]
    names = [entity.text for entity in context.entities]
    order = [plainness(name) for name in names]  # of several with the same tokens, weight and cost the least plain is found
    try:
        graph = ContextGraph.build(context.phrases, vocabulary, weights, context.costs, order, boosted=context.boosted)
    except EntityError as error:
        raise InputError(
            f"{names[error.entity]!r} {error.what}", file=context.file, line=context.lines[error.entity], hint=error.hint
        ) from None
    if not context.in_class:
        return graph
    with np.errstate(divide="ignore"):  # a weight of 0 keeps a name out
        return graph.with_class(np.log(weights))
