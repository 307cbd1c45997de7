"""Adaptive subword boosting: the bonus of a prefix, kept up token by token.

The boost of a token emitted at a frame is ``min(cap, alpha * (best - logp) + beta * letters)``, at
least 0, with ``best`` the frame's highest log-probability and the letters that the token spells; it
is 0 beyond ``boost_gap``. (docs/techniques.md; "Personalization of CTC Speech Recognition Models", SLT 2022,
has the distance. That evidence grows with letters and not with tokens was measured: results/notes/boosting.md.)
The frame of a token is the one at which the *best alignment* of the whole prefix emits it, and so
the bonus belongs to the prefix and the frame reached, however many ways led there.

An entity that covers tokens i..j, begins where a word begins and ends where one ends earns
``weight * (boost_i + ... + boost_j) - cost``. The bonus of a prefix is the highest sum over sets of
its entities that do not overlap. While a match is unfinished, it counts provisionally, with the
highest weight of the entities that it can still become, if that is more; a match that breaks takes
its bonus along, down to what the suffixes still in the trie have earned.
"""
from __future__ import annotations

from collections import namedtuple

from ctcb.compiled import compiled

# One record a token of an alignment: the record before it, its frame and token; `boost`: sum of the
# boosts so far; `origin`: the record before the longest match under way; `open`: bonus if the word goes
# on after this token; `closed`: bonus if the word ends with it; `hoped`: the provisional bonus.
Records = namedtuple("Records", "parent frame token boost origin open closed hoped")
Boost = namedtuple("Boost", "alpha beta cap gap")


@compiled
def back(tree, place, steps):
    """The record (of Records) or node (of a prefix tree) ``steps`` tokens before ``place``."""
    for _ in range(steps):
        place = tree.parent[place]
    return place


@compiled
def token_boost(options, gap, letters):
    """The boost of a token of so many letters, ``gap`` below its frame's best."""
    if gap > options.gap:
        return 0.0
    return max(0.0, min(options.cap, options.alpha * gap + options.beta * letters))


@compiled
def advance(graph, records, options, before, old_state, state, new_word, gap, letters):
    """The bonus fields of a record that follows ``before``.

    ``old_state`` and ``state`` are the context states before and after the token, ``new_word`` says
    that the token closes the word before it, ``gap`` its distance to the frame's best. Returns
    ``(boost, origin, open, closed, hoped)``.
    """
    opened = records.closed[before] if new_word else records.open[before]
    closed = hoped = opened
    if state == 0:
        return records.boost[before], before, opened, closed, hoped
    boost = records.boost[before] + token_boost(options, gap, letters)
    longest, origin = graph.states[state].depth, before
    if longest > 1:
        goes_on = longest == graph.states[old_state].depth + 1
        origin = records.origin[before] if goes_on else back(records, before, longest - 1)
    suffix, start = state, origin
    while suffix != 0:  # every match under way, the longest first
        depth = graph.states[suffix].depth
        if suffix != state:
            start = back(records, before, depth - 1)
        earned, base = boost - records.boost[start], records.closed[start]
        hoped = max(hoped, base + graph.states[suffix].weight * earned)
        for i in range(graph.states[suffix].ends, graph.states[suffix + 1].ends):
            closed = max(closed, base + graph.end_weight[i] * earned - graph.end_cost[i])
        suffix = graph.states[suffix].fail
    return boost, origin, opened, closed, max(hoped, closed)
