"""The entity class of a graph: a prefix tree over a list's tokens, inserted into the compiled graph for each list."""
from __future__ import annotations

import math
from typing import Dict, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ctcb.errors import InputError
from ctcb.graph.grammar import NO_WORD
from ctcb.graph.options import GraphOptions
from ctcb.graph.static import NO_ENTITY, Meaning, StaticGraph, pack
from ctcb.graph.topology import LOOP, Copies, copy_of, hold, joined, leave, sort_key
from ctcb.graph.tries import Arcs, Table, grow, join, runs, table


class FullGraph(NamedTuple):
    """A graph with a list in its class."""

    arcs: np.ndarray  # [N, 4] int32, as k2 takes them
    number: np.ndarray  # [N] int32: each arc's number; the list's arcs have the highest numbers
    static: Meaning  # of the arcs that the graph has without the list, by number
    listed: Meaning  # of the list's arcs, by number less the count of the others

    def meaning(self, numbers: np.ndarray) -> Meaning:
        """The meaning of arcs, given their numbers (``[N]``)."""
        count = len(self.static.label)
        is_static = numbers < count
        meaning = Meaning(*(np.empty(len(numbers), column.dtype) for column in self.static))
        for column, static, listed in zip(meaning, self.static, self.listed):
            column[is_static], column[~is_static] = static[numbers[is_static]], listed[numbers[~is_static] - count]
        return meaning


class _Leaves(NamedTuple):
    """The different token sequences of a list, each with the best-scoring of its entities."""

    sequences: Sequence[Tuple[int, ...]]
    entity: np.ndarray  # [M] int32
    score: np.ndarray  # [M] float32


def without_list(graph: StaticGraph) -> FullGraph:
    """The graph with an empty class."""
    number = np.arange(len(graph.arcs), dtype=np.int32)
    return FullGraph(graph.arcs, number, graph.meaning, Meaning(*(column[:0] for column in graph.meaning)))


def put_in(
    graph: StaticGraph, phrases: Sequence[Sequence[Tuple[int, ...]]], weights: Sequence[float], names: Sequence[str],
    options: GraphOptions = GraphOptions(), costs: Optional[Sequence[Sequence[float]]] = None,
) -> FullGraph:
    """Insert a list into the graph's class.

    A name of n tokens scores ``lm_weight * (ln P(<unk> | history) + ln weight + class_bonus) + words *
    word_bonus + n * token_bonus``; the words after it have ``<unk>`` in their history.

    Parameters
    ----------
    phrases : the token sequences of each entity; () for one without any.
    weights : of each entity; an entity of weight 0 is left out.
    names : the words of each entity. Of two entities with the same tokens the one of larger weight is
        kept, then the one whose name sorts first.
    costs : subtracted from the log weight, for each of ``phrases``; 0 by default.

    Raises
    ------
    InputError : a sequence that is empty, or that holds the blank or a token outside of the graph's vocabulary.
    """
    leaves = _leaves(graph, phrases, weights, names, options, costs)
    if not leaves.sequences:
        return without_list(graph)
    sequences, row_of = table(leaves.sequences)
    order = np.argsort(row_of)
    return _put(graph, *_class_arcs(graph, sequences, leaves.entity[order], leaves.score[order], options))


class _ClassArcs(NamedTuple):
    """The class's arcs before the CTC topology is applied, ``[E]`` each."""

    src: np.ndarray  # a slot's index, or the number of slots plus the index of an inner state of the trees
    dst: np.ndarray  # an inner state, or a state of the grammar where a name ends
    label: np.ndarray
    lm: np.ndarray  # the LM's part of the score
    bonus: np.ndarray  # the list's part
    entity: np.ndarray  # the entity that ends with the arc, or NO_ENTITY


def _class_arcs(
    graph: StaticGraph, sequences: Table, entity: np.ndarray, score: np.ndarray, options: GraphOptions
) -> Tuple[_ClassArcs, np.ndarray]:
    """The class's arcs, and the token by which each inner state is entered."""
    slots, landings = graph.grammar.slots, graph.grammar.landings
    # One tree for each history that may follow the class; its root stands for the slots that lead there.
    targets, root_of = np.unique(slots.target, return_inverse=True)
    roots, rows = len(targets), np.tile(np.arange(len(entity)), len(targets))
    tree = np.repeat(np.arange(roots, dtype=np.int32), len(entity))
    trees = grow(tree, rows, score[rows], sequences, roots)
    splits = np.searchsorted(landings.of, targets[tree])
    count = np.searchsorted(landings.of, targets[tree], side="right") - splits
    which, place = runs(splits, count)
    last = sequences.tokens[rows, sequences.length[rows] - 1][which]
    landed = Arcs(trees.state[which], landings.state[place], last, (score[rows] - trees.spent)[which])
    arcs, inner = join([trees.arcs, landed]), len(trees.arcs.src)
    lm = np.append(np.zeros(inner), options.lm_weight * landings.score[place])
    ends = np.append(np.full(inner, NO_ENTITY, np.int32), entity[rows[which]])
    token = np.zeros(trees.num_states - roots, np.int32)
    token[trees.arcs.dst - roots] = trees.arcs.label

    # Each slot gets copies of the arcs that leave its root.
    by_root = np.argsort(root_of, kind="stable")
    first = np.searchsorted(root_of[by_root], np.arange(roots + 1))
    rooted, deeper = np.flatnonzero(arcs.src < roots), np.flatnonzero(arcs.src >= roots)
    which, place = runs(first[arcs.src[rooted]], np.diff(first)[arcs.src[rooted]])
    slot, number = by_root[place], np.append(rooted[which], deeper)
    src = np.append(slot, arcs.src[deeper] - roots + len(slots.state))
    lm = lm[number]
    lm[: len(slot)] += options.lm_weight * slots.score[slot]
    dst = np.where(number < inner, arcs.dst[number] - roots, arcs.dst[number])
    return _ClassArcs(src, dst, arcs.label[number], lm, arcs.score[number] + options.token_bonus, ends[number]), token


def _put(graph: StaticGraph, arcs: _ClassArcs, token: np.ndarray) -> FullGraph:
    """Apply the CTC topology to the class's arcs and merge them with the graph's."""
    slots, static, inner = graph.grammar.slots.state, graph.copies, len(token)
    # An inner state is entered by one token only, so it becomes two: one that repeats the token, and one for blanks.
    blanks = graph.num_states + np.arange(inner, dtype=np.int32)
    held = graph.num_states + inner + np.arange(inner, dtype=np.int32)
    _, place = runs(static.splits[slots], np.diff(static.splits)[slots])
    count = np.append(np.diff(static.splits)[slots], np.ones(inner, np.int64))
    copies = Copies(
        np.append(0, np.cumsum(count)), np.append(static.label[place], token), np.append(static.state[place], held)
    )
    ends = arcs.entity != NO_ENTITY
    target = np.empty(len(ends), np.int32)
    target[~ends] = held[arcs.dst[~ends]]
    target[ends] = copy_of(static, graph.num_tokens, arcs.dst[ends], arcs.label[ends])
    new = joined(
        leave(arcs.src, arcs.label, target, np.append(slots, blanks).astype(np.int32), copies),
        hold(blanks, Copies(np.arange(inner + 1), token, held), graph.blank),
    )
    # By origin; LOOP is -1 and finds the last entry.
    scores = np.append(arcs.bonus + arcs.lm, 0).astype(np.float32)[new.origin]
    bonus = np.append(arcs.bonus, 0).astype(np.float32)[new.origin]
    entity = np.append(arcs.entity, NO_ENTITY)[new.origin]
    meaning = Meaning(new.label, new.origin != LOOP, np.full(len(scores), NO_WORD, np.int32), entity, bonus)

    where = np.searchsorted(graph.keys, sort_key(new.src, new.label), side="right")
    merged = np.insert(graph.arcs, where, pack(new, scores), axis=0)
    merged[merged[:, 2] == -1, 1] = graph.num_states + 2 * inner  # k2's final state is the last one
    count = len(graph.arcs)
    number = np.insert(np.arange(count, dtype=np.int32), where, count + np.arange(len(scores), dtype=np.int32))
    return FullGraph(merged, number, graph.meaning, meaning)


def _leaves(
    graph: StaticGraph, phrases: Sequence[Sequence[Tuple[int, ...]]], weights: Sequence[float], names: Sequence[str],
    options: GraphOptions, costs: Optional[Sequence[Sequence[float]]],
) -> _Leaves:
    best: Dict[Tuple[int, ...], Tuple[float, int]] = {}
    for entity in sorted(range(len(phrases)), key=names.__getitem__):
        if not weights[entity]:
            continue
        log_weight, words = math.log(weights[entity]), len(names[entity].split())
        for place, sequence in enumerate(phrases[entity]):
            if not sequence or not all(0 <= token < graph.num_tokens and token != graph.blank for token in sequence):
                raise InputError(
                    f"entity {entity} is spelled {list(sequence)}, but tokens run from 0 to {graph.num_tokens - 1} and "
                    f"{graph.blank} is the blank", hint="spell it in the graph's own tokens",
                )  # fmt: skip
            unit = log_weight - (costs[entity][place] if costs else 0.0) + options.class_bonus
            score = options.lm_weight * unit + words * options.word_bonus
            if sequence not in best or score > best[sequence][0]:
                best[sequence] = score, entity
    scores, entities = zip(*best.values()) if best else ((), ())
    return _Leaves(list(best), np.array(entities, np.int32), np.array(scores, np.float32))
