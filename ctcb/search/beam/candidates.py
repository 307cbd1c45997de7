"""Picking the best: a frame's tokens, and the candidates for the beam."""
from __future__ import annotations

import numpy as np

from ctcb.compiled import compiled

LOWEST = np.float32(np.finfo(np.float32).min)  # only -inf is below


@compiled(fastmath={"nnan", "nsz"})  # lets the loop be vectorised; NaN was turned away before
def highest(row):
    """The highest value of ``row``."""
    best = row[0]
    for value in row:
        best = value if value > best else best
    return best


@compiled
def shortlist(row, blank, floor, chosen, values):
    """Write the best tokens (not blank) at or above ``floor``, best first, into ``chosen``; how many.

    ``values`` gets their log-probabilities.
    """
    count, most = 0, len(chosen)
    floor = max(np.float32(floor), LOWEST)
    for token in range(len(row)):
        value = row[token]
        if value >= floor and token != blank:
            if count == most:
                if value <= values[count - 1]:
                    continue
                count -= 1
            place = count
            while place > 0 and values[place - 1] < value:
                chosen[place], values[place] = chosen[place - 1], values[place - 1]
                place -= 1
            chosen[place], values[place] = token, value
            count += 1
            if count == most:
                floor = values[count - 1]
    return count


@compiled
def sink(heap, score, size, at, slot):
    """Put ``slot`` into the heap at a place or below it, where it belongs by its score."""
    while True:
        lower = 2 * at + 1
        if lower >= size:
            break
        if lower + 1 < size and score[heap[lower + 1]] < score[heap[lower]]:
            lower += 1
        if score[heap[lower]] >= score[slot]:
            break
        heap[at] = heap[lower]
        at = lower
    heap[at] = slot


@compiled
def claim(heap, score, size, new):
    """A slot for a candidate that scores ``new``: a free one, the worst one's, or -1 if all are better.

    ``heap`` holds slots, the lowest ``score`` on top; ``size`` of them are in use.
    """
    if size < len(heap):
        at = size
        while at > 0 and score[heap[(at - 1) >> 1]] > new:
            heap[at] = heap[(at - 1) >> 1]
            at = (at - 1) >> 1
        heap[at], score[size] = size, new
        return size
    slot = heap[0]
    if new <= score[slot]:
        return -1
    score[slot] = new
    sink(heap, score, size, 0, slot)
    return slot


@compiled
def place(keys, heap, score, size, key, alike, new):
    """``claim`` for a candidate of a ``key``: of those with the same one, no more than ``alike`` stay, the best."""
    count = 0
    for slot in range(size):  # no more than this, so that it can be vectorised
        count += keys[slot] == key
    if count < alike:
        return claim(heap, score, size, new)
    lowest = -1
    for slot in range(size):
        if keys[slot] == key and (lowest < 0 or score[slot] < score[lowest]):
            lowest = slot
    if new <= score[lowest]:
        return -1
    at = 0
    while heap[at] != lowest:
        at += 1
    score[lowest] = new
    sink(heap, score, size, at, lowest)
    return lowest
