"""What a vocabulary can write, and names in it.

A name is spelled as its list has it wherever the tokens have the characters. Where they lack one, it is folded: first
to a compatible or decomposed form (Unicode's NFKC and NFD), then without its diacritics, then to Latin letters
(anyascii). Where a model may write a name in several ways, the other ways stand beside the first: another case, without
a hyphen, dots or an apostrophe.

A vocabulary of the letters ``a`` to ``z`` in one case gets English readings as :func:`ctcb.text.normalize.normalize`
gives them: numbers, signs and titles in words.
"""
from __future__ import annotations

import string
import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Callable, Dict, FrozenSet, List, Optional, Tuple

import regex
from anyascii import anyascii

from ctcb.errors import InputError
from ctcb.text.normalize import WORD, normalize
from ctcb.text.scripts import UNSPACED

APOSTROPHES = "'’ʼ‘`´ʹ＇"
HYPHENS = "-‐‑‒–—−"
_LETTER = regex.compile(r"[\p{L}\p{M}\p{N}]")
_ABBREVIATION = regex.compile(r"(?<!\w)(?:\p{L}\.){2,}\p{L}?")
_PLAIN_WORD = regex.compile(WORD).fullmatch
_BETWEEN_UNSPACED = regex.compile(rf"(?<={UNSPACED}) (?={UNSPACED})")
_DIGITS = regex.compile(r"\d+")
_ENGLISH = frozenset(string.ascii_lowercase)
_DOTLESS = "ı"  # where it is a letter, it is the lower case of I, and İ is the upper case of i

Casing = Callable[[str], str]


def is_punctuation(text: str) -> bool:
    """Whether a text, at least one character, holds no letter, mark or digit."""
    return bool(text) and _LETTER.search(text) is None


@dataclass(frozen=True)
class Writing:
    """The characters that a model's tokens can write; :meth:`of` derives it.

    Attributes
    ----------
    characters : those of the tokens that spell words, without the space and the word mark.
    language : ISO 639 code, which numbers and case follow; None: unknown.
    any_character : whether the tokens hold single bytes, and so can write whatever they lack.
    """

    characters: FrozenSet[str]
    language: Optional[str] = None
    any_character: bool = False

    @classmethod
    def english(cls) -> Writing:
        """The letters ``a`` to ``z`` in lower case and the apostrophe."""
        return cls(frozenset(string.ascii_lowercase + "'"))

    @cached_property
    def cased(self) -> bool:
        """Whether upper and lower case are told apart."""
        return self._has(str.isupper) and self._has(str.islower)

    @cached_property
    def is_plain(self) -> bool:
        """Whether all that can be written is English letters of one case and apostrophes (or no letter at all)."""
        return not self.cased and not self.any_character and {char.lower() for char in self.characters} <= _ENGLISH | set(APOSTROPHES)

    @cached_property
    def is_english(self) -> bool:
        """Whether readings and pronunciations may follow English: by the language or, where that is unknown, by the letters."""
        if self.language is not None:
            return self.language.split("-")[0].lower() in ("en", "eng")
        letters = {char.lower() for char in self.characters if char.isalpha()}
        return bool(letters) and letters <= _ENGLISH

    @cached_property
    def casings(self) -> Tuple[Casing, ...]:
        """The functions that give a text the cases in which the model may write it, the likelier first."""
        if self.cased:
            return (str, self.lower, lambda text: " ".join(map(self._capitalised, text.split(" "))), self.upper)
        return (self.upper,) if self._has(str.isupper) else (self.lower,)

    def lower(self, text: str) -> str:
        """The text in lower case, as the letters have it: the Turkish ones have a lower case of I without a dot."""
        if self._dotless:
            text = text.replace("İ", "i").replace("I", _DOTLESS)
        return unicodedata.normalize("NFC", text.lower())

    def upper(self, text: str) -> str:
        """The text in upper case, as the letters have it."""
        if self._dotless:
            text = text.replace("i", "İ")
        if "ẞ" in self.characters:
            text = text.replace("ß", "ẞ")
        return unicodedata.normalize("NFC", text.upper())

    def of_model(self, text: str) -> str:
        """A recognised text as it is printed: unchanged where case is told apart, else in lower case."""
        return text if self.cased else self.lower(text)

    def forms(self, text: str) -> Tuple[str, ...]:
        """The ways to write a text in these characters but for their case, the list's own first; () where it holds no word.

        Words are one space apart. A character that cannot be folded stays, so that the tokens cannot spell the form.
        """
        if self.is_plain:
            form = normalize(text)
            return (form,) if form else ()
        text = unicodedata.normalize("NFC", text)
        return tuple(dict.fromkeys(form for form in map(self._written, self._ways(text)) if _LETTER.search(form)))

    def folded(self, text: str) -> str:
        """What a text's characters become for want of them, for a message; ``""`` where nothing is folded."""
        if self.is_plain:
            foreign = not text.isascii() and any(char.isalpha() and "LATIN" not in unicodedata.name(char, "LATIN") for char in text)
            return f"{text!r} as {normalize(text)!r}" if foreign else ""
        changes: Dict[str, str] = {}
        for char in unicodedata.normalize("NFC", text):
            if _LETTER.match(char) and not char.isdigit():
                written = self._character(char)
                if written != char and self.lower(written) != self.lower(char):
                    changes[char] = written
        return ", ".join(f"{char!r} as {written!r}" if written else f"{char!r} left out" for char, written in changes.items())

    def is_word(self, text: str) -> bool:
        """Whether a text is one word as recognised texts have it, with no character that no token has."""
        if self.is_plain:
            return _PLAIN_WORD(text) is not None
        return len(text.split()) == 1 and self.of_model(text) == text and not self.missing(text)

    def missing(self, form: str) -> List[str]:
        """The characters of a form that no token has."""
        if self.any_character:
            return []
        return sorted({char for char in self.casings[0](form) if char != " " and char not in self.characters})

    def _has(self, test: Callable[[str], bool]) -> bool:
        return any(map(test, self.characters))

    @cached_property
    def _dotless(self) -> bool:
        if self.language is not None:
            return self.language.split("-")[0].lower() in ("tr", "tur", "az", "aze")
        return _DOTLESS in self.characters

    def _capitalised(self, word: str) -> str:
        return self.upper(word[:1]) + self.lower(word[1:])

    def _can_write(self, char: str) -> bool:
        return self.any_character or char in self.characters or self.lower(char) in self.characters or self.upper(char) in self.characters

    def _ways(self, text: str) -> List[str]:
        """The text, and the ways to write it without signs that a model may leave out."""
        text = self._in_words(text)
        ways = [text]
        if _ABBREVIATION.search(text):
            ways.append(_ABBREVIATION.sub(lambda match: match[0].replace(".", " "), text))
            if self.cased:
                ways.append(_ABBREVIATION.sub(lambda match: match[0].replace(".", ""), text))
        for signs, instead in ((HYPHENS, " "), (APOSTROPHES, "")):
            if any(sign in text for sign in signs):
                ways += [text.translate({ord(sign): instead for sign in signs}) for text in tuple(ways)]
        bare = regex.sub(r"[^\p{L}\p{M}\p{N}\s'’-]+", " ", text)
        return [*ways, bare]

    def _in_words(self, text: str) -> str:
        """Numbers in words where the tokens have no digits; English signs and titles too where the letters are English."""
        if not any(char.isdigit() and not self._can_write(char) for char in unicodedata.normalize("NFKC", text)):
            return text
        if self.is_english:
            return normalize(text)
        if self.language is None:
            return text
        return _DIGITS.sub(lambda match: f" {in_words(int(match[0]), str(self.language))} ", unicodedata.normalize("NFKC", text))

    def _written(self, text: str) -> str:
        words = "".join(map(self._character, text)).split()
        spaced = " ".join(words)
        return _BETWEEN_UNSPACED.sub("", spaced)

    def _character(self, char: str) -> str:
        """A character of NFC text in the characters that there are; itself where it is a letter that cannot be folded."""
        if self._can_write(char) or char == " ":
            return char
        if char in APOSTROPHES:
            return next((sign for sign in APOSTROPHES if sign in self.characters), "")
        if char in HYPHENS:
            return next((sign for sign in HYPHENS if sign in self.characters), " ")
        for form in ("NFKC", "NFD", "NFKD"):
            other = unicodedata.normalize(form, char)
            if other != char and all(map(self._can_write, other)):
                return other
        category = unicodedata.category(char)
        if category[0] in "PSZC":
            return " "
        return self._folded(char, category)

    def _folded(self, char: str, category: str) -> str:
        if category in ("Mn", "Lm", "Me"):
            return ""  # a mark that this writing does without: vowel points, a lengthening
        bare = "".join(part for part in unicodedata.normalize("NFKD", char) if not unicodedata.combining(part))
        for other in (char.casefold(), bare, regex.sub(r"['`\"]", "", anyascii(char))):
            if other and all(map(self._can_write, other)):
                return other
        return char


@lru_cache(maxsize=4096)
def in_words(number: int, language: str) -> str:
    """A whole number in words of a language, by num2words.

    Raises InputError for a language that it does not know.
    """
    from num2words import num2words

    try:
        return str(num2words(number, lang=language.replace("-", "_")))
    except NotImplementedError:
        raise InputError(f"numbers cannot be put in words for the language {language!r}", hint="write them in words in the list, with spoken=") from None
