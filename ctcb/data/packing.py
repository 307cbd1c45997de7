"""Utterances put into batches one after another."""
from __future__ import annotations

from typing import Iterable, List, Sequence


def packed(rows: Iterable[int], limit: float, lengths: Sequence[float], padded: bool) -> List[List[int]]:
    """Runs of ``rows``, of at most ``limit`` each in the unit of ``lengths``; one row may be longer.

    ``padded``: each row counts as long as its run's last, which must be the longest.
    """
    runs: List[List[int]] = [[]]
    total = 0.0
    for row in rows:
        total = lengths[row] * (len(runs[-1]) + 1) if padded else total + lengths[row]
        if runs[-1] and total > limit:
            runs.append([])
            total = lengths[row]
        runs[-1].append(row)
    return runs if runs[-1] else []
