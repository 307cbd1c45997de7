"""The list in the class's place: one prefix tree over the entities' tokens, put into a graph at request time."""
from __future__ import annotations

import math
from typing import NamedTuple, Sequence, Tuple

import numpy as np

from ctcb.errors import InputError
from ctcb.graph.options import GraphOptions
from ctcb.graph.static import StaticGraph
from ctcb.graph.topology import Copies, CtcArcs, copy_of, hold, joined, leave, sort_key
from ctcb.graph.tries import Arcs, grow, join, table

NO_ENTITY = -1


class FullGraph(NamedTuple):
    """A graph with a list in it: arcs ``[N]`` for k2, and what they mean."""

    arcs: np.ndarray  # [N, 4] int32: source, destination, label, the bits of the float32 score
    new_token: np.ndarray  # [N] bool: a token begins
    word: np.ndarray  # [N] int32: the LM's word that ends here, or NO_WORD
    entity: np.ndarray  # [N] int32: the entity that ends here, or NO_ENTITY
    bonus: np.ndarray  # [N] float32: what the list added to the score, and its words' bonuses


class _Leaves(NamedTuple):
    """The sequences of a list, each once, by the heaviest of its entities."""

    sequences: Sequence[Tuple[int, ...]]
    entity: np.ndarray  # [M] int32
    score: np.ndarray  # [M] float32


def without_list(graph: StaticGraph) -> FullGraph:
    """The graph with an empty class."""
    return _full(graph, graph.arcs, graph.scores, None)


def put_in(
    graph: StaticGraph, phrases: Sequence[Sequence[Tuple[int, ...]]], weights: Sequence[float], words: Sequence[int],
    options: GraphOptions = GraphOptions(),
) -> FullGraph:
    """The graph with a list in its class.

    A name of n tokens scores ``lm_weight * log P(<unk> | history) + log weight + class_bonus + n *
    token_bonus + words * word_bonus``, and what follows it sees ``<unk>`` as its history.

    Parameters
    ----------
    phrases : the token sequences of each entity; () for one that cannot be said.
    weights : of each entity, above 0.
    words : how many words each entity has.

    Raises
    ------
    InputError : a sequence that is empty or holds the blank or a token that the graph does not have.
    """
    found = _leaves(graph, phrases, weights, words, options)
    slots, landings = graph.grammar.slots, graph.grammar.landings
    if not found.sequences or not len(slots.state):
        return without_list(graph)
    targets = np.unique(slots.target)
    sequences, row_of = table(found.sequences)
    order = np.argsort(row_of)
    entity, score = found.entity[order], found.score[order]

    # One tree for each history that may follow; its root stands for the slots that lead there.
    rows = np.tile(np.arange(len(order)), len(targets))
    tree = np.repeat(np.arange(len(targets), dtype=np.int32), len(order))
    trees = grow(tree, rows, score[rows], sequences, len(targets))
    inner = _Part(trees.arcs, np.full(len(trees.arcs.src), NO_ENTITY, np.int32))
    last = sequences.tokens[rows, sequences.length[rows] - 1]
    splits = np.searchsorted(landings.of, np.arange(int(targets.max()) + 2))
    leaving = targets[tree]
    count = splits[leaving + 1] - splits[leaving]
    which = np.repeat(np.arange(len(rows)), count)
    place = splits[leaving[which]] + np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    landed = Arcs(trees.state[which], landings.state[place], last[which], score[rows[which]] - trees.given[which])
    ends = _Part(landed, entity[rows[which]])
    landing_cost = options.lm_weight * landings.score[place]

    return _assemble(graph, inner, ends, landing_cost, targets, trees.num_states, options)


class _Part(NamedTuple):
    arcs: Arcs
    entity: np.ndarray


def _assemble(
    graph: StaticGraph, inner: _Part, ends: _Part, landing_cost: np.ndarray, targets: np.ndarray, num_tree_states: int,
    options: GraphOptions,
) -> FullGraph:
    """The trees' arcs laid out by CTC's topology, from the slots through the trees to the landings."""
    slots, roots = graph.grammar.slots, len(targets)
    num_slots, num_inner = len(slots.state), num_tree_states - roots
    # Local numbers: the slots, then the trees' inner states.
    arcs, entity, cost = join([inner.arcs, ends.arcs]), np.append(inner.entity, ends.entity), landing_cost
    cost = np.append(np.zeros(len(inner.arcs.src), np.float32), cost)
    from_root = arcs.src < roots
    slots_of = [np.flatnonzero(slots.target == target) for target in targets]
    root_arcs = np.flatnonzero(from_root)
    fan = [len(slots_of[root]) for root in arcs.src[root_arcs]]
    number = np.concatenate([np.repeat(root_arcs, fan), np.flatnonzero(~from_root)])
    slot = np.concatenate([slots_of[root] for root in arcs.src[root_arcs]])
    src = np.concatenate([slot, arcs.src[~from_root] - roots + num_slots])
    lm = cost[number]
    lm[: len(slot)] += options.lm_weight * slots.score[slot]
    bonus = arcs.score[number] + options.token_bonus

    # A tree's inner state is entered by one token only: a state to hold it, and one for blanks.
    base = graph.num_states
    token = np.zeros(num_inner, np.int32)
    token[inner.arcs.dst - roots] = inner.arcs.label
    inner_blank = base + np.arange(num_inner, dtype=np.int32)
    inner_copy = base + num_inner + np.arange(num_inner, dtype=np.int32)
    static = graph.copies
    count = np.diff(static.splits)[slots.state]
    splits = np.concatenate([[0], np.cumsum(count), count.sum() + 1 + np.arange(num_inner)])
    places = np.concatenate([np.arange(static.splits[s], static.splits[s + 1]) for s in slots.state]).astype(np.int64)
    copies = Copies(splits, np.append(static.label[places], token), np.append(static.state[places], inner_copy))
    blank_state = np.append(slots.state, inner_blank).astype(np.int32)
    is_end = number >= len(inner.arcs.src)
    target = np.empty(len(number), np.int32)
    target[~is_end] = inner_copy[arcs.dst[number[~is_end]] - roots]
    target[is_end] = copy_of(static, graph.num_tokens, arcs.dst[number[is_end]], arcs.label[number[is_end]])

    new = joined(
        leave(src, arcs.label[number], target, blank_state, copies),
        hold(inner_blank, Copies(np.arange(num_inner + 1), token, inner_copy), graph.blank),
    )
    scores = np.append(bonus + lm, 0).astype(np.float32)[new.origin]
    total = base + 2 * num_inner
    where = np.searchsorted(graph.keys, sort_key(new.src, new.label), side="right")
    merged = CtcArcs(*(np.insert(old, where, more) for old, more in zip(graph.arcs, new)))
    merged.dst[merged.label == -1] = total
    found = _New(where, np.append(entity[number], NO_ENTITY)[new.origin], np.append(bonus, 0)[new.origin].astype(np.float32), new.origin >= 0)
    return _full(graph, merged, np.insert(graph.scores, where, scores), found)


class _New(NamedTuple):
    """What the list's own arcs mean; `where` they stand among the graph's."""

    where: np.ndarray
    entity: np.ndarray
    bonus: np.ndarray
    new_token: np.ndarray


def _full(graph: StaticGraph, arcs: CtcArcs, scores: np.ndarray, new: "_New | None") -> FullGraph:
    packed = np.stack([arcs.src, arcs.dst, arcs.label, scores.view(np.int32)], axis=1)
    count = len(graph.scores)
    entity, bonus = np.full(count, NO_ENTITY, np.int32), np.zeros(count, np.float32)
    if new is None:
        return FullGraph(packed, graph.new_token, graph.word, entity, bonus)
    return FullGraph(
        packed, np.insert(graph.new_token, new.where, new.new_token), np.insert(graph.word, new.where, -1),
        np.insert(entity, new.where, new.entity), np.insert(bonus, new.where, new.bonus),
    )  # fmt: skip


def _leaves(
    graph: StaticGraph, phrases: Sequence[Sequence[Tuple[int, ...]]], weights: Sequence[float], words: Sequence[int],
    options: GraphOptions,
) -> _Leaves:
    best: dict = {}
    for entity, (sequences, weight, count) in enumerate(zip(phrases, weights, words)):
        score = math.log(weight) + options.class_bonus + count * options.word_bonus
        for sequence in sequences:
            if not sequence or not all(0 <= token < graph.num_tokens and token != graph.blank for token in sequence):
                raise InputError(
                    f"entity {entity} is spelled {list(sequence)}, but tokens run from 0 to {graph.num_tokens - 1} and "
                    f"{graph.blank} is the blank", mend="spell it in the graph's own tokens",
                )  # fmt: skip
            if sequence not in best or score > best[sequence][1]:
                best[sequence] = entity, score
    return _Leaves(list(best), np.array([e for e, _ in best.values()], np.int32), np.array([s for _, s in best.values()], np.float32))
