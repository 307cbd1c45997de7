"""Which listed names may have been spoken: an index of pronunciations by pairs of neighbouring phones."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence, Tuple

import numpy as np

# A pronunciation with at most a third of its phones wrong is not missed: each edit spoils at most two
# pairs (the q-gram lemma, Ukkonen 1992). With the phone head at 21 to 42 % errors it has to be so many.
WRONG = 1 / 3
FEWEST = 3  # phones: what is shorter is not looked up


@dataclass(frozen=True)
class SoundIndex:
    """The pronunciations of a list's entities."""

    names: Tuple[str, ...]  # the entities'; they decide between entities that sound alike
    sounds: Tuple[np.ndarray, ...]  # phone ids of each pronunciation
    owners: np.ndarray  # [M] int64, the entity of each
    lengths: np.ndarray  # [M] int64
    order: np.ndarray  # [M] int64, their order by name and sound, whatever the list's
    num_phones: int
    first: np.ndarray  # [P * P + 1] int64: a pair's pronunciations stand in `posted` from here to the next pair's first
    posted: np.ndarray  # int64, pronunciations by the pairs that they have, each once a pair

    @classmethod
    def build(cls, sounds: Sequence[Sequence[np.ndarray]], names: Sequence[str], num_phones: int) -> SoundIndex:
        """Index each entity's pronunciations (phone ids); those with fewer than three phones are left out."""
        kept = [(owner, phones) for owner, ways in enumerate(sounds) for phones in ways if len(phones) >= FEWEST]
        flat = tuple(phones for _, phones in kept)
        owners = np.array([owner for owner, _ in kept], np.int64)
        order = np.empty(len(kept), np.int64)
        order[sorted(range(len(kept)), key=lambda i: (names[kept[i][0]], flat[i].tolist()))] = np.arange(len(kept))
        lengths = np.array([len(phones) for phones in flat], np.int64)
        joined = np.concatenate([np.full(1, -1), *flat])  # the first one is no phone
        which = np.repeat(np.arange(-1, len(flat)), np.r_[1, lengths])
        inside = which[1:] == which[:-1]
        rows = np.stack([joined[:-1] * num_phones + joined[1:], which[:-1]], axis=1)[inside]
        rows = np.unique(rows, axis=0)
        first = np.searchsorted(rows[:, 0], np.arange(num_phones * num_phones + 1))
        return cls(tuple(names), flat, owners, lengths, order, num_phones, first, rows[:, 1])

    def candidates(self, recognised: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """The pronunciations that share enough pairs with the phones ``recognised [H]`` (int64), as int64 ``[C]``, and at which
        pairs of it they do, as bool ``[C, H - 1]``."""
        if len(recognised) < 2 or not len(self.sounds):
            return np.zeros(0, np.int64), np.zeros((0, 0), bool)
        pairs = recognised[:-1] * self.num_phones + recognised[1:]
        begin, count = self.first[pairs], self.first[pairs + 1] - self.first[pairs]
        where = np.repeat(np.arange(len(pairs)), count)
        within = np.arange(len(where)) - np.repeat(np.cumsum(count) - count, count)
        which = self.posted[begin[where] + within]
        shared = np.bincount(which, minlength=len(self.sounds))
        found = np.flatnonzero(shared >= needed(self.lengths))
        row = np.full(len(self.sounds), -1)
        row[found] = np.arange(len(found))
        at = np.zeros((len(found), len(pairs)), bool)
        kept = row[which] >= 0
        at[row[which[kept]], where[kept]] = True
        return found, at


def errors(lengths: np.ndarray) -> np.ndarray:
    """How many edits are allowed in pronunciations of so many phones: int64, of the shape of ``lengths``."""
    return np.floor(lengths * WRONG).astype(np.int64)


def needed(lengths: np.ndarray) -> np.ndarray:
    """How many pairs must be shared at least (int64, of the shape of ``lengths``), so that nothing within the allowed errors is missed.

    At least one, which short pronunciations may miss: three phones have two pairs, and an edit spoils both.
    """
    return np.maximum(1, lengths - 1 - 2 * errors(lengths))
