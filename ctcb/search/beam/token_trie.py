"""A trie of many sequences, built from their alphabetical order."""
from __future__ import annotations

from typing import Optional, Tuple

import numpy as np

from ctcb.compiled import compiled

_BITS = 63  # of a sort key


def sort_sequences(flat: np.ndarray, starts: np.ndarray, lengths: np.ndarray, size: int) -> np.ndarray:
    """The sequences ``flat[start : start + length]`` in alphabetical order, equal ones as they come: their numbers ``[N]`` int64.

    ``starts`` and ``lengths`` are ``[N]`` int64; symbols are 0 to ``size - 1``.
    """
    bits = int(size).bit_length()  # 0 is a sequence's end, which comes before all symbols
    width = max(1, _BITS // bits)
    order = np.argsort(_keys(flat, starts, lengths, 0, width, bits), kind="stable")
    first, longest = width, int(lengths.max(initial=0))
    group = np.zeros(len(order), np.int64)
    while first < longest:
        key = _keys(flat, starts[order], lengths[order], first - width, width, bits)
        group = np.cumsum(np.r_[0, (key[1:] != key[:-1]) | (group[1:] != group[:-1])][: len(order)])
        tied = np.flatnonzero(np.bincount(group)[group] > 1)
        if not len(tied):
            break
        some = order[tied]
        order[tied] = some[np.lexsort((_keys(flat, starts[some], lengths[some], first, width, bits), group[tied]))]
        first += width
    return order


def merge_sorted(flat: np.ndarray, starts: np.ndarray, lengths: np.ndarray, order: np.ndarray, more: np.ndarray) -> np.ndarray:
    """Two runs of sequences in alphabetical order as one; equal ones of ``order`` come before those of ``more``."""
    return np.insert(order, _places(flat, starts, lengths, order, more), more)


def grow(
    flat: np.ndarray, starts: np.ndarray, lengths: np.ndarray, size: int, order: Optional[np.ndarray] = None
) -> Tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Build the trie of the sequences ``flat[start : start + length]``, whose symbols are below ``size``.

    ``starts`` and ``lengths`` are ``[N]`` int64; ``order`` is their alphabetical one, where it is known. States are numbered by
    level, then parent, then symbol; 0 is the root. Returns the states' symbols, parents and depths (``[S]`` int32; the root's
    symbol and parent are -1), and the last state of each sequence (``[N]`` int64).
    """
    order = sort_sequences(flat, starts, lengths, size) if order is None else order
    return _grow(flat, starts, lengths, order, int(lengths.max(initial=0)))


def first_children(parent: np.ndarray) -> np.ndarray:
    """The first child of each state, ``[S + 1]``: state s has the children ``first[s]`` to ``first[s + 1] - 1``.

    ``parent`` is ``[S]``, as :func:`grow` returns it.
    """
    return np.concatenate([[1], 1 + np.cumsum(np.bincount(parent[1:], minlength=len(parent)))])


@compiled
def in_order(flat, starts, lengths, order):
    """The symbols of sequences one behind the other in an order, which makes them faster to read in it, and where each begins."""
    moved, begins, written = np.empty(lengths.sum(), flat.dtype), np.empty(len(starts), np.int64), 0
    for sequence in order:
        begins[sequence] = written
        for place in range(starts[sequence], starts[sequence] + lengths[sequence]):
            moved[written] = flat[place]
            written += 1
    return moved, begins


@compiled
def _keys(flat, starts, lengths, first, width, bits):
    """``width`` symbols of each sequence from its place ``first`` on, as one number."""
    keys = np.zeros(len(starts), np.int64)
    for n in range(len(starts)):
        for place in range(first, first + width):
            keys[n] = (keys[n] << bits) | (np.int64(flat[starts[n] + place]) + 1 if place < lengths[n] else 0)
    return keys


@compiled(allocates=False, inner=True)
def shared_symbols(flat, starts, lengths, a, b):
    """How many first symbols two sequences share."""
    most = min(lengths[a], lengths[b])
    for place in range(most):
        if flat[starts[a] + place] != flat[starts[b] + place]:
            return place
    return most


@compiled
def _places(flat, starts, lengths, order, more):
    """Before which of ``order`` each of ``more`` belongs."""
    places = np.empty(len(more), np.int64)
    for n in range(len(more)):
        low, high = 0, len(order)
        while low < high:
            middle = (low + high) // 2
            a, b = order[middle], more[n]
            same = shared_symbols(flat, starts, lengths, a, b)
            if same < lengths[a] and (same == lengths[b] or flat[starts[a] + same] > flat[starts[b] + same]):
                high = middle
            else:
                low = middle + 1
        places[n] = low
    return places


@compiled
def _grow(flat, starts, lengths, order, longest):
    """:func:`grow`: a sequence makes a state of each symbol behind those that it shares with the one before it in order."""
    following = np.zeros(longest + 2, np.int64)  # first the states of each level, then the number of the next one there
    following[0] = 1
    shared = np.zeros(len(order), np.int64)
    for n in range(len(order)):
        shared[n] = shared_symbols(flat, starts, lengths, order[n - 1], order[n]) if n > 0 else 0
        for level in range(shared[n] + 1, lengths[order[n]] + 1):
            following[level] += 1
    states = 0
    for level in range(longest + 1):
        states, following[level] = states + following[level], states
    symbol, parent, depth = np.empty(states, np.int32), np.empty(states, np.int32), np.empty(states, np.int32)
    symbol[0], parent[0], depth[0] = -1, -1, 0
    end, way = np.zeros(len(order), np.int64), np.zeros(longest + 1, np.int64)
    for n in range(len(order)):
        sequence = order[n]
        for level in range(shared[n] + 1, lengths[sequence] + 1):
            state = following[level]
            following[level] += 1
            symbol[state], parent[state], depth[state] = flat[starts[sequence] + level - 1], way[level - 1], level
            way[level] = state
        end[sequence] = way[lengths[sequence]]
    return symbol, parent, depth, end
