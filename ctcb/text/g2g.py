"""Spellings that sound alike: grapheme to grapheme, by the phones that clusters of letters share.

A recogniser that does not know a name writes down what it hears in the commonest spelling. Le et al.
("G2G: TTS-driven pronunciation learning for graphemic hybrid ASR", ICASSP 2020) learn such spellings
from synthetic speech; here they come from a table, ``g2g.tsv``.
"""
from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Tuple

from ctcb.errors import InputError
from ctcb.io import read_lines
from ctcb.text.lexicon import PHONES

TABLE = Path(__file__).with_name("g2g.tsv")

# Nats: a change costs this, so that fewer of them are cheaper; and what it costs to read the cluster so, and
# by how much the other letters are rarer than the commonest way to write these phones.
LEAST = 0.3
# What costs more is left out: English spells nothing so.
MOST = 5.0

_WHERE = re.compile(r"[*^$-]|!?\([a-z]+\)").fullmatch
_THREE_ALIKE = re.compile(r"(.)\1\1").search


@dataclass(frozen=True)
class Variant:
    """Another spelling of some words."""

    text: str
    cost: float  # the sum of its changes' costs; the lower, the likelier


class Row(NamedTuple):
    """A line of the table."""

    phones: str
    cluster: str
    where: str
    reads: float
    writes: float


class Change(NamedTuple):
    """A cluster written otherwise."""

    where: str  # the cluster stands
    letters: str  # that take its place,
    fits: str  # and where these may stand
    cost: float


def read_table(path: Path = TABLE) -> Tuple[Row, ...]:
    """The rows of a table like ``g2g.tsv``. Raises InputError naming the line that is wrong."""
    rows: List[Row] = []
    for number, line in read_lines(path):
        if not line or line.startswith("#"):
            continue
        fields = line.split("\t")
        if len(fields) != 5:
            problem, hint = f"{len(fields)} fields, not 5", "write phones, cluster, where, reads, writes"
            raise InputError(problem, file=path, line=number, hint=hint)
        phones, cluster, where, *numbers = fields
        unknown = [phone for phone in phones.split(" ") if phone not in PHONES]
        if unknown:
            raise InputError(f"{unknown[0]!r} is no CMU phone", file=path, line=number, hint=f"use {' '.join(PHONES)}")
        if not re.fullmatch("[a-z]+", cluster):
            raise InputError(f"the cluster {cluster!r} is not all letters", file=path, line=number, hint="use a to z")
        if not _WHERE(where):
            raise InputError(f"{where!r} is no place", file=path, line=number, hint="use * ^ $ - (letters) or !(letters)")
        for cost in numbers:
            if not re.fullmatch(r"\d+(\.\d+)?", cost):
                raise InputError(f"the cost {cost!r} is no number from 0", file=path, line=number, hint="write one like 0.5")
        rows.append(Row(phones, cluster, where, *map(float, numbers)))
    return tuple(rows)


def variants(text: str, count: int, known: Callable[[str], bool] = lambda word: False) -> List[Variant]:
    """Up to ``count`` other spellings of normal words, cheapest first; the same on every machine.

    Only words that are not ``known`` are spelled otherwise (a recogniser knows how the others are
    written), and never as a known word: that one would come out where it was meant.
    """
    ways: List[List[Variant]] = []
    for word in text.split():
        others = [] if known(word) else [other for other in _of_word(word, 2 * count + 4) if not known(other.text)]
        ways.append([Variant(word, 0.0), *others[:count]])
    return _cheapest_rows(ways, count)


def _cheapest_rows(ways: List[List[Variant]], count: int) -> List[Variant]:
    """The cheapest ways to write several words in a row, without the very first, which changes nothing."""
    rows = [Variant("", 0.0)]
    for options in ways:
        joined = [Variant(f"{row.text} {other.text}".strip(), row.cost + other.cost) for row in rows for other in options]
        rows = sorted(joined, key=_order)[: count + 1]
    return rows[1:]


@lru_cache(maxsize=4096)  # names share words
def _of_word(word: str, count: int) -> Tuple[Variant, ...]:
    """The ``count`` cheapest other spellings of one word.

    Worked out from its end: the cheapest endings from each letter on, with that letter kept or a
    cluster that begins with it written otherwise. The endings tell what each cluster stands before.
    """
    size = len(word)
    endings: List[List[Variant]] = [[] for _ in word] + [[Variant("", 0.0)]]
    for first in range(size - 1, -1, -1):
        cheapest: Dict[str, float] = {word[first] + rest.text: rest.cost for rest in endings[first + 1]}
        for end in range(first + 1, min(size, first + _longest()) + 1):
            rest_of_word = word[end:]
            for change in _changes().get(word[first:end], ()):
                if fits(change.where, first == 0, rest_of_word):
                    for rest in endings[end]:
                        text, cost = change.letters + rest.text, round(change.cost + rest.cost, 6)
                        if cost < cheapest.get(text, math.inf) and fits(change.fits, first == 0, rest.text):
                            cheapest[text] = cost
        found = (Variant(text, cost) for text, cost in cheapest.items() if not _THREE_ALIKE(text[:4]))
        endings[first] = sorted(found, key=_order)[: count + 1]
    return tuple(other for other in endings[0] if other.text != word)[:count]


def fits(where: str, at_start: bool, rest: str) -> bool:
    """Whether a cluster may stand before ``rest`` of a word."""
    if where == "*":
        return True
    if where in "^-":
        return at_start == (where == "^")
    if where == "$":
        return not rest
    return where.startswith("!") != (rest[:1] in where[where.index("(") + 1 : -1] and bool(rest))


def _order(variant: Variant) -> Tuple[float, str]:
    return round(variant.cost, 6), variant.text


@lru_cache(maxsize=None)
def _changes() -> Dict[str, Tuple[Change, ...]]:
    """What each cluster can be written as, by all the phones that it may say."""
    rows = read_table()
    by_phones: Dict[str, List[Row]] = {}
    for row in rows:
        by_phones.setdefault(row.phones, []).append(row)
    found: Dict[str, Dict[Tuple[str, str, str], float]] = {}
    for row in rows:
        for other in by_phones[row.phones]:
            cost = LEAST + row.reads + other.writes - min(one.writes for one in by_phones[row.phones])
            if other.cluster != row.cluster and cost <= MOST:
                changes, key = found.setdefault(row.cluster, {}), (row.where, other.cluster, other.where)
                changes[key] = min(cost, changes.get(key, math.inf))
    return {
        cluster: tuple(Change(*key, round(cost, 6)) for key, cost in sorted(changes.items()))
        for cluster, changes in found.items()
    }


@lru_cache(maxsize=None)
def _longest() -> int:
    return max(map(len, _changes()))
