"""The context graph: an Aho-Corasick automaton over the token sequences of the entities.

Built from the sequences in alphabetical order, so that the arrays are the same whatever the list's order (Aho and
Corasick 1975, doi:10.1145/360825.360855), and soon made anew where some entities of many change.
"""
from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Optional, Sequence, Tuple

import numpy as np

from ctcb.compiled import compiled
from ctcb.errors import InputError
from ctcb.search.beam.automaton import STATE, GraphArrays, step
from ctcb.search.beam.changed_trie import relink, renumber, states_above
from ctcb.search.beam.phrase_table import EntityError as EntityError
from ctcb.search.beam.phrase_table import PhraseTable, TokenIds
from ctcb.search.beam.token_trie import first_children, grow
from ctcb.search.vocabulary import Vocabulary

LEAST = 0.2  # share of its boosts that the shortest name keeps: no entry is without effect


def unboosted_letters(entities: int) -> float:
    """Letters that a name needs before it earns anything, in a list of so many entities: the more there are, the
    likelier is one that sounds like what was spoken (half a letter more for ten times as many: our choice, by hand)."""
    return 1 + 0.5 * math.log10(max(1, entities))


@dataclass(frozen=True)
class ContextGraph:
    """The automaton of one list; the arrays are described in ``automaton.py``."""

    arrays: GraphArrays
    vocabulary: Vocabulary
    table: PhraseTable  # the entities' token sequences,
    end: np.ndarray  # [N] int64, and the last state of each of them
    boosted: bool = True  # whether their tokens are boosted
    changeable: bool = True  # whether :meth:`changed` can change it

    @property
    def num_entities(self) -> int:
        """The number of entities."""
        return len(self.table)

    @property
    def num_sequences(self) -> int:
        """The number of token sequences of all entities."""
        return len(self.table.starts)

    @property
    def num_states(self) -> int:
        """The number of states, the root included."""
        return len(self.arrays.token)

    @property
    def num_bytes(self) -> int:
        """The size of the arrays."""
        return sum(array.nbytes for array in self.arrays)

    @classmethod
    def build(
        cls,
        phrases: Sequence[Sequence[TokenIds]],
        vocabulary: Vocabulary,
        weights: Optional[Sequence[float]] = None,
        costs: Optional[Sequence[Sequence[float]]] = None,
        names: Optional[Sequence[Any]] = None,
        boosted: bool = True,
        short: Optional[float] = None,
        pushed: Sequence[Tuple[Sequence[TokenIds], float]] = (),
    ) -> ContextGraph:
        """Build the graph.

        Parameters
        ----------
        phrases : for each entity its token sequences (segmentations, aliases, variants); an entity
            without any is allowed and never found.
        weights : each entity's factor on its tokens' boosts, finite and at least 0; 1 by default.
        costs : for each entity what each of its sequences loses at its end, finite and at least 0; 0 by default.
        names : names or other keys that decide which of two entities with the same tokens, weight and cost is
            reported (the first by name); by default it is the one with the lower index.
        boosted : whether the tokens of entities are boosted, or only followed.
        short : letters that earn nothing, since short words are found anywhere: a sequence's weight is times
            ``1 - short / its letters``, at least LEAST; by default ``unboosted_letters(entities)``.
        pushed : phrases to push away, each with its token sequences and what every occurrence of one costs, in nats, above 0.
            They are no entities; in errors they are numbered after these.

        Raises
        ------
        EntityError : a sequence that is empty, holds the blank or an unknown id, begins or ends with
            a separator, or begins with a token that can't begin a word; a weight or cost out of
            range.
        InputError : lists whose lengths differ.
        """
        for name, values in (("weights", weights), ("costs", costs), ("names", names)):
            if values is not None and len(values) != len(phrases):
                raise InputError(f"{len(values)} {name} for {len(phrases)} entities", hint="give one an entity")
        table = PhraseTable.of(phrases, vocabulary, weights, costs)
        away = PhraseTable.of([ways for ways, _ in pushed], vocabulary, [penalty for _, penalty in pushed], first=len(phrases))
        return cls._of(table, away, vocabulary, names, boosted, short)

    def changed(
        self, removed: Sequence[int], phrases: Sequence[Sequence[TokenIds]], weights: Sequence[float],
        costs: Optional[Sequence[Sequence[float]]], names: Optional[Sequence[Any]],
    ) -> ContextGraph:
        """The graph that :meth:`build` makes without the entities ``removed``, given by their indices, which rise, and with others behind
        those that stay.

        ``phrases``, ``weights`` and ``costs`` are those of the others, ``names`` those of all. Not of a graph with phrases to push
        away, or other ``short`` than by default. Raises EntityError for one of the others, by its index among them.
        """
        more, vocabulary = PhraseTable.of(phrases, self.vocabulary, weights, costs), self.vocabulary
        blocks = self.table.blocks(removed)
        staying = np.concatenate([self.end[block] for block in blocks])
        leaving = np.concatenate([self.end[:0], *(self.end[one.stop : other.start] for one, other in zip(blocks, blocks[1:]))])
        moves = renumber(self.arrays, staying, leaving, more.flat, more.starts, more.lengths, more.order)
        table, end = self.table.changed(removed, more), np.concatenate([moves.place[staying], moves.new_end])
        arrays, limits = _arrays(table, end, moves.token, moves.of_root, names, self.boosted, None)
        relink(self.arrays, arrays, moves, limits, vocabulary.starts_word, vocabulary.between_words)
        same = unboosted_letters(len(table)) == unboosted_letters(len(self.table))
        others = states_above(arrays.states, np.append(moves.new_end, moves.left_end)) if same else _every(arrays)
        _weigh(arrays.states, arrays.end_weight, others)
        return replace(self, arrays=arrays, table=table, end=end)

    @classmethod
    def _of(
        cls, table: PhraseTable, away: PhraseTable, vocabulary: Vocabulary, names: Optional[Sequence[Any]], boosted: bool, short: Optional[float]
    ) -> ContextGraph:
        """The graph of some sequences, and of others to push away."""
        every = table.joined(away) if len(away) else table
        token, parent, level, end = grow(every.flat, every.starts, every.lengths, vocabulary.size, every.order)
        first = first_children(parent)
        arrays, limits = _arrays(table, end[: len(table.starts)], token, int(first[1]), names, boosted, short)
        if len(away):
            arrays = arrays._replace(penalty=np.zeros(len(token)))
            np.maximum.at(arrays.penalty, end[len(table.starts) :], away.weights[away.owners])
        _link(arrays, parent, level, first, limits, vocabulary.starts_word, vocabulary.between_words)
        _weigh(arrays.states, arrays.end_weight, _every(arrays))
        return cls(arrays, vocabulary, table, end, boosted, short is None and not len(away))

    def with_class(self, scores: Sequence[float]) -> ContextGraph:
        """The graph with the entities in the LM's class, each at its ``scores``: what is added to log P(<unk>).

        ``-inf`` keeps an entity out; a sequence's cost counts here as well. See ``lm_fusion.py``.
        """
        arrays = self.arrays
        end_class = np.asarray(scores, np.float64)[arrays.entity] - arrays.end_cost
        class_bound = np.full(self.num_states, -np.inf)
        _bound(arrays, end_class, class_bound)
        return replace(self, arrays=arrays._replace(end_class=end_class, class_bound=class_bound))

    @classmethod
    def empty(cls, vocabulary: Vocabulary) -> ContextGraph:
        """The graph of an empty list; it is made without compiled code."""
        arrays = GraphArrays(
            states=np.zeros(2, STATE), token=np.full(1, -1, np.int32), root_child=np.zeros(vocabulary.size, np.int32),
            entity=np.zeros(0, np.int32), end_weight=np.zeros(0, np.float32), end_cost=np.zeros(0),
            end_class=np.zeros(0), class_bound=np.array([-np.inf]), penalty=np.zeros(0),
        )  # fmt: skip
        arrays.states["first_child"] = 1
        return cls(arrays, vocabulary, PhraseTable.empty(vocabulary.size), np.zeros(0, np.int64))


def _arrays(
    table: PhraseTable, end: np.ndarray, token: np.ndarray, of_root: int, names: Optional[Sequence[Any]], boosted: bool, short: Optional[float]
) -> Tuple[GraphArrays, np.ndarray]:
    """The arrays of a trie, but for the states, which are yet to be filled in, and where the entities of each state stop.

    ``of_root``: where the root's children stop; the others as of :meth:`ContextGraph.build`, and as ``grow`` returns them.
    """
    count = unboosted_letters(len(table)) if short is None else short
    weights = table.weights[table.owners] * np.maximum(LEAST, 1 - count / np.maximum(1, table.letters))
    limits, entity, end_weight, end_cost = _ends(end, table.owners, weights, table.costs, names, len(token))
    root_child = np.zeros(table.size, np.int32)
    root_child[token[1:of_root]] = np.arange(1, of_root)
    if not boosted:
        end_weight[:] = 0
    states = np.empty(len(token) + 1, STATE)
    states[0], states[-1] = (1, 0, 0, 0, 0, 0, 0), (len(token), len(entity), 0, 0, 0, 0, 0)
    return GraphArrays(
        states=states, token=token, root_child=root_child, entity=entity, end_weight=end_weight, end_cost=end_cost,
        end_class=np.zeros(0), class_bound=np.array([-np.inf]), penalty=np.zeros(0),
    ), limits  # fmt: skip


def _ends(
    end: np.ndarray, owners: np.ndarray, weights: np.ndarray, costs: np.ndarray,
    names: Optional[Sequence[Any]], states: int,
) -> Tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The entities that end at each state (and where each state's stop), without those that another beats
    in weight and cost alike; weights and costs are the sequences'."""
    order, limits = _by_state(end, states)
    shared = np.diff(end[order]) == 0
    if shared.any():
        several = np.append(shared, False) | np.append(False, shared)
        some = order[several]
        rank = np.arange(int(owners.max()) + 1 if names is None else len(names))
        if names is not None:
            tied = np.unique(owners[some])
            rank[sorted(tied.tolist(), key=names.__getitem__)] = np.arange(len(tied))
        order[several] = some[np.lexsort((rank[owners[some]], costs[some], -weights[some], end[some]))]
        order = order[_undominated(end[order], costs[order])]
        limits = np.cumsum(np.bincount(end[order], minlength=states)).astype(np.int32)
    return limits, owners[order].astype(np.int32), weights[order].astype(np.float32), costs[order]


@compiled
def _by_state(end, states):
    """The sequences in the order of their last states, and up to where those of each state go in it ``[S]``."""
    limits, order = np.zeros(states + 1, np.int32), np.empty(len(end), np.int64)
    for state in end:
        limits[state + 1] += 1
    for state in range(states):
        limits[state + 1] += limits[state]
    for n in range(len(end)):
        order[limits[end[n]]] = n
        limits[end[n]] += 1
    return order, limits[:states]


@compiled
def _undominated(end, costs):
    """Of entries ordered by state, then falling weight, those cheaper than all before them at the state."""
    keep = np.zeros(len(end), np.bool_)
    lowest = np.inf
    for i in range(len(end)):
        if i == 0 or end[i] != end[i - 1]:
            lowest = np.inf
        if costs[i] < lowest:
            keep[i], lowest = True, costs[i]
    return keep


@compiled
def _bound(graph, end_class, class_bound):
    """Fill in the highest class score of the entities that end at or below each state."""
    for state in range(len(graph.token) - 1, -1, -1):
        for i in range(graph.states[state].ends, graph.states[state + 1].ends):
            class_bound[state] = max(class_bound[state], end_class[i])
        for following in range(graph.states[state].first_child, graph.states[state + 1].first_child):
            class_bound[state] = max(class_bound[state], class_bound[following])


def _every(arrays: GraphArrays) -> np.ndarray:
    """All states but the root, the last ones first."""
    return np.arange(len(arrays.token) - 1, 0, -1)


@compiled
def _weigh(states, end_weight, some):
    """Fill in the `weight` of some states, the last ones first, and the `top_weight` of all."""
    for state in some:
        highest = np.float32(0)
        for i in range(states[state].ends, states[state + 1].ends):
            highest = max(highest, end_weight[i])
        for following in range(states[state].first_child, states[state + 1].first_child):
            highest = max(highest, states[following].weight)
        states[state].weight = highest
    top = np.zeros(len(states), np.float32)
    for state in range(1, len(states) - 1):
        states[state].top_weight = top[state] = max(states[state].weight, top[states[state].fail])


@compiled
def _link(graph, parent, depth, first, limits, starts_word, is_separator):
    """Fill in the states but for the root, the limit, and the weights, and add to `penalty` what ends in their suffixes.

    ``first`` and ``limits``: ``[S]``, the first child of each state, and where the entities that end in it stop.
    """
    states = graph.states
    for state in range(1, len(parent)):
        token, before, suffix = graph.token[state], parent[state], np.int64(0)
        if before != 0:
            # A suffix counts only if it begins a word: an entity does not begin inside one.
            begins = starts_word[token] != 0 or is_separator[graph.token[before]] != 0
            suffix = np.int64(step(graph, states[before].fail, token, begins))
        if len(graph.penalty):
            graph.penalty[state] += graph.penalty[suffix]
        mask = states[suffix].mask
        for following in range(first[state], first[state + 1]):
            mask |= np.int64(1) << (graph.token[following] & 63)
        states[state].first_child, states[state].ends, states[state].fail = first[state], limits[state - 1], suffix
        states[state].depth, states[state].mask = depth[state], mask
