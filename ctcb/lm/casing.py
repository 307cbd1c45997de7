"""LMs in another writing than the recogniser's words: their words in lower case, those that become equal united.

If several words become one ("The", "the"), the probabilities of an n-gram are those of its variants together:
``P(w | H) = sum of P(h) P(v | h) / sum of P(h)`` over the variants h of its history H and v of w, P(h) being the product of
the probabilities along h. What a variant of the history leaves to its backoff counts as such: the backoff weights are
worked out anew so that all words sum to one.
"""
from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Sequence, Tuple, Union

import numpy as np

from ctcb.lm.arpa import Arpa, Table, read_arpa
from ctcb.lm.arrays import ArrayLm
from ctcb.lm.unknown import SIGNS

Respell = Callable[[str], str]
SPARE = 1e-6  # of the probability; where less is left for the backoff, the weights are means of the variants'


def _turkish(word: str) -> str:
    return word.replace("İ", "i").replace("I", "ı").lower()


def _undotted(word: str) -> str:
    return word.lower().replace("i\u0307", "i")


# The writings that are tried; of those that as many words fit, the first is taken.
RESPELLINGS: Tuple[Tuple[str, Respell], ...] = (
    ("in lower case", str.lower),
    ("in Turkish lower case", _turkish),
    ("in lower case", _undotted),
    ("in lower case and composed (NFC)", lambda word: unicodedata.normalize("NFC", word.lower())),
    ("in lower case and decomposed (NFD)", lambda word: unicodedata.normalize("NFD", word.lower())),
)


def load_matching(path: Union[str, Path], fits: Callable[[str], bool]) -> ArrayLm:
    """Read an LM, its words respelled where more of them then fit the recogniser, which the LM's notes say.

    ``fits`` says whether the recogniser may write a word. Raises InputError as :meth:`ArrayLm.load` does.
    """
    arpa = read_arpa(path)
    words = [word for word in arpa.words if word not in SIGNS]
    unfit = [word for word in words if not fits(word)]
    gains = [sum(fits(respell(word)) for word in unfit) for _, respell in RESPELLINGS]
    place = _turkish_first(unfit, gains)
    how, respell = RESPELLINGS[place]
    if gains[place] <= sum(fits(word) and not fits(respell(word)) for word in words):
        return ArrayLm.build(arpa, path)
    if len(set(map(respell, words))) < len(words):
        ArrayLm.build(arpa, path)  # for its checks: what is united has no line in the file
    changed = next(word for word in unfit if fits(respell(word)))
    note = (
        f"{gains[place]:,} of its {len(words):,} words are written otherwise than the recogniser writes: "
        f"its words are matched {how}, such as {changed!r} as {respell(changed)!r}"
    )
    return ArrayLm.build(respelled(arpa, respell), path, (note,))


def _turkish_first(words: Sequence[str], gains: Sequence[int]) -> int:
    """The place of the highest gain; of equal ones the Turkish one where the words have a dotted capital I."""
    best = int(np.argmax(gains))
    turkish = next(place for place, (_, respell) in enumerate(RESPELLINGS) if respell is _turkish)
    return turkish if gains[turkish] == gains[best] and any("İ" in word for word in words) else best


def respelled(arpa: Arpa, respell: Respell) -> Arpa:
    """An ARPA file's contents with other spellings of its words; n-grams that become equal are united."""
    words: Dict[str, int] = {}
    number = np.array([words.setdefault(word if word in SIGNS else respell(word), len(words)) for word in arpa.words], np.int64)
    if len(words) == len(arpa.words):
        return Arpa(list(words), arpa.tables)
    levels: List[_Level] = []
    for table in arpa.tables:
        levels.append(_united(table, number, levels, len(words)))
    for n in range(1, len(levels)):
        _renew_backoffs(levels, n, len(words))
    # That of <s> is not a probability.
    return Arpa(list(words), [Table(one.ids, np.minimum(np.log10(one.prob), 0.0), one.backoff, table.line) for one, table in zip(levels, arpa.tables)])


class _Level(NamedTuple):
    """The n-grams of one order: as they were read (``old_``), and united."""

    old_key: np.ndarray  # [M] int64, sorted: the row of the n-gram without its last word * size + the word
    old_row: np.ndarray  # [M], the row of each key
    old_joint: np.ndarray  # [M] float64, the product of the probabilities along the n-gram, by row
    of_old: np.ndarray  # [M], the united n-gram of each row
    ids: np.ndarray  # [K, n] int32
    key: np.ndarray  # [K] int64, sorted, as old_key
    joint: np.ndarray  # [K] float64
    prob: np.ndarray  # [K] float64
    backoff: np.ndarray  # [K] float64, log10


def _united(table: Table, number: np.ndarray, levels: Sequence[_Level], size: int) -> _Level:
    """One order's n-grams; ``levels`` are the lower orders, ``size`` the number of different words."""
    n, old_size = table.ids.shape[1], len(number)
    prob = 10.0**table.log10
    history, united_history = np.zeros(len(prob), np.int64), np.zeros(len(prob), np.int64)
    for place in range(n - 1):
        below = levels[place]
        history = below.old_row[np.searchsorted(below.old_key, history * old_size + table.ids[:, place]).clip(max=len(below.old_key) - 1)]
        united_history = below.of_old[history]
    joint = prob if n == 1 else levels[-1].old_joint[history] * prob
    key, first, of_old = np.unique(united_history * size + number[table.ids[:, -1]], return_index=True, return_inverse=True)
    total = np.bincount(of_old, joint, len(key))
    weighed = np.bincount(of_old, joint * table.backoff, len(key))
    conditional = total if n == 1 else total / levels[-1].joint[key // size]
    old_key = history * old_size + table.ids[:, -1]
    order = np.argsort(old_key)
    return _Level(
        old_key[order], order, joint, of_old, number[table.ids[first]].astype(np.int32), key, total, conditional, weighed / np.maximum(total, 1e-300)
    )


def _renew_backoffs(levels: Sequence[_Level], n: int, size: int) -> None:
    """Work out the backoff weights of the n-grams of order ``n``, those of lower orders being right."""
    below, here = levels[n - 1], levels[n]
    history = here.key // size
    shorter = _probability(levels, n, here.ids[:, 1:], size)
    left = 1.0 - np.bincount(history, here.prob, len(below.prob))
    left_below = 1.0 - np.bincount(history, shorter, len(below.prob))
    goes_on = np.bincount(history, minlength=len(below.prob)) > 0
    sound = goes_on & (left > SPARE) & (left_below > SPARE)
    below.backoff[sound] = np.log10(left[sound] / left_below[sound])


def _probability(levels: Sequence[_Level], n: int, ids: np.ndarray, size: int) -> np.ndarray:
    """P(last word | the others) of n-grams of order ``n``, through backoffs where there is no such n-gram. ``[M]``."""
    row, found = _rows(levels, ids, size)
    result = np.where(found, levels[n - 1].prob[row], 0.0)
    if n > 1 and not found.all():
        missing = ~found
        history, known = _rows(levels, ids[missing, :-1], size)
        weight = np.where(known, 10.0 ** levels[n - 2].backoff[history], 1.0)
        result[missing] = weight * _probability(levels, n - 1, ids[missing, 1:], size)
    return result


def _rows(levels: Sequence[_Level], ids: np.ndarray, size: int) -> Tuple[np.ndarray, np.ndarray]:
    """The rows of united n-grams, and whether there are such."""
    row, found = np.zeros(len(ids), np.int64), np.ones(len(ids), bool)
    for place in range(ids.shape[1]):
        keys = levels[place].key
        wanted = row * size + ids[:, place]
        row = np.searchsorted(keys, wanted).clip(max=max(0, len(keys) - 1))
        found &= keys[row] == wanted if len(keys) else False
    return row, found
