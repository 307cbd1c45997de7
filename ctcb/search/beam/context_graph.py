"""The context graph: an Aho-Corasick automaton over the token sequences of the entities.

Built level by level with sorting, not by inserting one sequence after the other, so that the arrays
are the same whatever the list's order (Aho and Corasick 1975, doi:10.1145/360825.360855).
"""
from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Optional, Sequence, Tuple

import numpy as np

from ctcb.compiled import compiled
from ctcb.errors import InputError
from ctcb.search.beam.automaton import STATE, GraphArrays, step
from ctcb.search.beam.token_trie import first_children, grow
from ctcb.search.vocabulary import Vocabulary

TokenIds = Sequence[int]
LEAST = 0.2  # share of its boosts that the shortest name keeps: no entry is without effect


def unboosted_letters(entities: int) -> float:
    """Letters that a name needs before it earns anything, in a list of so many entities: the more there are, the
    likelier is one that sounds like what was spoken (half a letter more for ten times as many: our choice, by hand)."""
    return 1 + 0.5 * math.log10(max(1, entities))


class EntityError(InputError):
    """An invalid entity; ``entity`` is its index and ``what`` the problem."""

    def __init__(self, entity: int, what: str, hint: str) -> None:
        super().__init__(f"entity {entity} {what}", hint=hint)
        self.entity, self.what = int(entity), what


@dataclass(frozen=True)
class ContextGraph:
    """The automaton of one list; the arrays are described in ``automaton.py``."""

    arrays: GraphArrays
    vocabulary: Vocabulary
    num_entities: int
    num_sequences: int  # token sequences of all entities

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
        count = len(phrases)
        weights = np.ones(count) if weights is None else np.asarray(weights, np.float64)
        for name, values in (("weights", weights), ("costs", costs), ("names", names)):
            if values is not None and len(values) != count:
                raise InputError(f"{len(values)} {name} for {count} entities", hint="give one an entity")
        every = [*phrases, *(ways for ways, _ in pushed)]
        owners = np.repeat(np.arange(len(every)), np.fromiter(map(len, every), np.int64, len(every)))
        sequences, num_sequences = list(chain.from_iterable(every)), sum(map(len, phrases))
        lengths = np.fromiter(map(len, sequences), np.int64, len(sequences))
        flat = np.fromiter(chain.from_iterable(sequences), np.int64, int(lengths.sum()))
        if costs is None:
            costs = np.zeros(num_sequences)
        else:
            if list(map(len, costs)) != list(map(len, phrases)):
                raise InputError("costs and phrases do not fit together", hint="give one cost a token sequence")
            costs = np.fromiter(chain.from_iterable(costs), np.float64, num_sequences)
        starts = np.cumsum(lengths) - lengths
        penalties = np.array([penalty for _, penalty in pushed], np.float64)
        _check(flat, starts, lengths, owners, np.concatenate([weights, penalties]), costs, vocabulary)
        letters = np.add.reduceat(vocabulary.letters[flat], starts)[:num_sequences] if len(starts) else np.zeros(0)
        short = unboosted_letters(count) if short is None else short
        penalties = penalties[owners[num_sequences:] - count]
        owners = owners[:num_sequences]
        weights = weights[owners] * np.maximum(LEAST, 1 - short / np.maximum(1, letters))

        token, parent, level, end = grow(flat, starts, lengths, vocabulary.size)
        states = np.zeros(len(token) + 1, STATE)
        states["first_child"] = first_children(parent)
        states["depth"][:-1] = level
        states["ends"][1:], entity, end_weight, end_cost = _ends(end[:num_sequences], owners, weights, costs, names, len(token))
        root_child = np.zeros(vocabulary.size, np.int32)
        root_child[token[1 : states["first_child"][1]]] = np.arange(1, states["first_child"][1])
        if not boosted:
            end_weight[:] = 0
        arrays = GraphArrays(
            states=states, token=token, root_child=root_child, entity=entity, end_weight=end_weight,
            end_cost=end_cost, end_class=np.zeros(0), class_bound=np.array([-np.inf]), penalty=np.zeros(len(token) if pushed else 0))
        if pushed:
            np.maximum.at(arrays.penalty, end[num_sequences:], penalties)
        _link(arrays, parent, vocabulary.starts_word, vocabulary.between_words)
        return cls(arrays, vocabulary, count, num_sequences)

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
        """The graph of an empty list."""
        return cls.build([], vocabulary)


def _check(
    flat: np.ndarray, starts: np.ndarray, lengths: np.ndarray, owners: np.ndarray,
    weights: np.ndarray, costs: np.ndarray, vocabulary: Vocabulary,
) -> None:
    """Raise EntityError for an entity that cannot be in a graph."""
    if not (np.isfinite(weights) & (weights >= 0)).all():
        bad = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))[0]
        raise EntityError(bad, f"has the weight {weights[bad]}", "give a finite weight of at least 0")
    if not (np.isfinite(costs) & (costs >= 0)).all():
        bad = np.flatnonzero(~(np.isfinite(costs) & (costs >= 0)))[0]
        raise EntityError(owners[bad], f"has the cost {costs[bad]}", "give a finite cost of at least 0")
    if (lengths == 0).any():
        raise EntityError(owners[lengths == 0][0], "has an empty token sequence", "drop it")
    wrong = (flat < 0) | (flat >= vocabulary.size) | (flat == vocabulary.blank)
    if wrong.any():
        bad = np.flatnonzero(wrong)[0]
        owner = owners[np.searchsorted(starts, bad, side="right") - 1]
        what = "the blank's id" if flat[bad] == vocabulary.blank else "no id of the vocabulary"
        raise EntityError(owner, f"holds token {flat[bad]}, which is {what}", "tokenize it anew")
    if len(flat):
        inside = vocabulary.starts_word[flat[starts]] == 0
        if inside.any() and not vocabulary.is_separator.any():
            bad = np.flatnonzero(inside)[0]
            raise EntityError(owners[bad], f"begins with token {flat[starts[bad]]}, which does not begin a word",
                              "tokenize it as a word of its own")
        edges = vocabulary.is_separator[flat[starts]] | vocabulary.is_separator[flat[starts + lengths - 1]]
        if edges.any():
            raise EntityError(owners[edges != 0][0], "begins or ends with a separator", "strip it")


def _ends(
    end: np.ndarray, owners: np.ndarray, weights: np.ndarray, costs: np.ndarray,
    names: Optional[Sequence[Any]], states: int,
) -> Tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The entities that end at each state (and where each state's stop), without those that another beats
    in weight and cost alike; weights and costs are the sequences'."""
    if names is None or len(np.unique(end)) == len(end):
        rank = owners
    else:
        rank = np.empty(len(names), np.int64)
        rank[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
        rank = rank[owners]
    order = np.lexsort((rank, costs, -weights, end))
    order = order[_undominated(end[order], costs[order])]
    limits = np.cumsum(np.bincount(end[order], minlength=states))
    return limits, owners[order].astype(np.int32), weights[order].astype(np.float32), costs[order]


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


@compiled
def _link(graph, parent, starts_word, is_separator):
    """Fill in the states' `fail`, `mask`, `weight` and `top_weight`, and add to `penalty` what ends in their suffixes."""
    states = graph.states
    for state in range(1, len(parent)):
        token, before = graph.token[state], parent[state]
        suffix = 0
        if before != 0:
            # A suffix counts only if it begins a word: an entity does not begin inside one.
            begins = starts_word[token] != 0 or is_separator[graph.token[before]] != 0
            suffix = step(graph, states[before].fail, token, begins)
            states[state].fail = suffix
        if len(graph.penalty):
            graph.penalty[state] += graph.penalty[suffix]
        mask = states[suffix].mask
        for following in range(states[state].first_child, states[state + 1].first_child):
            mask |= np.int64(1) << (graph.token[following] & 63)
        states[state].mask = mask
        for i in range(states[state].ends, states[state + 1].ends):
            states[state].weight = max(states[state].weight, graph.end_weight[i])
    for state in range(len(parent) - 1, 0, -1):
        states[parent[state]].weight = max(states[parent[state]].weight, states[state].weight)
    states[0].weight = 0
    for state in range(1, len(parent)):
        states[state].top_weight = max(states[state].weight, states[states[state].fail].top_weight)
