"""Which listed names may have been spoken: an index of pronunciations by pairs of neighbouring phones."""
from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Optional, Sequence, Tuple

import numpy as np

from ctcb.compiled import compiled
from ctcb.phones.distance import Costs

# A pronunciation with at most a third of its phones wrong is not missed: each edit spoils at most two
# pairs (the q-gram lemma, Ukkonen 1992). With the phone head at 21 to 42 % errors it has to be so many.
WRONG = 1 / 3
FEWEST = 3  # phones: what is shorter is not looked up
FEW_LATER = 5  # what came later is put among the others when it is as much as a fifth of these


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
        """Index pronunciations; those with fewer than three phones are left out."""
        phones, begins, owners = sounds
        kept = (np.diff(begins) >= FEWEST) & (owners >= 0)
        if not kept.all():
            phones = phones[np.repeat(kept, np.diff(begins))]
            begins, owners = np.r_[0, np.cumsum(np.diff(begins)[kept])], owners[kept]
        return cls(names, phones, begins, owners, num_phones, *_post(phones, begins, num_phones))

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

    def candidates(self, recognised: np.ndarray, most: int) -> np.ndarray:
        """The pronunciations that share enough pairs with the phones ``recognised [H]`` (int64), as int64 numbers ``[C]`` that rise.

        Of more than ``most`` those with the largest shares of their pairs.
        """
        sounds, shares = self._sharing(recognised)
        if len(sounds) <= most:
            return sounds
        return np.sort(sounds[np.argsort(-shares, kind="stable")[:most]])

    def _sharing(self, recognised: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """The candidates, and the share of its pairs that each one shares."""
        if len(recognised) < 2:
            return np.zeros(0, np.int64), np.zeros(0)
        count = _count(recognised, len(self.owners), self.num_phones, self.first, self.posted)
        lengths = np.diff(self.begins)
        found = np.flatnonzero((count >= np.maximum(1, lengths - 1 - 2 * np.floor(lengths * WRONG))) & (self.owners >= 0))
        shares = count[found] / (lengths[found] - 1)
        if self.later is None:
            return found, shares
        others, more = self.later._sharing(recognised)
        return np.r_[found, others + len(self.owners)], np.r_[shares, more]

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
        run, sound, apart = self._near(recognised, runs, cost)
        if len(apart) > most:  # and those that are as near as the last of them
            kept = apart <= np.partition(apart, most - 1)[most - 1]
            run, sound, apart = run[kept], sound[kept], apart[kept]
        found = zip(apart.tolist(), run.tolist(), sound.tolist())
        order = sorted(found, key=lambda one: (*one[:2], self.names[self.owner(one[2])], self.sound(one[2]).tolist()))
        return [(place, number) for _, place, number in order[:most]]

    def _near(self, recognised: np.ndarray, runs: np.ndarray, cost: Costs) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        own = _near(
            recognised, runs, self.phones, self.begins, self.owners, self.num_phones, self.first, self.posted, cost.swap, cost.presence
        )
        if self.later is None:
            return own
        run, sound, apart = self.later._near(recognised, runs, cost)
        return np.r_[own[0], run], np.r_[own[1], sound + len(self.owners)], np.r_[own[2], apart]


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
    first = np.cumsum(first)
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


@compiled(allocates=False, inner=True)
def edits_allowed(length):
    """How many edits are allowed in a pronunciation of so many phones."""
    return np.int64(np.floor(length * WRONG))


@compiled(allocates=False, inner=True)
def _needed(length, wrong):
    """How many pairs must be shared at least, so that nothing with so many errors is missed.

    At least one, which short pronunciations may miss: three phones have two pairs, and an edit spoils both.
    """
    return max(1, length - 1 - 2 * wrong)


@compiled(allocates=False, inner=True)
def _apart(recognised, spoken, swap, presence, put_in, table):
    """The cheapest edits that make ``spoken`` into ``recognised``, as :func:`ctcb.phones.distance.edit_costs` has them; ``put_in`` and ``table`` are room."""
    put_in[0] = table[0] = 0
    for column in range(len(recognised)):
        put_in[column + 1] = table[column + 1] = put_in[column] + presence[recognised[column]]
    for phone in spoken:
        before, lowest = table[0], np.float32(np.inf)
        for column in range(len(recognised) + 1):
            kept = table[column] + presence[phone]
            if column > 0:
                kept = min(kept, before + swap[phone, recognised[column - 1]])
            before = table[column]
            lowest = min(lowest, kept - put_in[column])
            table[column] = lowest + put_in[column]
    return table[len(recognised)]


@compiled
def _count(recognised, sounds, num_phones, first, posted):
    """How many pairs of the phones ``recognised`` each of so many pronunciations shares, as int32."""
    count = np.zeros(sounds, np.int32)
    for place in range(len(recognised) - 1):
        pair = recognised[place] * num_phones + recognised[place + 1]
        for entry in range(first[pair], first[pair + 1]):
            count[posted[entry]] += 1
    return count


@compiled
def _near(recognised, runs, phones, begins, owners, num_phones, first, posted, swap, presence):
    """The pairs that :meth:`SoundIndex.near` chooses from: runs, pronunciations, and how far these are apart (edits a phone)."""
    count = _count(recognised, len(owners), num_phones, first, posted)
    # The places of the shared pairs of those that share enough, one pronunciation behind the other.
    shared = np.full(len(count), -1, np.int64)
    total = 0
    for sound in range(len(count)):
        length = begins[sound + 1] - begins[sound]
        if owners[sound] >= 0 and count[sound] >= _needed(length, edits_allowed(length)):
            shared[sound] = total
            total += count[sound]
    places = np.empty(total, np.int32)
    for place in range(len(recognised) - 1):
        pair = recognised[place] * num_phones + recognised[place + 1]
        for entry in range(first[pair], first[pair + 1]):
            sound = posted[entry]
            if shared[sound] >= 0:
                places[shared[sound]] = place
                shared[sound] += 1
    put_in, table = np.empty(len(recognised) + 1, np.float32), np.empty(len(recognised) + 1, np.float32)
    room = 256
    which, sounds, apart = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.float64)
    found = 0
    for sound in range(len(count)):
        if shared[sound] < 0:
            continue
        own = places[shared[sound] - count[sound] : shared[sound]]
        spoken = phones[begins[sound] : begins[sound + 1]]
        wrong = edits_allowed(len(spoken))
        for run in range(len(runs)):
            begin, stop = runs[run]
            if abs(stop - begin - len(spoken)) > wrong:
                continue
            inside = 0
            for place in own:
                inside += begin <= place < stop - 1
            if inside < _needed(len(spoken), wrong):
                continue
            cost = _apart(recognised[begin:stop], spoken, swap, presence, put_in, table) / len(spoken)
            if cost > WRONG:
                continue
            if found == room:
                which, sounds = np.append(which, np.empty(room, np.int64)), np.append(sounds, np.empty(room, np.int64))
                apart = np.append(apart, np.empty(room, np.float64))
                room *= 2
            which[found], sounds[found], apart[found] = run, sound, cost
            found += 1
    return which[:found], sounds[:found], apart[:found]
