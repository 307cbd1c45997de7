"""The context graph at run time: flat arrays, and the step from one state to the next."""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ctcb.compiled import compiled

# States are numbered level by level, so that a state's children are neighbours, ordered by token.
# State 0 is the root. A state is 32 bytes, so that looking at one touches one line of the cache.
STATE = np.dtype([
    ("first_child", np.int32),  # its children run up to the next state's first
    ("ends", np.int32),  # the entities that end here, up to the next state's, in `entity` and so on
    ("fail", np.int32),  # the longest proper suffix that begins a word and is in the trie
    ("depth", np.int32),
    ("weight", np.float32),  # the highest weight of the entities that end at or below the state
    ("top_weight", np.float32),  # the same over the state and its suffixes
    ("mask", np.int64),  # bit `token % 64`: the state or a suffix of it (not the root) may have such a child
])


class GraphArrays(NamedTuple):
    """The context graph of S states and E ends, for a vocabulary of V tokens.

    Attributes
    ----------
    states : ``[S + 1]`` STATE, the last one only a limit.
    token : ``[S]`` int32, the token that leads to the state (-1: none).
    root_child : ``[V]`` int32, the root's child by each token, or 0.
    entity : ``[E]`` int32, which entity it is that ends there,
    end_weight : ``[E]`` float32, its weight: a factor on its tokens' boosts,
    end_cost : ``[E]`` float64, nats, and what it loses.
    end_class : ``[E]`` float64, nats, what is added to log P(<unk>) of an entity in the LM's class
        (``lm_fusion.py``), -inf of one outside of it; ``[0]`` where none is in it.
    class_bound : ``[S]`` float64, nats, the highest ``end_class`` at or below a state; else ``[1]``, -inf.
    penalty : ``[S]`` float64, nats, what a prefix loses where a word ends in a state: of all phrases to push away that end
        there; ``[0]`` where there are none.
    """

    states: np.ndarray
    token: np.ndarray
    root_child: np.ndarray
    entity: np.ndarray
    end_weight: np.ndarray
    end_cost: np.ndarray
    end_class: np.ndarray
    class_bound: np.ndarray
    penalty: np.ndarray


@compiled(allocates=False, inner=True)
def child(graph, state, token):
    """The state after ``token`` in the trie, or 0."""
    low, high = graph.states[state].first_child, graph.states[state + 1].first_child
    while high - low > 8:
        middle = (low + high) >> 1
        if graph.token[middle] <= token:
            low = middle
        else:
            high = middle
    for following in range(low, high):
        if graph.token[following] == token:
            return following
    return 0


@compiled(allocates=False, inner=True)
def penalty_at(graph, state):
    """What a prefix loses (nats) if a word ends in a state."""
    return graph.penalty[state] if len(graph.penalty) else 0.0


@compiled(allocates=False)
def step(graph, state, token, may_enter):
    """The longest suffix of what is matched, ``token`` included, that is in the trie.

    ``may_enter`` says that a word begins with ``token``, so that an entity may begin too.
    """
    bit = np.int64(1) << (token & 63)
    while state != 0 and graph.states[state].mask & bit:
        following = child(graph, state, token)
        if following:
            return following
        state = graph.states[state].fail
    return graph.root_child[token] if may_enter else 0
