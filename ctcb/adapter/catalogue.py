"""The catalogue: a list's entries as keys and values of the attention."""
from __future__ import annotations

from typing import Callable, NamedTuple, Optional, Sequence

import torch
from torch import Tensor


class Vectors(NamedTuple):
    """K keys of a list and their values, for one of the two places at which the adapter biases."""

    keys: Tensor  # [K, D]
    values: Tensor  # [K, D]


class Catalogue(NamedTuple):
    """Encoded entries; each has one key, or one a piece, in its order."""

    final: Vectors
    inner: Optional[Vectors]  # where the adapter also biases the stream before the second inner head
    owner: Tensor  # [K] int64, the number of the entry that a key belongs to, rising
    symbols: Tensor  # [K] int64, the piece, or the blank, that a key stands for; 0 where it stands for the whole

    def pick(self, entries: Tensor) -> "Catalogue":
        """The catalogue of some entries (``[M]`` int64), renumbered from 0 in the order given."""
        begin = torch.searchsorted(self.owner, entries)
        count = torch.searchsorted(self.owner, entries, right=True) - begin
        place = torch.arange(len(entries)).repeat_interleave(count)
        chosen = torch.arange(len(place)) + (begin - (count.cumsum(0) - count))[place]

        def of(vectors: Vectors) -> Vectors:
            return Vectors(vectors.keys[chosen], vectors.values[chosen])

        return self._each(of)._replace(owner=place, symbols=self.symbols[chosen])

    @staticmethod
    def join(parts: Sequence["Catalogue"]) -> "Catalogue":
        """Several catalogues as one; their owners are numbered throughout already."""

        def of(vectors: Sequence[Vectors]) -> Vectors:
            return Vectors(torch.cat([part.keys for part in vectors]), torch.cat([part.values for part in vectors]))

        inner = None if parts[0].inner is None else of([part.inner for part in parts])
        owner, symbols = (torch.cat([part[field] for part in parts]) for field in (2, 3))
        return Catalogue(of([part.final for part in parts]), inner, owner, symbols)

    def to(self, dtype: torch.dtype) -> "Catalogue":
        """A copy with vectors of another floating-point type."""
        return self._each(lambda vectors: Vectors(vectors.keys.to(dtype), vectors.values.to(dtype)))

    def _each(self, change: Callable[[Vectors], Vectors]) -> "Catalogue":
        return self._replace(final=change(self.final), inner=None if self.inner is None else change(self.inner))


def by_entry(weights: Tensor, owner: Tensor) -> Tensor:
    """Keys' attention weights ``[..., 1 + K]`` summed by entry: ``[..., 1 + N]``, `<no-bias>` first."""
    count = int(owner[-1]) + 1 if len(owner) else 0
    summed = weights.new_zeros(*weights.shape[:-1], count + 1)
    return summed.index_add_(-1, torch.cat([owner.new_zeros(1), owner + 1]), weights)
