"""Adaptive subword boosting: the bonus of a prefix, kept up token by token.

The boost of a token emitted at a frame is ``min(cap, alpha * (best - logp) + beta)``, at least 0,
with ``best`` the frame's highest log-probability; it is 0 beyond ``boost_gap`` (DESIGN 5.1; the
shape follows "Personalization of CTC Speech Recognition Models", SLT 2022, the constants are ours).
The frame of a token is the one at which the *best alignment* of the whole prefix emits it, and so
the bonus belongs to the prefix and the frame reached, however many ways led there.

An entity that covers tokens i..j, begins where a word begins and ends where one ends earns
``weight * (first * boost_i + boost_i+1 + ... + boost_j) - cost``. The bonus of a prefix is the
highest sum over sets of its entities that do not overlap. While a match is unfinished, it counts
provisionally, with the highest weight of the entities that it can still become, if that is more; a
match that breaks takes its bonus along, down to what the suffixes still in the trie have earned.
"""
from __future__ import annotations

from collections import namedtuple

from ctcb.compiled import compiled

# One record a token of an alignment: the record before it, its frame and token; `boost`: sum of the
# boosts so far; `start`: add it to a later `boost` for what a match that begins here has earned;
# `begin`: the record at which the longest match under way begins; `open`: bonus if the word goes on
# after this token; `closed`: bonus if the word ends with it; `hoped`: the provisional bonus.
Records = namedtuple("Records", "parent frame token boost start begin open closed hoped")
Boost = namedtuple("Boost", "alpha beta cap gap first")


@compiled
def back(records, record, steps):
    """The record ``steps`` tokens before ``record``."""
    for _ in range(steps):
        record = records.parent[record]
    return record


@compiled
def token_boost(options, gap):
    """The boost of a token ``gap`` below its frame's best."""
    if gap > options.gap:
        return 0.0
    return max(0.0, min(options.cap, options.alpha * gap + options.beta))


@compiled
def advance(graph, records, options, before, old_state, state, new_word, gap):
    """The bonus fields of a record that follows ``before``.

    ``old_state`` and ``state`` are the context states before and after the token, ``new_word`` says
    that the token closes the word before it, ``gap`` its distance to the frame's best. Returns
    ``(boost, begin, open, closed, hoped)``; ``begin`` is -1 if the longest match begins with this
    token.
    """
    opened = records.closed[before] if new_word else records.open[before]
    closed = hoped = opened
    if state == 0:
        return records.boost[before], -1, opened, closed, hoped
    own = token_boost(options, gap)
    boost = records.boost[before] + own
    longest, longest_depth = -1, graph.states[state].depth
    if longest_depth == graph.states[old_state].depth + 1 and longest_depth > 1:
        longest = records.begin[before]
    suffix = state
    while suffix != 0:  # every match under way, the longest first
        depth = graph.states[suffix].depth
        if depth == 1:
            begin, earned, base = -1, options.first * own, records.closed[before]
        else:
            begin = longest if depth == longest_depth and longest >= 0 else back(records, before, depth - 2)
            earned, base = boost + records.start[begin], records.closed[records.parent[begin]]
        if suffix == state:
            longest = begin
        hoped = max(hoped, base + graph.states[suffix].weight * earned)
        for i in range(graph.states[suffix].ends, graph.states[suffix + 1].ends):
            closed = max(closed, base + graph.end_weight[i] * earned - graph.end_cost[i])
        suffix = graph.states[suffix].fail
    return boost, longest, opened, closed, max(hoped, closed)
