"""Picking the best: a frame's tokens, and the candidates for the beam."""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ctcb.compiled import compiled

LOWEST = np.float32(np.finfo(np.float32).min)  # only -inf is below


class Heap(NamedTuple):
    """A binary heap of candidates, the lowest score on top; how many are in use is kept by its owner.

    Attributes
    ----------
    slot : ``[B]`` int32, in the heap's order: the candidates' slots.
    score : ``[B]`` float64, nats, by slot.
    """

    slot: np.ndarray
    score: np.ndarray


@compiled(allocates=False, inner=True, fastmath={"nnan", "nsz"})  # lets the loop be vectorised; NaN was turned away before
def highest(row):
    """The highest value of ``row`` (``[V]`` float32, no NaN)."""
    best = row[0]
    for value in row:
        best = value if value > best else best
    return best


@compiled(allocates=False, inner=True)
def shortlist(row, blank, floor, chosen):
    """Write the best tokens (not blank) at or above ``floor``, best first, into ``chosen``. Returns how many.

    ``row`` is ``[V]`` float32; ``chosen`` (``[K]`` SHORTLISTED) takes at most K, of which it sets token and log_prob.
    """
    count, most = 0, len(chosen)
    floor = max(np.float32(floor), LOWEST)
    for token in range(len(row)):
        value = row[token]
        if value >= floor and token != blank:
            if count == most:
                if value <= chosen[count - 1].log_prob:
                    continue
                count -= 1
            place = count
            while place > 0 and chosen[place - 1].log_prob < value:
                chosen[place].token, chosen[place].log_prob = chosen[place - 1].token, chosen[place - 1].log_prob
                place -= 1
            chosen[place].token, chosen[place].log_prob = token, value
            count += 1
            if count == most:
                floor = chosen[count - 1].log_prob
    return count


@compiled(allocates=False, inner=True)
def sift_down(heap, size, at, slot):
    """Put ``slot`` into the heap at the place ``at`` or below it, where it belongs by its score."""
    while True:
        lower = 2 * at + 1
        if lower >= size:
            break
        if lower + 1 < size and heap.score[heap.slot[lower + 1]] < heap.score[heap.slot[lower]]:
            lower += 1
        if heap.score[heap.slot[lower]] >= heap.score[slot]:
            break
        heap.slot[at] = heap.slot[lower]
        at = lower
    heap.slot[at] = slot


@compiled(allocates=False, inner=True)
def push(heap, size, score):
    """The slot that a candidate of ``score`` gets: a free one, the worst one's, or -1 if all are better.

    ``size`` slots are in use.
    """
    if size < len(heap.slot):
        at = size
        while at > 0 and heap.score[heap.slot[(at - 1) >> 1]] > score:
            heap.slot[at] = heap.slot[(at - 1) >> 1]
            at = (at - 1) >> 1
        heap.slot[at], heap.score[size] = size, score
        return size
    slot = np.int64(heap.slot[0])
    if score <= heap.score[slot]:
        return -1
    heap.score[slot] = score
    sift_down(heap, size, np.int64(0), slot)
    return slot


@compiled(allocates=False, inner=True)
def push_limited(heap, keys, size, key, per_key, score):
    """``push`` for a candidate of a ``key``: of those with the same one, the best ``per_key`` stay.

    ``keys`` ``[B]`` int64 are the candidates' keys by slot; that of the slot answered is left to the caller.
    """
    count = 0
    for slot in range(size):  # no more than this, so that it can be vectorised
        count += keys[slot] == key
    if count < per_key:
        return push(heap, size, score)
    lowest = np.int64(-1)
    for slot in range(size):
        if keys[slot] == key and (lowest < 0 or heap.score[slot] < heap.score[lowest]):
            lowest = slot
    if score <= heap.score[lowest]:
        return -1
    at = np.int64(0)
    while heap.slot[at] != lowest:
        at += 1
    heap.score[lowest] = score
    sift_down(heap, size, at, lowest)
    return lowest
