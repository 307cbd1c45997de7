"""The phones of a model, and the pronunciations of words in them."""
from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice, product
from typing import Dict, Iterable, List, Sequence, Tuple

import numpy as np

from ctcb.io import PathOrStr
from ctcb.text.lang import Lang, read_pronunciations
from ctcb.text.lexicon import Lexicon, Pronunciation, phone_symbols

BLANK = 0  # in all symbol tables


@dataclass(frozen=True)
class Phonetics:
    """The symbols of a phone head and the pronunciations of words."""

    symbols: Tuple[str, ...]  # id -> symbol, the blank first
    lexicon: Lexicon

    @classmethod
    def of(cls, lang: Lang) -> Phonetics:
        """Those of a model's lang files."""
        return cls(lang.phones, lang.lexicon)

    @classmethod
    def read(cls, folder: PathOrStr) -> Phonetics:
        """Those of a folder with ``phones.txt``, ``lexicon.txt`` and ``language.txt``; the last two may be missing. Raises InputError."""
        return cls(*read_pronunciations(folder, need_lexicon=False))

    @classmethod
    def default(cls) -> Phonetics:
        """The 39 phones of the CMU dictionary in their order, and the dictionary."""
        return cls(phone_symbols(False), Lexicon())

    @cached_property
    def ids(self) -> Dict[str, int]:
        """Symbol -> id; a vowel without a mark, in a table that marks stress, counts as stressed."""
        ids = {symbol: index for index, symbol in enumerate(self.symbols)}
        return {**{symbol[:-1]: index for symbol, index in ids.items() if symbol.endswith("1")}, **ids}

    def spell(self, pronunciations: Iterable[Pronunciation]) -> List[np.ndarray]:
        """Pronunciations as ids, int64 ``[L]`` each. Raises KeyError for a phone that the model lacks."""
        return [np.array([self.ids[phone] for phone in phones], np.int64) for phones in pronunciations]

    def words(self, words: Sequence[str], most: int) -> List[List[np.ndarray]]:
        """Up to ``most`` pronunciations of each word as ids, the likeliest first.

        The words are a decoder's, and may be no normal ones (``i'``): they are pronounced as what the lexicon
        makes of them, in no way where that is nothing, or nothing that it can pronounce.
        """
        parts = [self.lexicon.words(word) for word in words]
        self.lexicon.prepare({part for word in parts for part in word})
        return [self.spell(self._pronunciations(word, most)) for word in parts]

    def knows(self, word: str) -> bool:
        """Whether a decoder's word is one that the lexicon has, or nothing that is pronounced."""
        return all(map(self.lexicon.knows, self.lexicon.words(word)))

    def _pronunciations(self, parts: Sequence[str], most: int) -> List[Pronunciation]:
        ways = product(*(self.lexicon.pronunciations(part)[:most] for part in parts))
        return [tuple(chain.from_iterable(way)) for way in islice(ways, most)] if parts else []


def greedy_phones(log_probs: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """The 1-best phones of ``[T, P]`` emissions and the first frame of each: two int64 ``[N]``."""
    best = log_probs.argmax(axis=1)
    starts = np.flatnonzero(np.r_[True, best[1:] != best[:-1]]) if len(best) else np.zeros(0, np.int64)
    starts = starts[best[starts] != BLANK]
    return best[starts], starts
