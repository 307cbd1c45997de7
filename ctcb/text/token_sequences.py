"""The token sequences of many texts as arrays: a long list has millions of tokens, of which few are looked at one by one."""
from __future__ import annotations

from itertools import chain
from typing import Iterator, List, Sequence, Tuple, Union

import numpy as np

from ctcb.sequences import Row, limits_of

TokenIds = Tuple[int, ...]
_SPREAD = 0x9E3779B97F4A7C15  # 2 ** 64 by the golden ratio: multiplying by it spreads keys (Knuth 6.4)


class TokenSequences(Row[Tuple[TokenIds, ...]]):
    """The sequences of each of E texts, N in all; as an item a tuple of tuples of token ids."""

    def __init__(self, flat: np.ndarray, starts: np.ndarray, lengths: np.ndarray, limits: np.ndarray) -> None:
        """
        Parameters
        ----------
        flat : int32 or int64 tokens: sequence n is ``flat[starts[n] : starts[n] + lengths[n]]``.
        starts, lengths : ``[N]`` int64.
        limits : ``[E + 1]`` int64, where each text's sequences begin, and where the last one's end.
        """
        self.flat, self.starts, self.lengths, self.limits = flat, starts, lengths, limits

    def __len__(self) -> int:
        return len(self.limits) - 1

    def item(self, place: int) -> Tuple[TokenIds, ...]:
        """The sequences of a text."""
        return tuple(self._sequence(n) for n in range(self.limits[place], self.limits[place + 1]))

    def _sequence(self, number: int) -> TokenIds:
        return tuple(self.flat[self.starts[number] : self.starts[number] + self.lengths[number]].tolist())

    @property
    def counts(self) -> np.ndarray:
        """How many sequences each text has: ``[E]`` int64."""
        return np.diff(self.limits)

    @property
    def owners(self) -> np.ndarray:
        """The text of each sequence: ``[N]`` int64."""
        return np.repeat(np.arange(len(self)), self.counts)

    @classmethod
    def of(cls, texts: Sequence[Sequence[Sequence[int]]]) -> TokenSequences:
        """Sequences of texts, however they are given."""
        if isinstance(texts, TokenSequences):
            return texts
        sequences = list(chain.from_iterable(texts))
        lengths = np.fromiter(map(len, sequences), np.int64, len(sequences))
        flat = np.fromiter(chain.from_iterable(sequences), np.int64, int(lengths.sum()))
        return cls.packed(flat, lengths, list(map(len, texts)))

    @classmethod
    def packed(cls, flat: np.ndarray, lengths: np.ndarray, counts: Union[Sequence[int], np.ndarray]) -> TokenSequences:
        """Sequences that stand one behind the other in ``flat``, of so many tokens each (int64), so many of each text."""
        return cls(flat, np.cumsum(lengths) - lengths, lengths, limits_of(counts))

    def kept(self, stays: np.ndarray) -> TokenSequences:
        """The sequences that stay (``[N]`` bool), of the same texts."""
        if stays.all():
            return self
        return TokenSequences(self.flat, self.starts[stays], self.lengths[stays], np.append(0, np.cumsum(stays))[self.limits])

    def without(self, token: int) -> TokenSequences:
        """The sequences that do not hold a token, of the same texts."""
        found = self.flat == token
        if not found.any():
            return self
        before = np.append(0, np.cumsum(found))
        return self.kept(before[self.starts + self.lengths] == before[self.starts])

    def first_ones(self) -> TokenSequences:
        """Of each text the first sequence."""
        stays = np.zeros(len(self.starts), bool)
        stays[self.limits[:-1][self.counts > 0]] = True
        return self.kept(stays)

    def at(self, places: np.ndarray) -> TokenSequences:
        """Those of the texts at some places (int64)."""
        counts = self.counts[places]
        limits = limits_of(counts)
        chosen = np.arange(limits[-1]) + np.repeat(self.limits[:-1][places] - limits[:-1], counts)
        return TokenSequences(self.flat, self.starts[chosen], self.lengths[chosen], limits)

    def grouped(self, counts: Union[Sequence[int], np.ndarray]) -> TokenSequences:
        """Those of so many texts after one another as those of one."""
        return TokenSequences(self.flat, self.starts, self.lengths, self.limits[limits_of(counts)])

    def followed_by(self, others: TokenSequences) -> Tuple[TokenSequences, np.ndarray]:
        """The sequences of each text, and behind them those that ``others`` have of it; and which of all of these, then of all of the
        others, each one was (``[N]`` int64)."""
        order = np.argsort(np.append(self.owners, others.owners), kind="stable")
        flat = np.append(self.flat, others.flat)
        starts, lengths = np.append(self.starts, others.starts + len(self.flat)), np.append(self.lengths, others.lengths)
        return TokenSequences(flat, starts[order], lengths[order], self.limits + others.limits), order

    def are_new(self) -> np.ndarray:
        """Whether each sequence is no repetition of one before it of the same text: ``[N]`` bool."""
        new = np.ones(len(self.starts), bool)
        if not (self.counts > 1).any():
            return new
        key = self.owners.astype(np.uint64)  # the same for equal sequences of a text, and hardly ever for others
        for longer, tokens in self._by_place(np.arange(len(new))):
            key[longer] = (key[longer] ^ (tokens + 1).astype(np.uint64)) * np.uint64(_SPREAD)
        order = np.argsort(key, kind="stable")
        alike = key[order[1:]] == key[order[:-1]]
        before, behind = order[:-1][alike], order[1:][alike]
        same = (self.owners[before] == self.owners[behind]) & (self.lengths[before] == self.lengths[behind])
        before, behind = before[same], behind[same]
        same = np.ones(len(before), bool)
        for (longer, tokens), (_, others) in zip(self._by_place(before), self._by_place(behind)):
            same[longer] &= tokens == others
        new[behind[same]] = False
        return new

    def _by_place(self, numbers: np.ndarray) -> Iterator[Tuple[np.ndarray, np.ndarray]]:
        """For the first place in some sequences, then the second and so on, which of these have it, and the tokens there."""
        starts, lengths = self.starts[numbers], self.lengths[numbers]
        longer = np.arange(len(numbers))
        for place in range(int(lengths.max(initial=0))):
            longer = longer[lengths[longer] > place]
            yield longer, self.flat[starts[longer] + place]

    def lists(self) -> List[List[TokenIds]]:
        """The sequences as lists of tuples."""
        return [list(own) for own in self]
