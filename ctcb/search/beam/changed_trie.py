"""The trie of a context graph without some sequences and with others, from the one before: numbered and linked as if it were made anew.

What a change leaves as it is, is moved: the states between two places at which states come or go keep their order, and a state's
suffix is looked for again only where the one that it had is gone, or where a state of the trie is new that could be a longer one.
"""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ctcb.compiled import compiled
from ctcb.search.beam.automaton import child, step
from ctcb.search.beam.bisection import first_not_below
from ctcb.search.beam.token_trie import shared_symbols

NONE = -1


class Moves(NamedTuple):
    """The states of a changed trie, T of them, beside the S of the trie before.

    Attributes
    ----------
    before : ``[T]`` int32, the number of each state in the trie before; S and more where it is new.
    place : int32, the new number of each state by the one before, those of new states behind; -1 for one that is gone.
    touched : ``[S]`` bool, whether a state of the trie before has other children.
    parent : int64, the parents of new states, by their numbers from S on, as in ``before``.
    token : ``[T]`` int32, the token that leads to the state (-1: none).
    of_root : int64, where the root's children stop.
    new_end : int64, the last state of each sequence that comes, by its new number.
    left_end : int64, the last state that is left of each sequence that goes, by its new number.
    """

    before: np.ndarray
    place: np.ndarray
    touched: np.ndarray
    parent: np.ndarray
    token: np.ndarray
    of_root: int
    new_end: np.ndarray
    left_end: np.ndarray


@compiled(allocates=False, inner=True)
def _parent(states, size, state):
    """The parent of a state other than the root, among the first ``size`` ones: of those whose children begin up to there, the last."""
    low, high = 0, size
    while high - low > 1:
        middle = (low + high) >> 1
        if states[middle].first_child <= state:
            low = middle
        else:
            high = middle
    return low


@compiled(allocates=False, inner=True)
def _is_leaf(states, place, state):
    """Whether all children of a state are gone."""
    for following in range(states[state].first_child, states[state + 1].first_child):
        if place[following] != NONE:
            return False
    return True


@compiled
def renumber(graph, staying, leaving, flat, starts, lengths, order):
    """Number the states of the changed trie.

    Parameters
    ----------
    graph : the arrays of the graph before, with S states.
    staying, leaving : int64, the last states of its sequences: of those that stay, and of those that are to go.
    flat, starts, lengths, order : the sequences that come, in alphabetical order, as of :class:`PhraseTable`.
    """
    states, size = graph.states, len(graph.token)
    most, longest, deepest = 0, 0, 0
    for sequence in order:
        most, longest = most + lengths[sequence], max(longest, lengths[sequence])
    for state in leaving:
        deepest += states[state].depth
    kept, touched = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    kept[0] = True
    for state in staying:
        kept[state] = True
    # The new states; those of one level are made in the order in which they are numbered.
    parents, tokens, levels = np.empty(most, np.int64), np.empty(most, np.int32), np.empty(most, np.int64)
    way, new_end, made = np.zeros(longest + 1, np.int64), np.zeros(len(order), np.int64), 0
    for n in range(len(order)):
        sequence = order[n]
        shared = shared_symbols(flat, starts, lengths, order[n - 1], sequence) if n > 0 else 0
        for level in range(shared + 1, lengths[sequence] + 1):
            symbol, above = flat[starts[sequence] + level - 1], way[level - 1]
            state = np.int64(child(graph, above, symbol)) if above < size else 0
            if state == 0:
                state = size + made
                parents[made], tokens[made], levels[made] = above, symbol, level
                made += 1
                if above < size:
                    kept[above] = touched[above] = True
            way[level] = state
        last = way[lengths[sequence]]
        new_end[sequence] = last
        if last < size:
            kept[last] = True
    # What no sequence needs any more.
    place, lost, gone = np.zeros(size + made, np.int32), np.empty(deepest, np.int64), 0
    left_end = leaving.copy()
    for n in range(len(leaving)):
        state = leaving[n]
        while not kept[state] and place[state] != NONE and _is_leaf(states, place, state):
            place[state] = NONE
            lost[gone] = state
            gone += 1
            state = left_end[n] = _parent(states, size, state)
            touched[state] = True
    lost = np.sort(lost[:gone])
    # Before which state each new one comes: its parent's children stand in the order of their tokens.
    new, position = np.argsort(levels[:made], kind="mergesort"), np.empty(made, np.int64)
    for number in new:
        above = parents[number]
        if above < size:
            position[number] = first_not_below(graph.token, tokens[number], states[above].first_child, states[above + 1].first_child)
        else:
            position[number] = states[position[above - size]].first_child
    # The states between two changes keep their order.
    left = size + made - gone
    before, token = np.empty(left, np.int32), np.empty(left, np.int32)
    old, count, came, went = 0, 0, 0, 0
    while count < left:
        limit = min(lost[went] if went < gone else size, position[new[came]] if came < made else size)
        for state in range(old, limit):
            before[count + state - old], place[state], token[count + state - old] = state, count + state - old, graph.token[state]
        count, old = count + limit - old, limit
        if came < made and position[new[came]] == limit:
            before[count], token[count], place[size + new[came]] = size + new[came], tokens[new[came]], count
            count, came = count + 1, came + 1
        elif went < gone:
            old, went = old + 1, went + 1
    of_root = states[1].first_child + (levels[:made] == 1).sum() - (lost < states[1].first_child).sum()
    for n in range(len(new_end)):
        new_end[n] = place[new_end[n]]
    for n in range(len(left_end)):
        left_end[n] = max(0, place[left_end[n]])  # one that is gone because of another sequence, whose own is further up
    return Moves(before, place, touched, parents[:made], token, of_root, new_end, left_end)


@compiled
def relink(old, graph, moves, limits, starts_word, is_separator):
    """Fill in the states of a renumbered ``graph`` from those of the ``old`` one, but for `top_weight` and the `weight` of what changed.

    ``limits``: ``[T]``, where the entities that end in each state stop.
    """
    states, size, count = graph.states, len(old.token), len(moves.before)
    new_at_root = np.zeros(len(graph.root_child), np.bool_)
    other = np.zeros(count, np.bool_)  # whether the state, or a suffix of it other than the root, has other children than before
    parent = np.zeros(count, np.int32)  # of states whose suffix may be longer than before, since their parent's has other children
    behind = np.int64(moves.of_root)
    for state in range(1, count):
        before, token, first = np.int64(moves.before[state]), graph.token[state], behind
        suffix, changed, depth, weight = np.int64(NONE), True, np.int32(0), np.float32(0)
        if before < size:
            suffix, changed = np.int64(moves.place[old.states[before].fail]), moves.touched[before]
            depth, weight = old.states[before].depth, old.states[before].weight
        if changed:
            low, high = (old.states[before].first_child, old.states[before + 1].first_child) if before < size else (0, 0)
            while behind < count and (
                low <= moves.before[behind] < high or (moves.before[behind] >= size and moves.parent[moves.before[behind] - size] == before)
            ):
                behind += 1
        else:
            behind += old.states[before + 1].first_child - old.states[before].first_child
        if suffix == NONE or parent[state] != 0 or new_at_root[token]:
            above, same, suffix = np.int64(parent[state]), suffix, np.int64(0)
            if above == 0:
                above = np.int64(_parent(states, state, state))
            depth = states[above].depth + 1
            if above != 0:
                begins = starts_word[token] != 0 or is_separator[graph.token[above]] != 0
                suffix = np.int64(step(graph, states[above].fail, token, begins))
            elif before >= size:
                new_at_root[token] = True
            changed = changed or same != suffix
        if other[suffix]:
            changed = True
            for following in range(first, behind):
                parent[following] = state
        if changed:
            other[state] = True
            mask = states[suffix].mask
            for following in range(first, behind):
                mask |= np.int64(1) << (graph.token[following] & 63)
        else:
            mask = old.states[before].mask
        states[state].first_child, states[state].ends, states[state].fail = first, limits[state - 1], suffix
        states[state].depth, states[state].weight, states[state].mask = depth, weight, mask


@compiled
def states_above(states, some):
    """The states that are among ``some`` (int64) or above them, but for the root, the last ones first."""
    size = len(states) - 1
    found, marked, made = np.empty(size, np.int64), np.zeros(size, np.bool_), 0
    marked[0] = True
    for state in some:
        while not marked[state]:
            marked[state] = True
            found[made] = state
            made, state = made + 1, np.int64(_parent(states, size, state))
    return -np.sort(-found[:made])
