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
def claim(heap, score, size, new):
    """A slot for a candidate that scores ``new``: a free one, the worst one's, or -1 if all are better.

    ``heap`` holds slots, the lowest ``score`` on top; ``size`` of them are in use.
    """
    if size < len(heap):
        slot, place = size, size
        while place > 0 and score[heap[(place - 1) >> 1]] > new:
            heap[place] = heap[(place - 1) >> 1]
            place = (place - 1) >> 1
    else:
        slot, place = heap[0], 0
        if new <= score[slot]:
            return -1
        while True:
            lower = 2 * place + 1
            if lower >= size:
                break
            if lower + 1 < size and score[heap[lower + 1]] < score[heap[lower]]:
                lower += 1
            if score[heap[lower]] >= new:
                break
            heap[place] = heap[lower]
            place = lower
    heap[place] = slot
    score[slot] = new
    return slot
