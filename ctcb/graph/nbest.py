"""n-best lists: the best paths of different texts through a lattice."""
from __future__ import annotations

from typing import Any, List, NamedTuple

import numpy as np


class Texts(NamedTuple):
    """What each arc of a graph appends to the text, as a step ``hash * factor + offset`` of a rolling hash modulo 2^64.

    Both are ``[N]`` uint64. The hash is one of characters, so that different segmentations of a text agree.
    """

    factor: np.ndarray
    offset: np.ndarray


class Path(NamedTuple):
    """A path through the graph: one arc for each frame, then the final arc."""

    arcs: np.ndarray  # [T + 1] int64, the numbers of the graph's arcs
    score: float


def best_paths(lattice: Any, texts: Texts, count: int) -> List[Path]:
    """The best path for each of the ``count`` best texts, best first.

    A Viterbi search that keeps the best ``count`` texts at each state instead of the best path alone. It
    is exact: of two paths with the same text at a state, the better one stays better whatever follows, and
    a text outside of a state's best ``count`` cannot be among the best ``count`` of any continuation.

    ``lattice``: the k2 Fsa of one utterance with the attributes ``arc`` and ``frame``; its states are in
    frame order.
    """
    packed = lattice.arcs.values()[:, :2].long().numpy()
    if not len(packed):
        return []
    src, dst = packed.T
    arc, score = lattice.arc.numpy().astype(np.int64), lattice.scores.double().numpy()
    num_states = int(dst.max()) + 1
    totals = np.full((num_states, count), -np.inf)
    hashes = np.zeros((num_states, count), np.uint64)
    came_by = np.full((num_states, count), -1, np.int64)  # an arc of the lattice,
    came_from = np.zeros((num_states, count), np.int64)  # and which text of its source
    totals[0, 0] = 0.0
    frame = lattice.frame.numpy()
    order = np.argsort(frame, kind="stable")
    for here in np.split(order, np.flatnonzero(np.diff(frame[order])) + 1):
        by, which = np.nonzero(np.isfinite(totals[src[here]]))
        by = here[by]
        total = totals[src[by], which] + score[by]
        text = hashes[src[by], which] * texts.factor[arc[by]] + texts.offset[arc[by]]
        best = np.lexsort((-total, text, dst[by]))
        first = np.ones(len(best), bool)
        first[1:] = (text[best[1:]] != text[best[:-1]]) | (dst[by[best[1:]]] != dst[by[best[:-1]]])
        best = best[first]
        best = best[np.lexsort((-total[best], dst[by[best]]))]
        to = dst[by[best]]
        rank = np.arange(len(to)) - np.searchsorted(to, to)
        best, to, rank = best[rank < count], to[rank < count], rank[rank < count]
        totals[to, rank], hashes[to, rank] = total[best], text[best]
        came_by[to, rank], came_from[to, rank] = by[best], which[best]
    paths = []
    for place in np.flatnonzero(np.isfinite(totals[-1])):
        path_arcs, state, rank = [], num_states - 1, place
        while state != 0:
            by = came_by[state, rank]
            path_arcs.append(arc[by])
            state, rank = src[by], came_from[state, rank]
        paths.append(Path(np.array(path_arcs[::-1]), float(totals[-1, place])))
    return paths
