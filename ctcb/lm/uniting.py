"""Uniting n-grams whose words become equal.

With the variants h of a history H, and v of a word w, the n-gram's probability is that of the variants together,

    P(w | H) = sum over h and v of P(h) P(v | h) / sum over h of P(h)

P(v | h) being the LM's own, through its backoffs, and P(h) the product of the probabilities along h. The backoff weights are
then worked out anew, so that after every history all words sum to one.
"""
from __future__ import annotations

from typing import List, NamedTuple, Sequence, Tuple

import numpy as np

from ctcb.lm.arpa import CHUNK, Table

SPARE = 1e-6  # of the probability; where less is left for the backoff, its weight is the mean of the variants'


class _Level(NamedTuple):
    """The n-grams of one order, in the order of their keys."""

    key: np.ndarray  # [M] int64, the row of the n-gram without its last word, times the number of words, + the last word
    ids: np.ndarray  # [M, n] int64
    prob: np.ndarray  # [M] float64
    backoff: np.ndarray  # [M] float64, a factor
    joint: np.ndarray  # [M] float64, the product of the probabilities along the n-gram


def united(tables: Sequence[Table], number: np.ndarray) -> List[Table]:
    """The n-grams with the words ``number`` ``[V]`` in the place of theirs; several words may have one number.

    Every n-gram's beginning must be an n-gram.
    """
    size, new_size = len(number), int(number.max()) + 1
    old: List[_Level] = []
    for table in tables:
        old.append(_level(table, old, size))
    new: List[_Level] = []
    row_of = np.zeros(1, np.int64)  # of the old n-grams of the order below: the united one
    for level in old:
        history = level.key // size
        key, first, inverse = np.unique(row_of[history] * new_size + number[level.ids[:, -1]], return_index=True, return_inverse=True)
        joint = np.bincount(inverse, level.joint, len(key))
        backoff = np.bincount(inverse, level.joint * level.backoff, len(key)) / np.maximum(joint, 1e-300)
        prob = joint if not new else _mixed(key, old[: len(new) + 1], row_of, number, new_size)
        new.append(_Level(key, number[level.ids[first]], prob, backoff, joint))
        row_of = inverse.reshape(-1)
    for n in range(1, len(new)):
        _renew_backoffs(new, n, new_size)
    return [
        Table(level.ids.astype(np.int32), np.minimum(np.log10(level.prob), 0.0), np.log10(level.backoff), table.line)
        for level, table in zip(new, tables)
    ]


def _level(table: Table, below: Sequence[_Level], size: int) -> _Level:
    ids, prob = table.ids.astype(np.int64), 10.0**table.log10
    history, _ = _rows(below, ids[:, :-1], size)
    key = history * size + ids[:, -1]
    joint = below[-1].joint[history] * prob if below else prob
    order = np.argsort(key)
    return _Level(key[order], ids[order], prob[order], 10.0 ** table.backoff[order], joint[order])


def _mixed(key: np.ndarray, old: Sequence[_Level], row_of: np.ndarray, number: np.ndarray, new_size: int) -> np.ndarray:
    """P(w | H) of united n-grams. ``row_of``: the united history of each old one."""
    histories, words = _Variants(row_of), _Variants(number)
    parts = []
    for start in range(0, len(key), CHUNK):
        history, word = np.divmod(key[start : start + CHUNK], new_size)
        which, variant = histories.of(history)
        pair, old_word = words.of(word[which])
        which, variant = which[pair], variant[pair]
        ids = np.concatenate([old[-2].ids[variant], old_word[:, None]], axis=1)
        weight = old[-2].joint[variant]
        total = np.bincount(which, weight * _probability(old, ids, len(number)), len(history))
        # Each history counts once for every variant of the word.
        parts.append(total / (np.bincount(which, weight, len(history)) / words.count[word]))
    return np.concatenate([np.zeros(0), *parts])


class _Variants:
    """The old ones of each new one."""

    def __init__(self, new_of_old: np.ndarray) -> None:
        self.order = np.argsort(new_of_old, kind="stable")
        self.count = np.bincount(new_of_old)
        self.start = np.cumsum(self.count) - self.count

    def of(self, new: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """The old ones of ``new`` ``[N]``, and for each of them the place in ``new`` that it belongs to."""
        count = self.count[new]
        which = np.repeat(np.arange(len(new)), count)
        place = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
        return which, self.order[self.start[new][which] + place]


def _renew_backoffs(levels: Sequence[_Level], n: int, size: int) -> None:
    """Work out the backoff weights of the n-grams of order ``n``, those of lower orders being right."""
    below, here = levels[n - 1], levels[n]
    history = here.key // size
    left = 1.0 - np.bincount(history, here.prob, len(below.prob))
    left_below = 1.0 - np.bincount(history, _probability(levels[:n], here.ids[:, 1:], size), len(below.prob))
    goes_on = np.bincount(history, minlength=len(below.prob)) > 0
    sound = goes_on & (left > SPARE) & (left_below > SPARE)
    below.backoff[sound] = left[sound] / left_below[sound]


def _probability(levels: Sequence[_Level], ids: np.ndarray, size: int) -> np.ndarray:
    """P(last word | the others) of n-grams, ``ids`` ``[M, n]`` with n ``len(levels)``, through backoffs where there is no such one."""
    row, found = _rows(levels, ids, size)
    result = np.where(found, levels[-1].prob[row] if len(levels[-1].prob) else 0.0, 0.0)
    if len(levels) > 1 and not found.all():
        missing = ~found
        history, known = _rows(levels[:-1], ids[missing, :-1], size)
        result[missing] = np.where(known, levels[-2].backoff[history], 1.0) * _probability(levels[:-1], ids[missing, 1:], size)
    return result


def _rows(levels: Sequence[_Level], ids: np.ndarray, size: int) -> Tuple[np.ndarray, np.ndarray]:
    """The rows of n-grams, ``ids`` ``[M, n]``, among those of their order, and whether there are such. ``[M]``."""
    row, found = np.zeros(len(ids), np.int64), np.ones(len(ids), bool)
    for place in range(ids.shape[1]):
        key, wanted = levels[place].key, row * size + ids[:, place]
        if not len(key):
            return np.zeros(len(ids), np.int64), np.zeros(len(ids), bool)
        row = np.searchsorted(key, wanted).clip(max=len(key) - 1)
        found &= key[row] == wanted
    return row, found
