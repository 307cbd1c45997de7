"""The CTC topology applied to an automaton over tokens: H composed with LG, in numpy.

Graves et al. 2006: a token lasts one frame or more; blanks may stand between tokens, and must stand
between two equal ones. Each state v of the automaton becomes one state for each token c that enters
it, in which c may be repeated, and one for the blank frames after it. An arc with label c out of v
leaves all of these, except the one in which c is repeated: there a blank must come first.

k2's ``ctc_topo`` has an arc between every two tokens, and composing with it takes seconds; in a graph
of words few pairs of tokens are adjacent. ``ctc_topo(modified=True)`` is small too, but allows a
repeated token to count as two, which a bonus on tokens would favour.
"""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ctcb.graph.tries import Arcs, runs

LOOP = -1  # the origin of an arc that begins no new token


class Copies(NamedTuple):
    """The states in which a token is repeated: one for each pair (state of the automaton, token that enters it)."""

    splits: np.ndarray  # [S + 1] int64: the copies of state v are splits[v]:splits[v + 1]
    label: np.ndarray  # [C] int32, ascending within a state
    state: np.ndarray  # [C] int32, the copy's number among all states of the CTC graph


class CtcArcs(NamedTuple):
    """Arcs of the CTC graph, ``[N]`` int32 each. All but final arcs (label -1) consume a frame."""

    src: np.ndarray
    dst: np.ndarray
    label: np.ndarray  # the frame's token or the blank
    origin: np.ndarray  # the arc of the automaton that begins the new token; LOOP where none begins


def find_copies(arcs: Arcs, num_states: int, num_tokens: int, any_label: np.ndarray, labels: np.ndarray) -> Copies:
    """The copies of an automaton's states; the states ``any_label`` get one for each of ``labels``."""
    more = (any_label[:, None].astype(np.int64) * num_tokens + labels).ravel()
    keys = np.unique(np.concatenate([arcs.dst.astype(np.int64) * num_tokens + arcs.label, more]))
    splits = np.searchsorted(keys, np.arange(num_states + 1, dtype=np.int64) * num_tokens)
    return Copies(splits, (keys % num_tokens).astype(np.int32), (num_states + np.arange(len(keys))).astype(np.int32))


def copy_of(copies: Copies, num_tokens: int, state: np.ndarray, label: np.ndarray) -> np.ndarray:
    """The CTC state of each pair (state, label), ``[N]`` int32; every pair must have a copy."""
    owner = np.repeat(np.arange(len(copies.splits) - 1, dtype=np.int64), np.diff(copies.splits))
    keys = owner * num_tokens + copies.label
    return copies.state[np.searchsorted(keys, state.astype(np.int64) * num_tokens + label)]


def leave(src: np.ndarray, label: np.ndarray, target: np.ndarray, blank_state: np.ndarray, copies: Copies) -> CtcArcs:
    """The arcs that begin new tokens.

    Parameters
    ----------
    src, label : ``[E]``, the automaton's arcs.
    target : ``[E]``, the CTC states to which they lead.
    blank_state : ``[S]``, the CTC state for each state's blank frames.
    copies : of the automaton's states.
    """
    number = np.arange(len(src), dtype=np.int32)
    origin, place = runs(copies.splits[src], np.diff(copies.splits)[src])
    apart = copies.label[place] != label[origin]
    origin, place = origin[apart], place[apart]
    both = np.concatenate([number, origin])
    return CtcArcs(np.concatenate([blank_state[src], copies.state[place]]), target[both], label[both], both)


def hold(blank_state: np.ndarray, copies: Copies, blank: int) -> CtcArcs:
    """The arcs that repeat a token or consume a blank frame."""
    owner = np.repeat(np.arange(len(copies.splits) - 1), np.diff(copies.splits))
    blanks = np.full(len(blank_state), blank, np.int32)
    src = np.concatenate([blank_state, copies.state, copies.state])
    return CtcArcs(
        src,
        np.concatenate([blank_state, copies.state, blank_state[owner]]),
        np.concatenate([blanks, copies.label, np.full(len(owner), blank, np.int32)]),
        np.full(len(src), LOOP, np.int32),
    )


def end(state: np.ndarray, first_origin: int, final_state: int, blank_state: np.ndarray, copies: Copies) -> CtcArcs:
    """Final arcs out of the automaton's final states; their origins are numbered from ``first_origin``."""
    which, place = runs(copies.splits[state], np.diff(copies.splits)[state])
    both = np.concatenate([np.arange(len(state)), which])
    src = np.concatenate([blank_state[state], copies.state[place]])
    return CtcArcs(src, np.full(len(src), final_state, np.int32), np.full(len(src), -1, np.int32), first_origin + both)


def joined(*parts: CtcArcs) -> CtcArcs:
    """All arcs, sorted by source and label as k2 requires (it compares labels as unsigned, so -1 comes last)."""
    src, dst, label, origin = (np.concatenate(column).astype(np.int32) for column in zip(*parts))
    order = np.argsort(sort_key(src, label), kind="stable")
    return CtcArcs(src[order], dst[order], label[order], origin[order])


def sort_key(src: np.ndarray, label: np.ndarray) -> np.ndarray:
    """The key by which arcs are sorted, ``[N]`` int64."""
    return (src.astype(np.int64) << 32) | label.astype(np.uint32)
