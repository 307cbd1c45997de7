"""Sequences that are made of others, or of arrays, and are looked up item by item: of long lists few items are needed."""
from __future__ import annotations

from abc import abstractmethod
from itertools import chain
from operator import eq
from typing import Any, Generic, Iterator, Sequence, Tuple, TypeVar, Union, overload

import numpy as np

T = TypeVar("T")
MANY = 5  # what came later is put among the others when it is as much as a fifth of these


class Row(Sequence[T], Generic[T]):
    """A sequence that does not change: equal to a tuple of the same items, and with its hash. Slices are tuples."""

    @abstractmethod
    def item(self, place: int) -> T:
        """The item at a place, from 0."""

    @overload
    def __getitem__(self, place: int) -> T: ...

    @overload
    def __getitem__(self, place: slice) -> Tuple[T, ...]: ...

    def __getitem__(self, place: Union[int, slice]) -> Any:
        size = len(self)
        if isinstance(place, slice):
            return tuple(map(self.item, range(*place.indices(size))))
        if not -size <= place < size:
            raise IndexError(f"no item {place} among {size}")
        return self.item(place + size if place < 0 else place)

    def __iter__(self) -> Iterator[T]:
        return map(self.item, range(len(self)))

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, (tuple, Row)):
            return NotImplemented
        return len(self) == len(other) and all(map(eq, self, other))

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __add__(self, other: Sequence[T]) -> Tuple[T, ...]:
        return (*self, *other)


class Spliced(Row[T]):
    """Some items of a sequence, in its order, and others behind them; :func:`spliced` makes it."""

    def __init__(self, base: Sequence[T], places: np.ndarray, more: Tuple[T, ...]) -> None:
        """``places``: int64, those of the items in ``base``, rising."""
        self.base, self.places, self.more = base, places, more

    def __len__(self) -> int:
        return len(self.places) + len(self.more)

    def item(self, place: int) -> T:
        """The item at a place, from 0."""
        first = len(self.places)
        return self.base[self.places[place]] if place < first else self.more[place - first]

    def __iter__(self) -> Iterator[T]:
        return chain(map(self.base.__getitem__, self.places.tolist()), self.more)


def spliced(values: Sequence[T], removed: Sequence[int], more: Sequence[T]) -> Sequence[T]:
    """The items of ``values`` that do not stand at the places ``removed``, which rise, and ``more`` behind them.

    Takes no time an item, as long as few of many change.
    """
    if not isinstance(values, Spliced):
        values = Spliced(values, np.arange(len(values)), ())
    first = len(values.places)
    gone = np.asarray(removed, np.int64)
    behind = {place - first for place in removed if place >= first}
    others = (*(item for number, item in enumerate(values.more) if number not in behind), *more)
    made = Spliced(values.base, np.delete(values.places, gone[gone < first]), others)
    return made if len(made.more) * MANY < len(made.places) else tuple(made)
