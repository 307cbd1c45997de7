"""Sequences that are made of others, or of arrays, and are looked up item by item: of long lists few items are needed."""
from __future__ import annotations

from abc import abstractmethod
from itertools import chain
from operator import eq
from typing import Any, Dict, Generic, Iterator, List, Sequence, Tuple, TypeVar, Union, overload

import numpy as np

T = TypeVar("T")
MANY = 5  # what came later is put among the others when it is as much as a fifth of these
_PIECE = 1000  # places that are looked up together: few items may be asked for


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


class Lines(Row[str]):
    """Texts without line feeds, in UTF-8 one behind the other with line feeds between them; at least one."""

    def __init__(self, content: np.ndarray) -> None:
        """``content``: uint8."""
        self.content = content
        self._ends = line_ends(content)

    def __len__(self) -> int:
        return len(self._ends)

    def item(self, place: int) -> str:
        """The text at a place."""
        begin = self._ends[place - 1] + 1 if place else 0
        return _text(self.content[begin : self._ends[place]])

    def __iter__(self) -> Iterator[str]:
        return iter(_text(self.content).split("\n"))

    @staticmethod
    def pack(texts: Sequence[str]) -> np.ndarray:
        """The content of some texts."""
        return np.frombuffer("\n".join(texts).encode("utf-8", "surrogatepass"), np.uint8)

    @classmethod
    def of(cls, texts: Sequence[str]) -> Lines:
        """These texts."""
        return cls(cls.pack(texts))


def line_ends(content: np.ndarray) -> np.ndarray:
    """Where each line of a text (uint8) ends: the places of the line feeds, and that behind the last character."""
    return np.append(np.flatnonzero(content == ord("\n")), len(content))


def _text(content: np.ndarray) -> str:
    return content.tobytes().decode("utf-8", "surrogatepass")


class Numbers(Row[int]):
    """The numbers of an array."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    def item(self, place: int) -> int:
        """The number at a place."""
        return int(self.values[place])


class Runs(Row[Tuple[float, ...]]):
    """Tuples of numbers, one behind the other in an array."""

    def __init__(self, values: np.ndarray, limits: np.ndarray) -> None:
        """``limits``: ``[N + 1]`` int64, where each tuple begins in ``values``, and where the last one ends."""
        self.values, self.limits = values, limits

    def __len__(self) -> int:
        return len(self.limits) - 1

    def item(self, place: int) -> Tuple[float, ...]:
        """The tuple at a place."""
        return tuple(self.values[self.limits[place] : self.limits[place + 1]].tolist())

    @classmethod
    def of(cls, rows: Sequence[Sequence[float]]) -> Runs:
        """Tuples of floats, however they are given."""
        if isinstance(rows, Runs):
            return rows
        limits = limits_of(list(map(len, rows)))
        return cls(np.fromiter(chain.from_iterable(rows), np.float64, int(limits[-1])), limits)


def limits_of(counts: Union[Sequence[int], np.ndarray]) -> np.ndarray:
    """Where each of N runs of so many items begins, and where the last one ends: ``[N + 1]`` int64."""
    return np.append(0, np.cumsum(np.asarray(counts, np.int64)))


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
        pieces = (self.places[first : first + _PIECE].tolist() for first in range(0, len(self.places), _PIECE))
        return chain(map(self.base.__getitem__, chain.from_iterable(pieces)), self.more)


def spliced(values: Sequence[T], removed: Sequence[int], more: Sequence[T]) -> Sequence[T]:
    """The items of ``values`` that do not stand at the places ``removed``, which rise, and ``more`` behind them.

    Takes no time an item, as long as few of many change.
    """
    return spliced_alike([values], removed, [more])[0]


def spliced_alike(each: Sequence[Sequence[Any]], removed: Sequence[int], more: Sequence[Sequence[Any]]) -> List[Sequence[Any]]:
    """:func:`spliced` of several sequences of one length, in less time than one by one."""
    left: Dict[int, np.ndarray] = {}  # the places that are left, by the array of those before
    every = None if all(isinstance(values, Spliced) for values in each) else np.arange(len(each[0]))
    made: List[Sequence[Any]] = []
    for values, others in zip(each, more):
        if not isinstance(values, Spliced):
            values = Spliced(values, every, ())
        first = len(values.places)
        if id(values.places) not in left:
            gone = [place for place in removed if place < first]
            blocks = zip([0, *(place + 1 for place in gone)], [*gone, first])
            left[id(values.places)] = np.concatenate([values.places[begin:end] for begin, end in blocks])
        behind = {place - first for place in removed if place >= first}
        some = (*(item for number, item in enumerate(values.more) if number not in behind), *others)
        one = Spliced(values.base, left[id(values.places)], some)
        made.append(one if len(some) * MANY < len(one.places) else tuple(one))
    return made
