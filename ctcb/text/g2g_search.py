"""The cheapest respellings of many words at once, compiled: the search behind :func:`ctcb.text.g2g.variants`.

By dynamic programming from a word's end: the cheapest spellings of its letters from i on, with letter i kept or a cluster
that begins with it replaced. Costs are whole millionths of a nat, so that they add up without rounding. Texts are code
points. Of each end of a word only the spellings that are kept are held, and those of the ends that a cluster reaches.
"""
from __future__ import annotations

from typing import Callable, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np

from ctcb.compiled import compiled
from ctcb.sequences import limits_of
from ctcb.text.respelled import Respelled

MILLION = 1_000_000
ANY, AT_START, INSIDE, AT_END, BEFORE, NOT_BEFORE = range(6)  # where a cluster may stand
_LETTERS = 26
_NONE = -1  # no letter: a word's end
_FEED = ord("\n")
_SPARE = 1  # spellings that are searched for first beyond those that are wanted, since few are known
_BASE = 1_000_003  # of the hash, which runs over as int64 does


class Places(NamedTuple):
    """Where each of C clusters may stand."""

    kind: np.ndarray  # [C] int64, one of the six above
    letters: np.ndarray  # [C] int64, the letters after it as bits, of BEFORE and NOT_BEFORE


class Table(NamedTuple):
    """The changes, those of a cluster one behind the other, cheapest first."""

    child: np.ndarray  # [N, 26] int64: a trie of the clusters' letters; -1 for none
    first: np.ndarray  # [N + 1] int64: where the changes of the cluster that ends in a node begin
    where: Places  # of the clusters
    replacement_where: Places  # of the letters that replace them
    cost: np.ndarray  # [C] int64 millionths of a nat
    letters: np.ndarray  # int32 code points of the replacements
    letters_at: np.ndarray  # [C + 1] int64: where each begins there


class Ends(NamedTuple):
    """The spellings that are kept of a word's ends, in R slots that are used in turns, at most K each."""

    text: np.ndarray  # [R, K, L] int32 code points
    length: np.ndarray  # [R, K] int64
    cost: np.ndarray  # [R, K] int64
    order: np.ndarray  # [R, K] int64, their places from the cheapest on
    count: np.ndarray  # [R] int64
    hashed: np.ndarray  # [R, K] int64, of the texts: equal ones are found by it
    power: np.ndarray  # [L + 1] int64, of BASE: the hash of two texts joined is that of the first, times the power of the
    # second's length, and that of the second


@compiled(allocates=False, inner=True)
def _fits(places: Places, change: int, at_start: bool, after: int) -> bool:
    """``fits`` of g2g.py; ``after`` is the next letter, or _NONE."""
    kind = places.kind[change]
    if kind == ANY:
        return True
    if kind == AT_START:
        return at_start
    if kind == INSIDE:
        return not at_start
    if kind == AT_END:
        return after == _NONE
    letter = after - 97
    listed = 0 <= letter < _LETTERS and (places.letters[change] >> letter) & 1 == 1
    return bool(listed == (kind == BEFORE))


@compiled(allocates=False, inner=True)
def _letter(begin: np.ndarray, rest: np.ndarray, place: int) -> int:
    """A letter of two texts joined."""
    return begin[place] if place < len(begin) else rest[place - len(begin)]


@compiled(allocates=False, inner=True)
def _compare(begin: np.ndarray, rest: np.ndarray, other: np.ndarray) -> int:
    """-1, 0 or 1: two texts joined against another, by code points."""
    size = len(begin) + len(rest)
    for place in range(min(size, len(other))):
        letter = _letter(begin, rest, place)
        if letter != other[place]:
            return -1 if letter < other[place] else 1
    return (size > len(other)) - (size < len(other))


@compiled(allocates=False, inner=True)
def _hash(text: np.ndarray) -> int:
    """The hash of a text's code points."""
    hashed = 0
    for letter in text:
        hashed = hashed * _BASE + letter
    return hashed


@compiled(allocates=False, inner=True, inline="always")  # a call with so many arrays takes longer than what it does
def _offer(ends: Ends, slot: int, begin: np.ndarray, begin_hash: int, rest: np.ndarray, rest_hash: int, cost: int) -> None:
    """Keep a spelling of a word's end, ``begin`` and ``rest``, if it is among the cheapest, has no letter three times in a
    row at its beginning, and is not kept at a lower cost."""
    size, most, count = len(begin) + len(rest), ends.order.shape[1], ends.count[slot]
    if count == most and cost > ends.cost[slot, ends.order[slot, most - 1]]:
        return
    for place in range(min(size, 4) - 2):
        letter = _letter(begin, rest, place)
        if letter == _letter(begin, rest, place + 1) and letter == _letter(begin, rest, place + 2):
            return
    order, costs, hashes, texts, lengths = ends.order[slot], ends.cost[slot], ends.hashed[slot], ends.text[slot], ends.length[slot]
    hashed, alike = begin_hash * ends.power[len(rest)] + rest_hash, False
    for row in range(most):
        alike |= hashes[row] == hashed
    if alike:  # or it is the hash of a row that is free
        for rank in range(count):
            kept = order[rank]
            if hashes[kept] == hashed and _compare(begin, rest, texts[kept, : lengths[kept]]) == 0:
                if costs[kept] <= cost:
                    return
                for later in range(rank, count - 1):
                    order[later] = order[later + 1]
                count -= 1
                order[count] = kept  # its row is free
                break
    place = count  # among the kept ones
    while place > 0:
        kept = order[place - 1]
        if costs[kept] < cost or (costs[kept] == cost and _compare(begin, rest, texts[kept, : lengths[kept]]) > 0):
            break
        place -= 1
    if place == most:
        return
    last = min(count, most - 1)
    row = order[last]
    for later in range(last, place, -1):
        order[later] = order[later - 1]
    order[place] = row
    text = texts[row]
    for place in range(len(begin)):
        text[place] = begin[place]
    for place in range(len(rest)):
        text[len(begin) + place] = rest[place]
    lengths[row], costs[row], hashes[row] = size, cost, hashed
    ends.count[slot] = last + 1


@compiled(allocates=False, inner=True)
def _prepend(ends: Ends, slot: int, letter: int, after: int) -> None:
    """Keep the spellings of the end that begins a letter later, behind this letter: they stay different, and in their order."""
    count = 0
    for rank in range(ends.count[after]):
        row = ends.order[after, rank]
        size = ends.length[after, row]
        if size > 1 and ends.text[after, row, 0] == letter and ends.text[after, row, 1] == letter:
            continue  # a letter three times in a row
        ends.order[slot, count] = count
        ends.text[slot, count, 0] = letter
        for place in range(size):
            ends.text[slot, count, place + 1] = ends.text[after, row, place]
        ends.length[slot, count], ends.cost[slot, count] = size + 1, ends.cost[after, row]
        ends.hashed[slot, count] = letter * ends.power[size] + ends.hashed[after, row]
        count += 1
    ends.count[slot] = count
    for rank in range(count, ends.order.shape[1]):
        ends.order[slot, rank] = rank


@compiled(allocates=False, inner=True)
def _respell(word: np.ndarray, table: Table, longest: int, ends: Ends) -> None:
    """The cheapest spellings of a word, in slot 0 of ``ends``."""
    size, slots, most = len(word), ends.order.shape[0], ends.order.shape[1]
    slot = size % slots  # nothing, at no cost
    ends.count[slot] = 1
    ends.order[slot, 0] = ends.length[slot, 0] = ends.cost[slot, 0] = ends.hashed[slot, 0] = 0
    for first in range(size - 1, -1, -1):
        slot = first % slots
        _prepend(ends, slot, np.int64(word[first]), (first + 1) % slots)
        node = 0
        for end in range(first + 1, min(size, first + longest) + 1):
            letter = word[end - 1] - 97
            node = table.child[node, letter] if 0 <= letter < _LETTERS else _NONE
            if node == _NONE:
                break
            following, after = word[end] if end < size else _NONE, end % slots
            for change in range(table.first[node], table.first[node + 1]):
                if ends.count[slot] == most and table.cost[change] > ends.cost[slot, ends.order[slot, most - 1]]:
                    break  # the others are dearer still
                if not _fits(table.where, change, first == 0, following):
                    continue
                begin = table.letters[table.letters_at[change] : table.letters_at[change + 1]]
                hashed = _hash(begin)
                for rank in range(ends.count[after]):
                    row = ends.order[after, rank]
                    cost = table.cost[change] + ends.cost[after, row]
                    if ends.count[slot] == most and cost > ends.cost[slot, ends.order[slot, most - 1]]:
                        break
                    rest = ends.text[after, row, : ends.length[after, row]]
                    if _fits(table.replacement_where, change, first == 0, rest[0] if len(rest) else _NONE):
                        _offer(ends, slot, begin, hashed, rest, ends.hashed[after, row], cost)


@compiled(allocates=False)
def _search(
    words: np.ndarray, starts: np.ndarray, table: Table, longest: int, ends: Ends, text: np.ndarray, cost: np.ndarray, count: np.ndarray
) -> int:
    """Other spellings of N words, ``words[starts[n] : starts[n + 1]]``, one behind the other: their code points in ``text``, with a line
    feed behind each, their ``cost``, and how many each word has, ``count [N]``. Returns how many code points these are."""
    written, made, most = 0, 0, ends.order.shape[1] - 1
    for n in range(len(starts) - 1):
        word = words[starts[n] : starts[n + 1]]
        _respell(word, table, longest, ends)
        found = 0
        for rank in range(ends.count[0]):
            row = ends.order[0, rank]
            size = ends.length[0, row]
            if found == most or _compare(word[:0], word, ends.text[0, row, :size]) == 0:
                continue
            for place in range(size):
                text[written + place] = ends.text[0, row, place]
            text[written + size] = _FEED
            written += size + 1
            cost[made] = ends.cost[0, row]
            found, made = found + 1, made + 1
        count[n] = found
    return written


def table_of(changes: Dict[str, Sequence[Tuple[str, str, str, float]]]) -> Table:
    """The table of changes by their clusters: where the cluster may stand, the letters that replace it, where these may stand, and
    the cost in nats."""
    children: List[Dict[int, int]] = [{}]
    own: List[Sequence[Tuple[str, str, str, float]]] = [()]
    for cluster in sorted(changes):
        node = 0
        for letter in cluster:
            if ord(letter) - 97 not in children[node]:
                children[node][ord(letter) - 97] = len(children)
                children.append({})
                own.append(())
            node = children[node][ord(letter) - 97]
        own[node] = sorted(changes[cluster], key=lambda change: change[3])
    child = np.full((len(children), _LETTERS), _NONE, np.int64)
    for node, letters in enumerate(children):
        for letter, to in letters.items():
            child[node, letter] = to
    flat = [change for some in own for change in some]
    replacements = [np.array(list(map(ord, change[1])), np.int32) for change in flat]
    return Table(
        child, np.r_[0, np.cumsum(list(map(len, own)))], _places([change[0] for change in flat]), _places([change[2] for change in flat]),
        np.array([round(change[3] * MILLION) for change in flat], np.int64), np.concatenate([np.zeros(0, np.int32), *replacements]),
        np.r_[0, np.cumsum(list(map(len, replacements)))].astype(np.int64),
    )  # fmt: skip


def _places(wheres: Sequence[str]) -> Places:
    kinds = {"*": ANY, "^": AT_START, "-": INSIDE, "$": AT_END}
    kind = [kinds.get(where, NOT_BEFORE if where.startswith("!") else BEFORE) for where in wheres]
    letters = [sum(1 << ord(letter) - 97 for letter in where.strip("!()")) if where not in kinds else 0 for where in wheres]
    return Places(np.array(kind, np.int64), np.array(letters, np.int64))


def respellings(words: Sequence[str], count: int, table: Table, most: int, known: Callable[[str], bool] = lambda word: False) -> Respelled:
    """Of the cheapest other spellings of each word the first ``most`` that are not ``known``.

    ``most + _SPARE`` are searched for, and where too few of these are not known, ``count``.
    Cheapest first, equally cheap ones in the alphabet's order; costs come before texts.
    """
    few = min(count, most + _SPARE)
    found = _cheapest(words, few, table, most, known)
    short = np.flatnonzero(found.counts < most).tolist() if few < count else []
    return found.replaced(short, _cheapest([words[place] for place in short], count, table, most, known)) if short else found


def _cheapest(words: Sequence[str], count: int, table: Table, most: int, known: Callable[[str], bool]) -> Respelled:
    """:func:`respellings`, in one search."""
    sizes = np.array(list(map(len, words)), np.int64)
    codes = np.frombuffer("".join(words).encode("utf-32-le", "surrogatepass"), np.int32).copy()
    growth = int(np.diff(table.letters_at).max(initial=1))
    longest = int(_depth(table.child))
    kept, room = count + 1, growth * int(sizes.max(initial=0))
    ends = Ends(
        np.empty((longest + 1, kept, room), np.int32), np.zeros((longest + 1, kept), np.int64), np.zeros((longest + 1, kept), np.int64),
        np.zeros((longest + 1, kept), np.int64), np.zeros(longest + 1, np.int64), np.zeros((longest + 1, kept), np.int64),
        np.cumprod(np.r_[1, np.full(room, _BASE)]),
    )  # fmt: skip
    text, cost = np.empty(count * int((growth * sizes + 1).sum()), np.int32), np.empty(count * len(words), np.int64)
    found_of = np.zeros(len(words), np.int64)
    written = _search(codes, np.r_[0, np.cumsum(sizes)], table, longest, ends, text, cost, found_of)
    texts = text[:written].tobytes().decode("utf-32-le", "surrogatepass").split("\n")[:-1]
    found = Respelled(texts, cost[: len(texts)], found_of)
    unknown = ~np.fromiter(map(known, texts), bool, len(texts))
    rank = np.cumsum(unknown) - unknown  # of each spelling, among those of all words that are not known
    rank -= np.append(rank, 0)[np.repeat(limits_of(found_of)[:-1], found_of)]
    return found.kept(unknown & (rank < most))


def _depth(child: np.ndarray) -> int:
    """Letters of the longest cluster."""
    nodes, depth = np.zeros(1, np.int64), 0
    while True:
        nodes = child[nodes].ravel()
        nodes = nodes[nodes != _NONE]
        if not len(nodes):
            return depth
        depth += 1
