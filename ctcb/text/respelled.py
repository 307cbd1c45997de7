"""Spellings of many texts, cheapest first, one text's behind the other's."""
from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, compress, islice
from typing import Iterator, List, Sequence, Tuple

import numpy as np

from ctcb.sequences import limits_of


@dataclass(frozen=True)
class Respelled:
    """M spellings of N texts."""

    texts: Sequence[str]  # [M]
    costs: np.ndarray  # [M] int64, millionths of a nat
    counts: np.ndarray  # [N] int64, how many each text has

    @classmethod
    def of(cls, rows: Sequence[Sequence[Tuple[int, str]]]) -> Respelled:
        """The spellings of each text, behind their costs."""
        every = list(chain.from_iterable(rows))
        costs = np.fromiter((cost for cost, _ in every), np.int64, len(every))
        return cls([text for _, text in every], costs, np.fromiter(map(len, rows), np.int64, len(rows)))

    @property
    def owners(self) -> np.ndarray:
        """The text of each spelling: ``[M]`` int64."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    def rows(self) -> Iterator[List[Tuple[int, str]]]:
        """The spellings of each text, behind their costs."""
        every = iter(zip(self.costs.tolist(), self.texts))
        return (list(islice(every, count)) for count in self.counts.tolist())

    def kept(self, stays: np.ndarray) -> Respelled:
        """Those that stay (``[M]`` bool), of the same texts."""
        if stays.all():
            return self
        counts = np.bincount(self.owners[stays], minlength=len(self.counts))
        return Respelled(list(compress(self.texts, stays.tolist())), self.costs[stays], counts)

    def replaced(self, places: Sequence[int], others: Respelled) -> Respelled:
        """Those of the texts at ``places``, which rise, replaced by others."""
        ends, other_ends, last = limits_of(self.counts).tolist(), limits_of(others.counts).tolist(), 0
        texts: List[str] = []
        costs: List[np.ndarray] = []
        for place, begin, end in zip(places, other_ends, other_ends[1:]):
            texts += [*self.texts[last : ends[place]], *others.texts[begin:end]]
            costs += [self.costs[last : ends[place]], others.costs[begin:end]]
            last = ends[place + 1]
        counts = self.counts.copy()
        counts[np.asarray(places, np.int64)] = others.counts
        return Respelled([*texts, *self.texts[last:]], np.concatenate([*costs, self.costs[last:]]), counts)
