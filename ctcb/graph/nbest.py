"""The best paths of different texts through a lattice."""
from __future__ import annotations

from typing import Any, List, NamedTuple

import numpy as np


class Texts(NamedTuple):
    """What each arc of a graph adds to the text, as a step of a rolling hash modulo 2^64, ``[N]`` uint64.

    The hash of a text is that of its characters, so that two ways to spell it are one text.
    """

    times: np.ndarray
    plus: np.ndarray


class Path(NamedTuple):
    """One way through the graph, an arc a frame and the final arc."""

    arcs: np.ndarray  # [T + 1] int64, the numbers of the graph's arcs
    score: float


def best_paths(lattice: Any, texts: Texts, count: int) -> List[Path]:
    """The best path of each of the ``count`` best texts, best first.

    Viterbi's search with the best ``count`` texts at each state instead of the best path alone. It is
    exact: of two paths with one text at a state, the better one stays the better one whatever follows,
    and a text that is not among a state's best ``count`` is not among those of what follows either.

    ``lattice``: one utterance's k2 Fsa with the attributes ``arc`` and ``frame``; its states are in the
    order of the frames.
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
        text = hashes[src[by], which] * texts.times[arc[by]] + texts.plus[arc[by]]
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
        taken, state, rank = [], num_states - 1, place
        while state != 0:
            by = came_by[state, rank]
            taken.append(arc[by])
            state, rank = src[by], came_from[state, rank]
        paths.append(Path(np.array(taken[::-1]), float(totals[-1, place])))
    return paths
