"""LMs in another writing than the recogniser's words: their words in lower case, those that become equal united.

Where several words become one ("The", "the"), an n-gram has the probability of its variants together (``uniting.py``).
"""
from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Callable, Dict, Sequence, Tuple, Union

import numpy as np

from ctcb.lm.arpa import Arpa, read_arpa
from ctcb.lm.arrays import ArrayLm
from ctcb.lm.uniting import united
from ctcb.lm.unknown import SIGNS

Respell = Callable[[str], str]


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
    return Arpa(list(words), arpa.tables if len(words) == len(arpa.words) else united(arpa.tables, number))
