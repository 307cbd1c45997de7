"""A list's context graph, as the techniques that act within the beam search ask for it."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Sequence, Tuple

import numpy as np

from ctcb.entities import Entity
from ctcb.entities.changes import ListChange
from ctcb.entities.duplicates import plainness
from ctcb.entities.rows import weights_of
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
    weights = weights_of(entities)
    pushed = [(one.sequences, one.penalty) for one in context.pushed]
    try:
        graph = ContextGraph.build(phrases, vocabulary, weights, costs, Plainness(entities), boosted=context.boosted, pushed=pushed)
    except EntityError as error:
        places = [*((one.text, line) for one, line in zip(entities, context.lines)), *((one.text, one.line) for one in context.pushed)]
        raise _located(error, *places[error.entity], context) from None
    return _with_class(graph, context)


def recompile_list(graph: Optional[ContextGraph], context: SearchContext, change: ListChange) -> Optional[ContextGraph]:
    """:func:`compile_list` of a list that came out of another one, whose graph is there; nothing is pushed away in either. Raises as it does."""
    if graph is None:
        return None
    first = len(context.entities) - change.added
    some, costs = context.entities[first:], None if context.costs is None else context.costs[first:]
    try:
        made = graph.changed(change.removed, context.phrases[first:], weights_of(some), costs, Plainness(context.entities))
    except EntityError as error:
        raise _located(error, some[error.entity].text, context.lines[first + error.entity], context) from None
    return _with_class(made, context)


def _located(error: EntityError, name: str, line: int, context: SearchContext) -> InputError:
    return InputError(f"{name!r} {error.what}", file=context.file, line=line, hint=error.hint)


def _with_class(graph: ContextGraph, context: SearchContext) -> ContextGraph:
    if not context.in_class:
        return graph
    with np.errstate(divide="ignore"):  # a weight of 0 keeps a name out
        return graph.with_class(np.log(graph.table.weights))


@dataclass(frozen=True)
class Plainness:
    """How plain the texts of entities are: of several with the same tokens, weight and cost the least plain is found."""

    entities: Sequence[Entity]

    def __len__(self) -> int:
        return len(self.entities)

    def __getitem__(self, place: int) -> Tuple[int, str]:
        return plainness(self.entities[place].text)
