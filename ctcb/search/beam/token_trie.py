"""A trie of many sequences, built level by level by sorting."""
from __future__ import annotations

from typing import List, Tuple

import numpy as np


def grow(
    flat: np.ndarray, starts: np.ndarray, lengths: np.ndarray, size: int
) -> Tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Build the trie of the sequences ``flat[start : start + length]``, whose symbols are below ``size``.

    ``starts`` and ``lengths`` are ``[N]`` int64. States are numbered by level, then parent, then symbol; 0 is
    the root. Returns the states' symbols, parents and depths (``[S]`` int32; the root's symbol and parent
    are -1), and the last state of each sequence (``[N]`` int64).
    """
    symbol, parent, depth = [np.array([-1])], [np.array([-1])], [np.array([0])]
    end = np.zeros(len(lengths), np.int64)
    active, states, level = np.arange(len(lengths)), 1, 0
    while len(active):
        keys, place = np.unique(end[active] * size + flat[starts[active] + level], return_inverse=True)
        end[active] = states + place.reshape(-1)
        symbol.append(keys % size)
        parent.append(keys // size)
        level += 1
        depth.append(np.full(len(keys), level))
        states += len(keys)
        active = active[lengths[active] > level]
    return _join(symbol), _join(parent), _join(depth), end


def first_children(parent: np.ndarray) -> np.ndarray:
    """The first child of each state, ``[S + 1]``: state s has the children ``first[s]`` to ``first[s + 1] - 1``.

    ``parent`` is ``[S]``, as :func:`grow` returns it.
    """
    return np.concatenate([[1], 1 + np.cumsum(np.bincount(parent[1:], minlength=len(parent)))])


def _join(pieces: List[np.ndarray]) -> np.ndarray:
    return np.concatenate(pieces).astype(np.int32)
