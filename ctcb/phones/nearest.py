"""Which runs of recognised phones are least apart from which of many pronunciations, compiled.

The edits are those of :func:`ctcb.phones.distance.edit_costs`: a table with a row for each phone of a pronunciation and a column for
each recognised one. Most comparisons end early:

1.  pronunciations that begin alike share the rows of these phones, from each start of runs;
2.  a row's cheapest entry, with what the phones that follow cost at least, is more than what is allowed.

What the phones that follow cost at least: each is left out, or taken for one of the recognised phones around its own place. Edits that
put in or leave out phones cost so much that it cannot be far from there.
"""
from __future__ import annotations

from typing import Tuple

import numpy as np
from numba import types
from numba.extending import intrinsic

from ctcb.compiled import compiled
from ctcb.phones.distance import Costs

# A pronunciation with at most a third of its phones wrong is not missed: each edit spoils at most two
# pairs (the q-gram lemma, Ukkonen 1992). With the phone head at 21 to 42 % errors it has to be so many.
WRONG = 1 / 3
FARTHEST = 8  # places from its own at which a phone is looked for; where it may be farther away, nothing is known of it
SLACK = np.float32(1e-3)  # of sums in another order


def near_runs(
    sounds: np.ndarray, recognised: np.ndarray, runs: np.ndarray, phones: np.ndarray, begins: np.ndarray, num_phones: int, cost: Costs,
    most: int,
) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The ``most`` pairs of a run and a pronunciation that are least apart, perhaps with some that are farther: two int64 ``[N]``, and how far
    they are apart, ``[N]`` float64 edits a phone.

    Parameters
    ----------
    sounds : int64, which pronunciations are compared; faster in their alphabetical order.
    recognised : ``[H]`` int64 phones, at least two.
    runs : ``[R, 2]`` int64, at least one: the first phone of each run and the one behind its last.
    phones, begins : as of a :class:`~ctcb.phones.index.SoundIndex`.
    num_phones : P, of the model.
    """
    count = len(recognised)
    lengths = begins[sounds + 1] - begins[sounds]
    longest = int(lengths.max(initial=0))
    places = np.zeros((num_phones * num_phones, count // 64 + 1), np.uint64)  # of each pair of phones, a bit each
    for place, pair in enumerate((recognised[:-1] * num_phones + recognised[1:]).tolist()):
        places[pair, place // 64] |= np.uint64(1 << place % 64)
    swap = np.ascontiguousarray(cost.swap[:num_phones, recognised])
    present = cost.presence[:num_phones]
    shortest = min(cost.presence[recognised].min(), present[1:].min(initial=np.inf))
    put_in, starts, stops_at, stops, order = _by_start(runs, cost.presence[recognised])
    band = min(count, int(WRONG * longest / shortest) + 1) if shortest > 0 else count
    run, sound, apart = _near_runs(
        sounds, places, phones, begins, num_phones, starts, stops_at, stops, put_in, swap, present, _least(swap, present, longest),
        shortest, band, most,
    )
    return order[run], sound, apart


def _by_start(runs: np.ndarray, presence: np.ndarray) -> Tuple[np.ndarray, ...]:
    """The runs by their starts: what is put in along those from each start ``[B, H + 1]`` float32, the starts ``[B]``, where the ends
    of each one's runs begin ``[B + 1]``, the ends, and which runs these are."""
    order = np.argsort(runs[:, 0], kind="stable")
    starts, at = np.unique(runs[order, 0], return_index=True)
    put_in = np.zeros((len(starts), len(presence) + 1), np.float32)
    for row, start in zip(put_in, starts.tolist()):
        np.cumsum(presence[start:], out=row[1 : len(presence) - start + 1])
    return put_in, starts, np.r_[at, len(runs)], np.ascontiguousarray(runs[order, 1]), order


def _least(swap: np.ndarray, presence: np.ndarray, longest: int) -> np.ndarray:
    """``[FARTHEST + 1, H + longest, P]`` float32: the least that a phone costs, if it stands at most so far from a place."""
    nothing = np.repeat(presence[None], longest, axis=0)
    least = [np.concatenate([np.minimum(swap.T, presence), nothing])]
    for _ in range(FARTHEST):
        wider = least[-1].copy()
        np.minimum(wider[1:], least[-1][:-1], out=wider[1:])
        np.minimum(wider[:-1], least[-1][1:], out=wider[:-1])
        least.append(wider)
    return np.stack(least)


@intrinsic
def _lowest_bit(typing_context, bits):
    """The place of the lowest bit of a number that is not 0."""

    def generate(context, builder, signature, arguments):
        return builder.cttz(arguments[0], context.get_constant(types.boolean, True))

    return types.uint64(types.uint64), generate


@compiled(allocates=False, inner=True)
def edits_allowed(length):
    """How many edits are allowed in a pronunciation of so many phones."""
    return np.int64(np.floor(length * WRONG))


@compiled(allocates=False, inner=True)
def pairs_needed(length):
    """How many pairs must be shared at least, so that nothing with so many errors is missed.

    At least one, which short pronunciations may miss: three phones have two pairs, and an edit spoils both.
    """
    return max(1, length - 1 - 2 * edits_allowed(length))


@compiled(allocates=False, inner=True)
def _shared_begin(phones, a, b, most):
    """How many phones, at most ``most``, are the same from two places on."""
    for count in range(most):
        if phones[a + count] != phones[b + count]:
            return count
    return most


@compiled(allocates=False, inner=True)
def _write_places(places, phones, begin, end, num_phones, same, known, found):
    """Write the places of a pronunciation's pairs among the recognised phones, rising; returns how many.

    ``known [L, W]``: the bits of its first pairs, of which those of the first ``same`` phones are there.
    """
    count, length = 0, end - begin
    for word in range(places.shape[1]):
        for phone in range(max(1, same), length):
            pair = np.int64(phones[begin + phone - 1]) * num_phones + phones[begin + phone]
            known[phone, word] = known[phone - 1, word] | places[pair, word]
        bits = known[length - 1, word]
        while bits != np.uint64(0):
            found[count] = 64 * word + np.int64(_lowest_bit(bits))
            count += 1
            bits &= bits - np.uint64(1)
    return count


@compiled(allocates=False, inner=True)
def _write_row(table, n, row, phone, presence, swap, put_in, start, first, last):
    """Write a row of a start's table, number ``n``, from its column ``first`` to its column ``last``; returns its lowest value."""
    lowest = cheapest = np.float32(np.inf)
    for column in range(first, last + 1):
        kept = table[n, row - 1, column] + presence[phone]
        if column > 0:
            kept = min(kept, table[n, row - 1, column - 1] + swap[phone, start + column - 1])
        cheapest = min(cheapest, kept - put_in[n, column])
        table[n, row, column] = cheapest + put_in[n, column]
        lowest = min(lowest, table[n, row, column])
    table[n, row, last + 1] = np.inf
    return lowest


@compiled(allocates=False, inner=True)
def _write_costs(least, far, phones, begin, first, length, start, allowed, costs):
    """Write what the phones from the number ``first`` up to each one cost at least, together; returns whether all cost no more than is allowed."""
    total = np.float32(0)
    costs[first] = total
    for phone in range(first, length):
        if far < len(least):
            total += least[far, start + phone, phones[begin + phone]]
        costs[phone + 1] = total
        if total > allowed:
            return False
    return True


@compiled(allocates=False, inner=True)
def _shares(found, count, start, stop, needed):
    """Whether so many of the ``count`` places of shared pairs are within a run."""
    inside = 0
    for n in range(count):
        inside += start <= found[n] < stop - 1
    return inside >= needed


@compiled(allocates=False, inner=True)
def _take(best, value):
    """Put a value among the lowest ones, which rise; returns the highest of them."""
    place = len(best) - 1
    if place >= 0 and value < best[place]:
        while place > 0 and best[place - 1] > value:
            best[place] = best[place - 1]
            place -= 1
        best[place] = value
    return best[len(best) - 1]


@compiled(inner=True)
def _twice_as_long(values):
    """An array that begins with another one."""
    longer = np.empty(2 * len(values), values.dtype)
    for n in range(len(values)):
        longer[n] = values[n]
    return longer


@compiled
def _near_runs(
    sounds, places, phones, begins, num_phones, starts, stops_at, stops, put_in, swap, presence, least, shortest, band, most
):
    """:func:`near_runs`; ``least`` is of :func:`_least`, ``shortest`` what a phone costs at least that is put in or left out, and no
    phone is more than ``band`` places away from its own."""
    longest, widest = np.int64(0), put_in.shape[1] - 1
    for sound in sounds:
        longest = max(longest, begins[sound + 1] - begins[sound])
    known, found = np.zeros((longest + 1, places.shape[1]), np.uint64), np.empty(widest + 1, np.int64)
    # Of each start, the rows of the pronunciation that was compared last, where it begins, how many rows it got, and the lowest of each.
    table = np.full((len(starts), longest + 1, widest + 2), np.float32(np.inf))
    owner, rows, lowest = np.zeros(len(starts), np.int64), np.zeros(len(starts), np.int64), np.zeros((len(starts), longest + 1), np.float32)
    for n in range(len(starts)):
        for column in range(widest + 1):  # numba takes four seconds to compile the assignment of an array to a part of another one
            table[n, 0, column] = put_in[n, column]
    costs, best = np.empty(longest + 1, np.float32), np.full(most, WRONG)
    limit, room, made, last, last_length = WRONG, 1024, 0, np.int64(0), np.int64(0)
    which, whose, apart = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.float64)
    for sound in sounds:
        begin, length = begins[sound], begins[sound + 1] - begins[sound]
        same = _shared_begin(phones, last, begin, min(last_length, length))
        last, last_length = begin, length
        count = _write_places(places, phones, begin, begin + length, num_phones, same, known, found)
        wrong, needed = edits_allowed(length), pairs_needed(length)
        allowed = np.float32(limit * length) + SLACK
        far = np.int64(allowed / shortest) if shortest > 0 else np.int64(len(least))
        first = 0
        for n in range(len(starts)):
            start = starts[n]
            while first < count and found[first] < start:
                first += 1
            if first + needed > count:
                break
            if found[first + needed - 1] > start + length + wrong - 2:
                continue
            done = _shared_begin(phones, owner[n], begin, min(rows[n], length))
            if not _write_costs(least, far, phones, begin, done, length, start, allowed - lowest[n, done], costs):
                continue
            stop = 0
            for run in range(stops_at[n], stops_at[n + 1]):
                stop = max(stop, stops[run] - start)
            while done < length and lowest[n, done] + (costs[length] - costs[done]) <= allowed:
                done += 1
                lowest[n, done] = _write_row(
                    table, n, done, phones[begin + done - 1], presence, swap, put_in, start, max(0, done - band), min(stop, done + band)
                )
            owner[n], rows[n] = begin, done
            if done < length or lowest[n, length] > allowed:
                continue
            for run in range(stops_at[n], stops_at[n + 1]):
                size = stops[run] - start
                away = table[n, length, max(0, size)] / length
                if abs(size - length) > wrong or away > limit or not _shares(found, count, start, stops[run], needed):
                    continue
                if made == room:
                    which, whose, apart = _twice_as_long(which), _twice_as_long(whose), _twice_as_long(apart)
                    room *= 2
                which[made], whose[made], apart[made] = run, sound, away
                made += 1
                limit = _take(best, away)
    return which[:made], whose[:made], apart[:made]
