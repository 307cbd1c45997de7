"""Pronunciations in any table of phones: from a ``lexicon.txt``, and from espeak-ng where the language is known."""
from __future__ import annotations

import unicodedata
import warnings
from pathlib import Path
from typing import Callable, Collection, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Union

import regex

from ctcb.errors import InputError, InputWarning
from ctcb.extras import install
from ctcb.text import espeak
from ctcb.text.lexicon import Lexicon, Pronunciation, read_entries
from ctcb.text.sounds import STRESS, NearestPhones

_WORDS = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}]+)*")


class PhoneLexicon(Lexicon):
    """Word -> pronunciations in a model's phones. A word without any is unpronounceable: it has ().

    A word is looked up in the lexicon's own entries; then espeak-ng pronounces it in the model's language, and each phone that
    the model lacks becomes the nearest one (:class:`~ctcb.text.sounds.NearestPhones`).

    Parameters
    ----------
    phones : the model's, without the blank; None for those that espeak-ng writes, whichever they are.
    entries : word -> pronunciations in these phones.
    language : a code of espeak-ng's (``de``); None: words that have no entry are unpronounceable.
    stress : keep the marks of stress where ``phones`` is None; else they stay where the table has them.
    """

    def __init__(
        self, phones: Optional[Sequence[str]], entries: Optional[Mapping[str, Sequence[Pronunciation]]] = None,
        language: Optional[str] = None, stress: bool = False,
    ) -> None:
        self.language = language
        self._nearest = None if phones is None else NearestPhones(phones)
        stress = stress if phones is None else any(phone[:1] in STRESS for phone in phones)
        self._warned = False
        super().__init__({word: prons for own, prons in (entries or {}).items() for word in self.words(own)}, stress)

    @classmethod
    def of_file(
        cls, path: Union[str, Path], phones: Optional[Sequence[str]], language: Optional[str] = None, stress: bool = False
    ) -> PhoneLexicon:
        """Read ``lexicon.txt``: word TAB phones, one pronunciation on each line; words in the language's own writing, of any case.

        Raises InputError, with the line number, for a malformed line, more than one word, and a phone that is not in the table.
        """
        allowed: Optional[Collection[str]] = None if phones is None else frozenset(phones)
        entries: Dict[str, List[Pronunciation]] = {}
        for number, word, spelled in read_entries(path):
            if len(words_of(word)) != 1:
                hint = "write one word, or leave the line out" if not words_of(word) else f"write a line for each of {', '.join(words_of(word))}"
                raise InputError(f"{word!r} is not one word", file=path, line=number, hint=hint)
            unknown = [phone for phone in spelled if allowed is not None and phone not in allowed]
            if unknown:
                hint = "use those of phones.txt beside it, or add it there if the model has it"
                raise InputError(f"{unknown[0]!r} is not one of the model's {len(allowed or ())} phones", file=path, line=number, hint=hint)
            entries.setdefault(words_of(word)[0], []).append(spelled)
        return cls(phones, entries, language, stress)

    def form(self, text: str) -> str:
        """:func:`words_of` a text, one space apart."""
        return " ".join(words_of(text))

    def forms(self, texts: Sequence[str]) -> List[str]:
        """:meth:`form` of each text."""
        return list(map(self.form, texts))

    def adapted(self, phones: Sequence[str]) -> Pronunciation:
        """Phones of the CMU dictionary or the IPA in the model's; () where one of them has no likeness there."""
        return tuple(phones) if self._nearest is None else self._nearest.write(phones)

    def prepare(self, words: Iterable[str]) -> None:
        """Do nothing: espeak-ng takes a few hundredths of a millisecond a word."""

    def knows(self, word: str) -> bool:
        """Whether a word has an entry or, in a lexicon without any, can be pronounced."""
        return word in self.entries if self.entries else bool(self.pronunciations(word))

    @property
    def known(self) -> Callable[[str], bool]:
        """:meth:`knows`."""
        return self.knows

    def origin(self, word: str) -> str:
        """The origin of the word's pronunciations: own, espeak or none."""
        return "own" if word in self.entries else "espeak" if self.pronunciations(word) else "none"

    def _look_up(self, word: str) -> Sequence[Pronunciation]:
        if word in self.entries:
            return self.entries[word]
        if self.language is None:
            return ()
        if self._nearest is not None and not espeak.available():
            self._warn_once()
            return ()
        spelled = self.adapted(espeak.pronounce([word], self.language, self.stress)[0])
        return (spelled,) if spelled else ()

    def _warn_once(self) -> None:
        """What a model's lexicon lacks is left out of phonetic techniques, not of recognition: no reason to stop."""
        if not self._warned:
            self._warned = True
            problem = f"words that are not in the model's lexicon have no pronunciation: espeak-ng is not installed; {install('espeak')}"
            warnings.warn(InputWarning(problem), stacklevel=2)

    def _plain(self, prons: Sequence[Pronunciation]) -> Tuple[Pronunciation, ...]:
        return tuple(dict.fromkeys(map(tuple, prons)))


def words_of(text: str) -> List[str]:
    """The words of a text in lower case and NFC, without the signs between them."""
    return _WORDS.findall(unicodedata.normalize("NFC", text).lower())
