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
    """The graph of a list; None where its entities are neither boosted nor in the LM's class, and nothing is pushed away.

    Raises InputError naming the line of an entity that cannot be in a graph.
    """
    searched = context.boosted or context.in_class
    if not (searched or context.pushed):
        return None
    entities, phrases, costs = (context.entities, context.phrases, context.costs) if searched else ((), (), None)
    weights, names = [entity.weight for entity in entities], [entity.text for entity in entities]
    order = [plainness(name) for name in names]  # of several with the same tokens, weight and cost the least plain is found
    pushed = [(one.sequences, one.penalty) for one in context.pushed]
    try:
        graph = ContextGraph.build(phrases, vocabulary, weights, costs, order, boosted=context.boosted, pushed=pushed)
    except EntityError as error:
        places = [*zip(names, context.lines), *((one.text, one.line) for one in context.pushed)]
        name, line = places[error.entity]
        raise InputError(f"{name!r} {error.what}", file=context.file, line=line, hint=error.hint) from None
    if not context.in_class:
        return graph
    with np.errstate(divide="ignore"):  # a weight of 0 keeps a name out
        return graph.with_class(np.log(weights))
