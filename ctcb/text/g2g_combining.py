"""The cheapest spellings of several words together, compiled, from the spellings of each word."""
from __future__ import annotations

from itertools import chain
from typing import NamedTuple, Sequence

import numpy as np

from ctcb.compiled import compiled
from ctcb.sequences import limits_of
from ctcb.text.respelled import Respelled

_SPACE, _FEED = ord(" "), ord("\n")


class Options(NamedTuple):
    """The spellings of W words, one word's behind the other's; each word's cheapest first."""

    codes: np.ndarray  # int32 code points of all spellings
    at: np.ndarray  # int64: where each spelling begins there, and where the last one ends
    cost: np.ndarray  # int64 millionths of a nat
    first: np.ndarray  # [W + 1] int64: where each word's spellings begin among all


@compiled(allocates=False, inner=True)
def _is_before(options, one, other, size):
    """Whether the first of two rows of ``size`` spellings, which are different, comes first in the alphabet, where spaces come before all letters."""
    for place in range(size):
        a, b = one[place], other[place]
        if a == b:
            continue
        length, other_length = options.at[a + 1] - options.at[a], options.at[b + 1] - options.at[b]
        for letter in range(min(length, other_length)):
            own, its = options.codes[options.at[a] + letter], options.codes[options.at[b] + letter]
            if own != its:
                return own < its
        return length < other_length
    return False


@compiled(allocates=False, inner=True)
def _offer(options, rows, costs, count, row, cost, size):
    """Put a row of ``size`` spellings among ``count`` others, cheapest first, as long as there is room. Returns how many there are."""
    place = count
    while place > 0 and (cost < costs[place - 1] or (cost == costs[place - 1] and _is_before(options, row, rows[place - 1], size))):
        place -= 1
    if place == len(costs):
        return count
    last = min(count, len(costs) - 1)
    for later in range(last, place, -1):
        costs[later] = costs[later - 1]
        for word in range(size):
            rows[later, word] = rows[later - 1, word]
    costs[place] = cost
    for word in range(size):
        rows[place, word] = row[word]
    return last + 1


@compiled
def _combine(options, words, limits, most, text, cost, count):
    """Write the spellings of N texts, ``words[limits[n] : limits[n + 1]]``: their code points to ``text``, with a line feed behind each, their
    costs to ``cost``, and how many each text has to ``count``. Returns how many code points these are."""
    longest = 1
    for n in range(len(count)):
        longest = max(longest, limits[n + 1] - limits[n])
    rows, before = np.zeros((most + 1, longest), np.int64), np.zeros((most + 1, longest), np.int64)
    costs, before_costs, row = np.zeros(most + 1, np.int64), np.zeros(most + 1, np.int64), np.zeros(longest, np.int64)
    written, made = 0, 0
    for n in range(len(count)):
        size, found = limits[n + 1] - limits[n], 1
        costs[0] = 0  # of no words
        for place in range(size):
            word = words[limits[n] + place]
            rows, before = before, rows
            costs, before_costs = before_costs, costs
            known, found = found, 0
            # What comes behind more than ``most`` others, whose parts are all no dearer, is not put together.
            for number in range(known):
                for earlier in range(place):
                    row[earlier] = before[number, earlier]
                for option in range(options.first[word], min(options.first[word + 1], options.first[word] + (most + 1) // (number + 1))):
                    row[place] = option
                    found = _offer(options, rows, costs, found, row, before_costs[number] + options.cost[option], place + 1)
        for number in range(1, found):  # the first one is the text itself
            for place in range(size):
                option = rows[number, place]
                for letter in range(options.at[option], options.at[option + 1]):
                    text[written] = options.codes[letter]
                    written += 1
                text[written] = _SPACE if place < size - 1 else _FEED
                written += 1
            cost[made] = costs[number]
            made += 1
        count[n] = max(0, found - 1)
    return written


def combined(texts: Sequence[Sequence[int]], words: Sequence[str], spellings: Respelled, most: int) -> Respelled:
    """The ``most`` cheapest other spellings of each text.

    ``texts``: the numbers of each text's words; ``words``: these, and ``spellings`` their other spellings. Costs come before texts.
    """
    own = Respelled(words, np.zeros(len(words), np.int64), np.ones(len(words), np.int64))
    order = np.argsort(np.append(own.owners, spellings.owners), kind="stable")
    every = [*words, *spellings.texts]
    joined = "".join(map(every.__getitem__, order.tolist()))
    sizes = np.fromiter(map(len, every), np.int64, len(every))[order]
    first = limits_of(1 + spellings.counts)
    options = Options(
        np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.int32), limits_of(sizes), np.append(own.costs, spellings.costs)[order], first
    )
    flat = np.fromiter(chain.from_iterable(texts), np.int64)
    room = np.maximum.reduceat(sizes, first[:-1])[flat].sum() + len(flat) if len(flat) else 0
    text, cost, count = np.empty(most * room, np.int32), np.empty(most * len(texts), np.int64), np.zeros(len(texts), np.int64)
    written = _combine(options, flat, limits_of(list(map(len, texts))), most, text, cost, count)
    found = text[:written].tobytes().decode("utf-32-le", "surrogatepass").split("\n")[:-1]
    return Respelled(found, cost[: len(found)], count)
