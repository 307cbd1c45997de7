"""A trie over many sequences at once: level by level with sorting, not one sequence after the other."""
from __future__ import annotations

from typing import List, Tuple

import numpy as np


def grow(
    flat: np.ndarray, starts: np.ndarray, lengths: np.ndarray, size: int
) -> Tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The trie of the sequences ``flat[start : start + length]``, whose symbols are below ``size``.

    States are numbered by level, then parent, then symbol; 0 is the root. Returns their symbol, parent
    and depth (``[S]`` int32, the root's symbol and parent -1), and the state of each sequence's end.
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
    """``[S + 1]``: a state's children are the states from its entry up to the next state's."""
    return np.concatenate([[1], 1 + np.cumsum(np.bincount(parent[1:], minlength=len(parent)))])


def _join(pieces: List[np.ndarray]) -> np.ndarray:
    return np.concatenate(pieces).astype(np.int32)
