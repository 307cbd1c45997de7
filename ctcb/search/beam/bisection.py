"""Bisection in compiled code."""
from __future__ import annotations

from ctcb.compiled import compiled


@compiled(allocates=False, inner=True)
def first_not_below(values, value, low, high):
    """The first place from ``low`` to ``high`` whose value is not below ``value``, or ``high``; the values there rise.

    numba takes as long to compile ``np.searchsorted`` as all of `backtrace.trace`.
    """
    while low < high:
        middle = (low + high) >> 1
        if values[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low
