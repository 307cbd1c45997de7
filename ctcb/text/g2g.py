"""Spellings that sound alike: grapheme to grapheme (G2G), by the phones that clusters of letters share.

A recogniser writes an unknown name in the commonest spelling of its sounds. Le et al. ("G2G: TTS-driven
pronunciation learning for graphemic hybrid ASR", ICASSP 2020) learn such spellings from synthetic
speech; here they come from a table, ``g2g.tsv``.
"""
from __future__ import annotations

import math
import re
from functools import lru_cache
from itertools import compress
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np

from ctcb.errors import InputError
from ctcb.io import read_lines
from ctcb.text.lexicon import PHONES
from ctcb.text.respelled import Respelled

TABLE = Path(__file__).with_name("g2g.tsv")

# Costs are in nats. A change costs MIN_COST, so that fewer changes are cheaper; plus the cost of reading the
# cluster as these phones; plus how much rarer the new letters are than the commonest spelling of the phones.
MILLION = 1_000_000  # costs are added up as whole millionths of a nat
MIN_COST = 0.3
MAX_COST = 5.0  # dearer changes are left out: English has no such spellings

MISPLACED = 1.0  # nats, where a cluster that begins words stands inside of one
_MOST_PHONES = 3  # of a cluster

_WHERE = re.compile(r"[*^$-]|!?\([a-z]+\)").fullmatch
_THREE_ALIKE = re.compile(r"(.)\1\1").search


class Variant(NamedTuple):
    """Another spelling of some words."""

    text: str
    cost: float  # the sum of its changes' costs; the lower, the likelier


class Row(NamedTuple):
    """A line of the table; the columns are explained in ``g2g.tsv``."""

    phones: str
    cluster: str
    where: str
    reads: float  # -ln P(phones | cluster)
    writes: float  # -ln P(cluster | phones)


class Change(NamedTuple):
    """A replacement of a cluster."""

    where: str  # where the cluster may stand
    letters: str  # the letters that replace it
    replacement_where: str  # where these may stand
    cost: float  # nats


def read_table(path: Path = TABLE) -> Tuple[Row, ...]:
    """The rows of a table like ``g2g.tsv``. Raises InputError, with the line number, for a malformed line."""
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
            raise InputError(f"{unknown[0]!r} is not a CMU phone", file=path, line=number, hint=f"use {' '.join(PHONES)}")
        if not re.fullmatch("[a-z]+", cluster):
            raise InputError(f"the cluster {cluster!r} is not all letters", file=path, line=number, hint="use a to z")
        if not _WHERE(where):
            raise InputError(f"{where!r} is not a position", file=path, line=number, hint="use * ^ $ - (letters) or !(letters)")
        for cost in numbers:
            if not re.fullmatch(r"\d+(\.\d+)?", cost):
                raise InputError(f"the cost {cost!r} is not a number from 0", file=path, line=number, hint="write one like 0.5")
        rows.append(Row(phones, cluster, where, *map(float, numbers)))
    return tuple(rows)


def variants(text: str, count: int, known: Callable[[str], bool] = lambda word: False) -> List[Variant]:
    """Up to ``count`` other spellings of normal words, cheapest first. The result is deterministic.

    Only words that are not ``known`` are respelled (a recogniser spells the known ones correctly), and
    never as a known word, which would then be replaced where it was spoken itself.
    """
    found = variants_of_all([text], count, known)
    return [Variant(variant, cost / MILLION) for cost, variant in zip(found.costs.tolist(), found.texts)]


def variants_of_all(texts: Sequence[str], count: int, known: Callable[[str], bool] = lambda word: False) -> Respelled:
    """:func:`variants` of each of many texts; words are respelled in one pass."""
    from ctcb.text.g2g_combining import combined  # here: imports numba
    from ctcb.text.g2g_search import respellings

    numbers: Dict[str, int] = {}
    each = [[numbers.setdefault(word, len(numbers)) for word in text.split()] for text in texts]
    words = list(numbers)
    unknown = ~np.fromiter(map(known, words), bool, len(words))
    others = respellings(list(compress(words, unknown.tolist())), 2 * count + 4, _table(), count, known)
    counts = np.zeros(len(words), np.int64)
    counts[unknown] = others.counts
    return combined(each, words, Respelled(others.texts, others.costs, counts), count)


def spellings(words: Sequence[Sequence[str]], count: int, known: Callable[[str], bool] = lambda word: False) -> List[Variant]:
    """Up to ``count`` spellings of words in CMU phones, cheapest first; none where English cannot spell one of them.

    The commonest spelling costs MIN_COST a word; others cost as much more as they are rarer. A word is not spelled as a known
    one, which would then be replaced where it was spoken itself.
    """
    rows = [Variant("", 0.0)]
    for phones in words:
        options = [variant for variant in _of_phones(tuple(phones), 2 * count + 4) if not known(variant.text)][:count]
        joined = [Variant(f"{row.text} {variant.text}".strip(), row.cost + variant.cost) for row in rows for variant in options]
        rows = sorted(joined, key=_order)[:count]
    return rows


@lru_cache(maxsize=4096)
def _of_phones(phones: Tuple[str, ...], count: int) -> Tuple[Variant, ...]:
    """The ``count`` cheapest spellings of a word's phones, by dynamic programming from its end."""
    size = len(phones)
    endings: List[List[Variant]] = [[] for _ in phones] + [[Variant("", 0.0)]]
    for first in range(size - 1, -1, -1):
        cheapest: Dict[str, float] = {}
        for end in range(first + 1, min(size, first + _MOST_PHONES) + 1):
            for row in _writes().get(phones[first:end], ()):
                for rest in endings[end]:
                    misplaced = row.where == "^" and first > 0  # horhay: English has no h inside of a word
                    text, cost = row.cluster + rest.text, row.writes + rest.cost + MISPLACED * misplaced
                    stands = misplaced or fits(row.where, first == 0, rest.text)
                    if stands and cost < cheapest.get(text, math.inf) and not _THREE_ALIKE(text[:4]):
                        cheapest[text] = cost
        endings[first] = sorted((Variant(text, cost) for text, cost in cheapest.items()), key=_order)[:count]
    best = endings[0][0].cost if endings[0] else 0.0
    return tuple(Variant(variant.text, round(MIN_COST + variant.cost - best, 6)) for variant in endings[0])


@lru_cache(maxsize=None)
def _writes() -> Dict[Tuple[str, ...], Tuple[Row, ...]]:
    """The clusters of phones."""
    found: Dict[Tuple[str, ...], Tuple[Row, ...]] = {}
    for row in read_table():
        phones = tuple(row.phones.split())
        found[phones] = (*found.get(phones, ()), row)
    return found


def fits(where: str, at_start: bool, rest: str) -> bool:
    """Whether a cluster whose place is ``where`` (a column of ``g2g.tsv``) may stand before ``rest`` of a word.

    ``at_start``: whether the cluster begins the word.
    """
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
    """The replacements of each cluster, over all phones that it may stand for."""
    rows = read_table()
    by_phones: Dict[str, List[Row]] = {}
    for row in rows:
        by_phones.setdefault(row.phones, []).append(row)
    costs: Dict[str, Dict[Tuple[str, str, str], float]] = {}
    for row in rows:
        for replacement in by_phones[row.phones]:
            cost = MIN_COST + row.reads + replacement.writes - min(alternative.writes for alternative in by_phones[row.phones])
            if replacement.cluster != row.cluster and cost <= MAX_COST:
                changes, key = costs.setdefault(row.cluster, {}), (row.where, replacement.cluster, replacement.where)
                changes[key] = min(cost, changes.get(key, math.inf))
    return {
        cluster: tuple(Change(*key, round(cost, 6)) for key, cost in sorted(changes.items()))
        for cluster, changes in costs.items()
    }


@lru_cache(maxsize=None)
def _table() -> Any:
    """The changes for :mod:`ctcb.text.g2g_search`."""
    from ctcb.text.g2g_search import table_of  # here: imports numba

    return table_of(_changes())
