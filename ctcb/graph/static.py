"""A compiled graph in memory: the CTC graph of the grammar, without a list."""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ctcb.graph.grammar import NO_WORD, Grammar
from ctcb.graph.options import GraphOptions
from ctcb.graph.topology import Copies, CtcArcs, copy_of, end, find_copies, hold, joined, leave, sort_key

NO_ENTITY = -1


class Meaning(NamedTuple):
    """What a graph's arcs mean, by their numbers, ``[N]`` each."""

    label: np.ndarray  # int32: the frame's token or the blank; -1 on final arcs
    new_token: np.ndarray  # bool: whether a token begins with the arc
    word: np.ndarray  # int32: the LM's word that ends with the arc, or NO_WORD
    entity: np.ndarray  # int32: the entity that ends with the arc, or NO_ENTITY
    bonus: np.ndarray  # float32: what the list added to the score, its word bonuses included


class StaticGraph(NamedTuple):
    """The CTC graph of a grammar whose class is empty; a list can be inserted."""

    blank: int
    num_tokens: int
    grammar: Grammar
    copies: Copies  # of the grammar's states; the blank state of grammar state v is state v of the CTC graph
    num_states: int  # of the CTC graph, without its final state
    arcs: np.ndarray  # [N, 4] int32, see `pack`; an arc's number is its row; final arcs lead to `num_states`
    keys: np.ndarray  # [N] int64, ascending: `sort_key` of the arcs
    meaning: Meaning


def expand(grammar: Grammar, num_tokens: int, blank: int, options: GraphOptions = GraphOptions()) -> StaticGraph:
    """Apply the CTC topology to a grammar over ``num_tokens`` tokens, and weigh its scores."""
    arcs = grammar.arcs
    # An entity may end in any token, so the states after the class can be entered by all of them.
    open_states = np.unique(grammar.landings.state) if len(grammar.slots.state) else np.zeros(0, np.int32)
    labels = np.delete(np.arange(num_tokens, dtype=np.int32), blank)
    copies = find_copies(arcs, grammar.num_states, num_tokens, open_states, labels)
    num_states = grammar.num_states + len(copies.state)
    blank_state = np.arange(grammar.num_states, dtype=np.int32)
    target = copy_of(copies, num_tokens, arcs.dst, arcs.label)
    count = len(arcs.src)
    graph = joined(
        leave(arcs.src, arcs.label, target, blank_state, copies),
        hold(blank_state, copies, blank),
        end(grammar.final_state, count, num_states, blank_state, copies),
    )
    # By origin; LOOP is -1 and finds the last entry.
    lm = np.concatenate([arcs.score, grammar.final_score, [0]])
    word = np.concatenate([grammar.word, np.full(len(grammar.final_score) + 1, NO_WORD)]).astype(np.int32)
    is_open = np.concatenate([grammar.is_open, np.zeros(len(grammar.final_score) + 1, bool)])
    score = options.lm_weight * (lm + options.piece_bonus * is_open) + options.word_bonus * (word != NO_WORD)
    meaning = Meaning(
        graph.label, (graph.origin >= 0) & (graph.origin < count), word[graph.origin],
        np.full(len(graph.src), NO_ENTITY, np.int32), np.zeros(len(graph.src), np.float32),
    )  # fmt: skip
    arcs = pack(graph, score.astype(np.float32)[graph.origin])
    return StaticGraph(blank, num_tokens, grammar, copies, num_states, arcs, sort_key(graph.src, graph.label), meaning)


def pack(arcs: CtcArcs, scores: np.ndarray) -> np.ndarray:
    """Arcs in k2's layout: ``[N, 4]`` int32 of source, destination, label and the bits of the float32 score."""
    packed = np.empty((len(scores), 4), np.int32)
    for column, values in enumerate((arcs.src, arcs.dst, arcs.label, scores.view(np.int32))):
        packed[:, column] = values
    return packed
