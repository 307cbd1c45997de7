"""Adaptive subword boosting: the bonus of a prefix, updated token by token.

The boost of a token emitted at a frame is ``min(cap, alpha * (best - logp) + letter_boost * letters)``, at
least 0, with ``best`` the frame's highest log-probability and the letters that the token spells; it
is 0 beyond ``gap``. What exceeds the distance is surplus: it lifts the token above the frame's best.
(docs/techniques.md; "Personalization of CTC Speech Recognition Models", SLT 2022, has the distance. That
the boost should grow with letters and not with tokens was measured: results/notes/boosting.md.)
``letter_boost`` is ``beta``, or less where the model is unsure: where the frames so far have a higher entropy than
``entropy``. Only the frames so far count, so that a stream finds what the search of a whole finds.
The frame of a token is the one at which the *best alignment* of the whole prefix emits it, and so
the bonus belongs to the prefix and the frame reached, however many alignments led there.

An entity that covers tokens i..j, begins where a word begins and ends where one ends earns
``weight * (boost_i + ... + boost_j) - cost``, of which no more than ``weight * surplus`` is surplus:
else a long name, each of whose tokens is heard, could pay for dropping the surely heard ending of a
longer word. The bonus of a prefix is the highest sum over sets of its entities that do not overlap. While a match is unfinished, it counts provisionally, with the
highest weight of the entities that it can still become, if that is more; a match that breaks loses
its bonus, down to what the suffixes still in the trie have earned.

A phrase to push away is charged apart from these (GraphArrays.penalty): each of its occurrences at word boundaries takes its
penalty from the prefix, once a following token, or the end, shows that a word ends there.
"""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ctcb.compiled import compiled

PRIOR_FRAMES = 5  # of the entropy up to which a letter's boost is whole, counted before the first frame
ENTROPY_POWER = 0.75  # with which a letter's boost falls as the mean entropy rises (results/other_models.md)


class BoostOptions(NamedTuple):
    """How a token is boosted; all float64, see :class:`BeamOptions`.

    Attributes
    ----------
    alpha : nats of boost a nat of distance between the frame's best and the token.
    beta : nats of boost a letter of the token.
    entropy : nats a frame, up to which a letter is boosted by all of ``beta``; 0: always.
    cap : nats, the highest boost of a token.
    surplus : nats, the most by which an entity's boosts may exceed the distances of its tokens.
    gap : nats below the frame's best beyond which a token is not boosted.
    """

    alpha: float
    beta: float
    entropy: float
    cap: float
    surplus: float
    gap: float


class Bonus(NamedTuple):
    """The bonus fields of one backpointer, as scalars; see BACKPOINTER."""

    boost_sum: float
    fill_sum: float
    match_origin: int
    open_bonus: float
    closed_bonus: float
    provisional_bonus: float


BACKPOINTER = np.dtype([
    ("parent", np.int32),  # the backpointer of the token before
    ("frame", np.int32),  # at which the alignment emits the token
    ("token", np.int32),  # its id (-1: none)
    ("match_origin", np.int32),  # the backpointer before the first token of the longest match under way
    ("boost_sum", np.float64),  # nats, the sum of the boosts of all tokens so far
    ("fill_sum", np.float64),  # nats, the same without surplus
    ("open_bonus", np.float64),  # nats, the bonus if the word goes on after this token
    ("closed_bonus", np.float64),  # nats, the bonus if the word ends with this token
    ("provisional_bonus", np.float64),  # nats, the bonus with unfinished matches counted, for pruning
], align=True)


class Backpointers(NamedTuple):
    """One backpointer for each token of an alignment; number 0 is the empty alignment.

    Attributes
    ----------
    count : ``[1]`` int64, how many are in use.
    records : ``[N]`` BACKPOINTER.
    """

    count: np.ndarray
    records: np.ndarray


@compiled(allocates=False, inner=True)
def ancestor(records, place, steps):
    """The backpointer (of BACKPOINTER records) or node (of NODE records) ``steps`` tokens before ``place``."""
    for _ in range(steps):
        place = records[place].parent
    return place


@compiled(allocates=False, inner=True)
def boost_of_letter(options, entropy, frames):
    """The boost (nats) a letter after ``frames`` frames whose entropies (nats) sum up to ``entropy``."""
    usual = options.entropy
    mean = (entropy + PRIOR_FRAMES * usual) / (frames + PRIOR_FRAMES)
    return options.beta if mean <= usual else options.beta * (usual / mean) ** ENTROPY_POWER


@compiled(allocates=False, inner=True)
def token_boost(options, letter_boost, gap, letters):
    """The boost (nats) of a token of so many letters, ``gap`` nats below its frame's best."""
    if gap > options.gap:
        return 0.0
    return max(0.0, min(options.cap, options.alpha * gap + letter_boost * letters))


@compiled(allocates=False, inner=True)
def bounded_boost(options, boost, fill):
    """The boost of an entity: that of its tokens, ``fill`` of it within their distances, with the rest bounded."""
    return fill + min(options.surplus, boost - fill)


@compiled(allocates=False, inner=True)
def extend_bonus(graph, backpointers, options, previous, old_state, state, ends_name, letter_boost, gap, letters):
    """The Bonus of a token that follows the backpointer ``previous``.

    ``old_state`` and ``state`` are the context states before and after the token, ``ends_name`` says
    that an entity may end before the token, ``letter_boost`` (nats) is the frame's, ``gap`` (nats) is
    the token's distance to the frame's best.
    """
    records = backpointers.records
    before = records[previous]
    opened = before.closed_bonus if ends_name else before.open_bonus
    closed = provisional = opened
    if state == 0:
        return Bonus(
            boost_sum=before.boost_sum, fill_sum=before.fill_sum, match_origin=np.int64(previous),
            open_bonus=opened, closed_bonus=closed, provisional_bonus=provisional)
    boost = token_boost(options, letter_boost, gap, letters)
    boost_sum, fill_sum = before.boost_sum + boost, before.fill_sum + min(boost, gap)
    longest, origin = graph.states[state].depth, np.int64(previous)
    if longest > 1:
        goes_on = longest == graph.states[old_state].depth + 1
        origin = np.int64(
            before.match_origin if goes_on else ancestor(records, previous, longest - 1))
    suffix, start = state, origin
    while suffix != 0:  # every match under way, the longest first
        depth = graph.states[suffix].depth
        if suffix != state:
            start = np.int64(ancestor(records, previous, depth - 1))
        base = records[start].closed_bonus
        earned = bounded_boost(options, boost_sum - records[start].boost_sum, fill_sum - records[start].fill_sum)
        provisional = max(provisional, base + graph.states[suffix].weight * earned)
        for i in range(graph.states[suffix].ends, graph.states[suffix + 1].ends):
            closed = max(closed, base + graph.end_weight[i] * earned - graph.end_cost[i])
        suffix = graph.states[suffix].fail
    return Bonus(
        boost_sum=boost_sum, fill_sum=fill_sum, match_origin=origin,
        open_bonus=opened, closed_bonus=closed, provisional_bonus=max(provisional, closed))
