"""The trie of a context graph without some sequences and with others, from the one before: numbered and linked as if it were made anew.

What a change leaves as it is, is moved: states get new numbers, and a state's suffix is looked for again only where the one that
it had is gone, or where a state of the trie is new that could be a longer one.
"""
from __future__ import annotations

import numpy as np

from ctcb.compiled import compiled
from ctcb.search.beam.automaton import step
from ctcb.search.beam.token_trie import shared_symbols

NONE = -1


@compiled
def renumber(graph, end, gone, flat, starts, lengths, order):
    """Number the states of the changed trie.

    Parameters
    ----------
    graph : the arrays of the graph before, with S states.
    end : ``[N]`` int64, the last state of each of its sequences.
    gone : int64, the sequences that are to go.
    flat, starts, lengths, order : the sequences that come, in alphabetical order, as of :class:`PhraseTable`.

    Returns
    -------
    before : ``[T]`` int32, by the new number of a state its number in the graph before, or S and more where it is new.
    token, parent, depth : ``[T]`` int32, as of ``grow``.
    first : ``[T + 1]`` int32, the first child of each state.
    place : int32, the new number of each state by the old one, those of new states behind; -1 for one that is gone.
    new_end : int64, the last state of each sequence that comes, by its new number.
    """
    states, size = graph.states, len(graph.token)
    most, longest = size, 0
    for sequence in order:
        most, longest = most + lengths[sequence], max(longest, lengths[sequence])
    users, children, parents = np.zeros(most, np.int32), np.zeros(most, np.int32), np.empty(most, np.int32)
    parents[0] = NONE
    for state in range(size):
        children[state] = states[state + 1].first_child - states[state].first_child
        for following in range(states[state].first_child, states[state + 1].first_child):
            parents[following] = state
    for state in end:
        users[state] += 1
    touched = np.zeros(most, np.bool_)  # whether the state has other children than before
    # The new states; those of one parent are made in the order of their tokens.
    tokens = np.empty(most - size, np.int32)
    way, new_end, made = np.zeros(longest + 1, np.int64), np.zeros(len(order), np.int64), size
    for n in range(len(order)):
        sequence = order[n]
        shared = shared_symbols(flat, starts, lengths, order[n - 1], sequence) if n > 0 else 0
        for level in range(shared + 1, lengths[sequence] + 1):
            symbol, above = flat[starts[sequence] + level - 1], way[level - 1]
            state = 0
            if above < size:
                for other in range(states[above].first_child, states[above + 1].first_child):
                    if graph.token[other] == symbol:
                        state = other
            if state == 0:
                state = made
                made += 1
                parents[state], tokens[state - size] = above, symbol
                children[above] += 1
                touched[above] = True
            way[level] = state
        new_end[sequence] = way[lengths[sequence]]
        users[way[lengths[sequence]]] += 1
    # What no sequence needs any more.
    place, left = np.zeros(made, np.int32), made
    for sequence in gone:
        users[end[sequence]] -= 1
    for sequence in gone:
        state = np.int64(end[sequence])
        while state != 0 and place[state] == 0 and users[state] == 0 and children[state] == 0:
            place[state] = NONE
            left -= 1
            state = np.int64(parents[state])
            children[state] -= 1
            touched[state] = True
    # Level by level, by parent, then by token.
    new = np.argsort(parents[size:made], kind="mergesort")
    above_new = parents[size:made][new]
    before, first = np.zeros(left, np.int32), np.empty(left + 1, np.int32)
    token, parent, depth = np.empty(left, np.int32), np.empty(left, np.int32), np.empty(left, np.int32)
    token[0], parent[0], depth[0], count = NONE, NONE, 0, 1
    for state in range(left):
        first[state], old = count, before[state]
        child, limit = (states[old].first_child, states[old + 1].first_child) if old < size else (0, 0)
        other, other_limit = 0, 0
        if touched[old]:
            other, other_limit = np.searchsorted(above_new, old), np.searchsorted(above_new, old, "right")
        while child < limit or other < other_limit:
            if child < limit and place[child] == NONE:
                child += 1
                continue
            if child < limit and (other == other_limit or graph.token[child] < tokens[new[other]]):
                before[count], token[count] = child, graph.token[child]
                child += 1
            else:
                before[count], token[count] = size + new[other], tokens[new[other]]
                other += 1
            parent[count], depth[count] = state, depth[state] + 1
            place[before[count]] = count
            count += 1
    first[left] = count
    for n in range(len(new_end)):
        new_end[n] = place[new_end[n]]
    return before, token, parent, depth, first, place, new_end


@compiled
def relink(old, graph, before, place, parent, starts_word, is_separator):
    """Fill in the states' `fail`, `mask` and `top_weight` in a renumbered ``graph``, from the ones in the ``old`` one."""
    states, size = graph.states, len(old.token)
    new_at_root = np.zeros(len(graph.root_child), np.bool_)
    grew = np.zeros(len(parent), np.bool_)  # whether the state, or a suffix of it other than the root, has a new child
    for state in range(1, len(parent)):
        if before[state] >= size:
            if parent[state] == 0:
                new_at_root[graph.token[state]] = True
            else:
                grew[parent[state]] = True
    for state in range(1, len(parent)):
        token, above = graph.token[state], parent[state]
        suffix = np.int64(0)
        if above != 0:
            begins = starts_word[token] != 0 or is_separator[graph.token[above]] != 0
            known = before[state] < size
            if known:
                suffix = np.int64(place[old.states[before[state]].fail])
            if not known or suffix == NONE or grew[states[above].fail] or (begins and new_at_root[token]):
                suffix = step(graph, states[above].fail, token, begins)
            states[state].fail = suffix
        grew[state] = grew[state] or grew[suffix]
        mask = states[suffix].mask
        for following in range(states[state].first_child, states[state + 1].first_child):
            mask |= np.int64(1) << (graph.token[following] & 63)
        states[state].mask = mask
        states[state].top_weight = max(states[state].weight, states[suffix].top_weight)
