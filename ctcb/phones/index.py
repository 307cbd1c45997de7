"""Which listed names may have been spoken: an index of pronunciations by pairs of neighbouring phones."""
from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Optional, Sequence, Tuple

import numpy as np

from ctcb.compiled import compiled
from ctcb.phones.distance import Costs
from ctcb.phones.nearest import WRONG, near_runs

FEWEST = 3  # phones: what is shorter is not looked up
FEW_LATER = 5  # what came later is put among the others when it is as much as a fifth of these
# Pronunciations of which :meth:`SoundIndex.near` compares the phones, at most: those with the largest shares of their pairs.
MOST_COMPARED = 10_000
COUNTED = 254  # shared pairs, at most; one more is never reached


Sounds = Tuple[np.ndarray, np.ndarray, np.ndarray]  # pronunciations: the fields `phones`, `begins` and `owners` of an index


@dataclass(frozen=True)
class SoundIndex:
    """M pronunciations of a list's entities, and those of entities that came later, whose numbers follow."""

    names: Sequence[str]  # the entities'; they decide between entities that sound alike
    phones: np.ndarray  # uint16, those of all pronunciations, one behind the other
    begins: np.ndarray  # [M + 1] int64, where each begins there
    owners: np.ndarray  # [M] int64, the entity of each; -1 for one that is gone
    num_phones: int  # P, of the model
    first: np.ndarray  # [P * P + 1] int64: a pair's pronunciations stand in `posted` from here to the next pair's first
    posted: np.ndarray  # int32, pronunciations by the pairs that they have, each once a pair
    later: Optional[SoundIndex] = None  # those of the entities that came later

    @classmethod
    def build(cls, names: Sequence[str], sounds: Sounds, num_phones: int) -> SoundIndex:
        """Index pronunciations; those with fewer than three phones are left out. They are put in the order of their first phones."""
        phones, begins, owners = sounds
        lengths = np.diff(begins)
        order = _ordered(phones, begins, num_phones)
        order = order[((lengths >= FEWEST) & (owners >= 0))[order]]
        own = np.r_[0, np.cumsum(lengths[order])]
        phones = phones[np.arange(own[-1]) + np.repeat(begins[order] - own[:-1], lengths[order])]
        return cls(names, phones, own, owners[order], num_phones, *_post(phones, own, num_phones))

    def __len__(self) -> int:
        """How many pronunciations there are of entities that are not gone."""
        return self._size

    @cached_property
    def _size(self) -> int:
        return int((self.owners >= 0).sum()) + (0 if self.later is None else len(self.later))

    def changed(self, names: Sequence[str], removed: Sequence[int], more: Sounds) -> SoundIndex:
        """The index without some entities, given by their places, which rise, and with others: ``names`` are those of all that are left."""
        places = np.ones(len(self.names), np.int64)
        places[np.asarray(removed, np.int64)] = 0
        places = np.where(places == 1, np.cumsum(places) - 1, -1)
        phones, begins, owners = more
        if self.later is not None:  # put together with what came later before
            later = self.later
            own = _moved(later.owners, places)
            phones, owners = np.concatenate([later.phones, phones]), np.r_[own, owners]
            begins = np.r_[later.begins, later.begins[-1] + begins[1:]]
        kept = _moved(self.owners, places)
        if len(owners) * FEW_LATER < len(kept):
            later = SoundIndex.build(names, (phones, begins, owners), self.num_phones)
            return replace(self, names=names, owners=kept, later=later)
        every = np.concatenate([self.phones, phones]), np.r_[self.begins, self.begins[-1] + begins[1:]], np.r_[kept, owners]
        return SoundIndex.build(names, every, self.num_phones)

    def owner(self, number: int) -> int:
        """The entity of a pronunciation."""
        known = len(self.owners)
        return int(self.owners[number]) if number < known else self.later.owner(number - known)

    def sound(self, number: int) -> np.ndarray:
        """A pronunciation, as int64 phone ids."""
        known = len(self.owners)
        if number >= known:
            return self.later.sound(number - known)
        return self.phones[self.begins[number] : self.begins[number + 1]].astype(np.int64)

    def lengths(self, numbers: np.ndarray) -> np.ndarray:
        """How many phones each of some pronunciations has, int64."""
        known = len(self.owners)
        if self.later is None or not (numbers >= known).any():
            return self.begins[numbers + 1] - self.begins[numbers]
        return np.where(numbers < known, self.lengths(np.minimum(numbers, known - 1)), self.later.lengths(np.maximum(numbers - known, 0)))

    def sounds(self, numbers: np.ndarray) -> np.ndarray:
        """The phones of some pronunciations, whose numbers rise, one behind the other, int64."""
        known = len(self.owners)
        own = numbers[numbers < known]
        lengths = self.lengths(own)
        before = np.cumsum(lengths) - lengths
        found = self.phones[np.arange(int(lengths.sum())) + np.repeat(self.begins[own] - before, lengths)].astype(np.int64)
        return found if len(own) == len(numbers) else np.concatenate([found, self.later.sounds(numbers[len(own) :] - known)])

    @cached_property
    def _needed(self) -> np.ndarray:
        """``[M]`` uint8: how many pairs each pronunciation must share, at most COUNTED; one more where it is gone."""
        lengths = np.diff(self.begins)
        needed = np.clip(lengths - 1 - 2 * np.floor(lengths * WRONG), 1, COUNTED)
        return np.where(self.owners >= 0, needed, COUNTED + 1).astype(np.uint8)

    def candidates(self, recognised: np.ndarray, most: int) -> np.ndarray:
        """The pronunciations that share enough pairs with the phones ``recognised [H]`` (int64), as int64 numbers ``[C]`` that rise.

        Of more than ``most`` those with the largest shares of their pairs.
        """
        sounds, shares = self._sharing(recognised, max(most, MOST_COMPARED))
        if len(sounds) <= most:
            return sounds
        least = np.partition(shares, len(shares) - most)[len(shares) - most]
        more, equal = sounds[shares > least], sounds[shares == least]
        return np.sort(np.r_[more, equal[: most - len(more)]])

    def _sharing(self, recognised: np.ndarray, most: int) -> Tuple[np.ndarray, np.ndarray]:
        """The candidates, and the share of its pairs that each one shares; of many, at least the ``most`` with the largest shares.

        Those of the last phones are kept, since several techniques ask for them.
        """
        if len(recognised) < 2:
            return np.zeros(0, np.int64), np.zeros(0)
        key, kept = (recognised.tobytes(), most), vars(self).get("_last_sharing")
        if kept is not None and kept[0] == key:
            return kept[1]
        count = _count(recognised, len(self.owners), self.num_phones, self.first, self.posted)
        found, shares = _largest_shares(count, self._needed, self.begins, most)
        if self.later is not None:
            others, more = self.later._sharing(recognised, most)
            found, shares = np.r_[found, others + len(self.owners)], np.r_[shares, more]
        vars(self)["_last_sharing"] = key, (found, shares)
        return found, shares

    def near(self, recognised: np.ndarray, runs: np.ndarray, cost: Costs, most: int) -> Sequence[Tuple[int, int]]:
        """The ``most`` pairs of a run of phones and a pronunciation that are least apart, nearest first, each as its two numbers.

        Parameters
        ----------
        recognised : ``[H]`` int64 phones.
        runs : ``[R, 2]`` int64, the first phone of each run and the one behind its last.
        cost : of edits. No more than a third of the pronunciation's phones may be wrong.
        """
        if len(recognised) < 2 or not len(runs):
            return []
        run, sound, apart = self._near(recognised, runs, cost, most, self.candidates(recognised, MOST_COMPARED))
        if len(apart) > most:  # and those that are as near as the last of them
            kept = apart <= np.partition(apart, most - 1)[most - 1]
            run, sound, apart = run[kept], sound[kept], apart[kept]
        found = zip(apart.tolist(), run.tolist(), sound.tolist())
        order = sorted(found, key=lambda one: (*one[:2], self.names[self.owner(one[2])], self.sound(one[2]).tolist()))
        return [(place, number) for _, place, number in order[:most]]

    def _near(
        self, recognised: np.ndarray, runs: np.ndarray, cost: Costs, most: int, sounds: np.ndarray
    ) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        known = len(self.owners)
        own = near_runs(sounds[sounds < known], recognised, runs, self.phones, self.begins, self.num_phones, cost, most)
        if self.later is None:
            return own
        run, sound, apart = self.later._near(recognised, runs, cost, most, sounds[sounds >= known] - known)
        return np.r_[own[0], run], np.r_[own[1], sound + known], np.r_[own[2], apart]


def _ordered(phones: np.ndarray, begins: np.ndarray, num_phones: int) -> np.ndarray:
    """The order of pronunciations by their first phones, as many as one number holds: their numbers ``[M]`` int64."""
    lengths, key = np.diff(begins), np.zeros(len(begins) - 1, np.int64)
    padded = np.r_[phones, 0]
    for place in range(int(63 / math.log2(num_phones + 1))):
        here = np.minimum(begins[:-1] + place, len(phones))
        key = key * (num_phones + 1) + np.where(place < lengths, padded[here].astype(np.int64) + 1, 0)
    return np.argsort(key, kind="stable")


def _moved(owners: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The new places of entities, by their old ones; -1 for those that are gone, or were."""
    return np.where(owners < 0, -1, places[owners])


@compiled
def _post(phones, begins, num_phones):
    """The fields ``first`` and ``posted``."""
    first = np.zeros(num_phones * num_phones + 1, np.int64)
    last = np.full(num_phones * num_phones, -1, np.int32)  # the last pronunciation that has a pair
    for sound in range(len(begins) - 1):
        for place in range(begins[sound], begins[sound + 1] - 1):
            pair = np.int64(phones[place]) * num_phones + phones[place + 1]
            if last[pair] != sound:
                last[pair] = sound
                first[pair + 1] += 1
    for pair in range(len(last)):
        first[pair + 1] += first[pair]
    posted, filled = np.empty(first[-1], np.int32), first[:-1].copy()
    last[:] = -1
    for sound in range(len(begins) - 1):
        for place in range(begins[sound], begins[sound + 1] - 1):
            pair = np.int64(phones[place]) * num_phones + phones[place + 1]
            if last[pair] != sound:
                last[pair] = sound
                posted[filled[pair]] = sound
                filled[pair] += 1
    return first, posted


@compiled
def _count(recognised, sounds, num_phones, first, posted):
    """How many pairs of the phones ``recognised`` each of so many pronunciations shares, as uint8, at most COUNTED."""
    count = np.zeros(sounds, np.uint8)
    for place in range(len(recognised) - 1):
        pair = recognised[place] * num_phones + recognised[place + 1]
        for entry in range(first[pair], first[pair + 1]):
            sound = posted[entry]
            count[sound] += count[sound] < COUNTED
    return count


@compiled
def _largest_shares(count, needed, begins, most):
    """The pronunciations with at least as many shared pairs as they need, and their shares of their pairs: at least the ``most`` largest.

    They are put into boxes by their shares, a 64th of a pronunciation's pairs each, and those of the lowest boxes are left out.
    """
    found, box = np.empty(len(count) + 1, np.int32), np.zeros(len(count) + 1, np.uint8)
    size = 0
    for sound in range(len(count)):  # without a condition that is hard to foresee
        found[size] = sound
        size += count[sound] >= needed[sound]
    boxes = np.zeros(256, np.int64)
    for n in range(size):
        sound = found[n]
        box[n] = min(255, np.int64(count[sound]) * 64 // (begins[sound + 1] - begins[sound] - 1))
        boxes[box[n]] += 1
    lowest, kept = 255, boxes[255]
    while lowest > 0 and kept < most:
        lowest -= 1
        kept += boxes[lowest]
    sounds, shares = np.empty(kept, np.int64), np.empty(kept, np.float64)
    made = 0
    for n in range(size):
        if box[n] >= lowest:
            sound = found[n]
            sounds[made], shares[made] = sound, count[sound] / (begins[sound + 1] - begins[sound] - 1)
            made += 1
    return sounds, shares
