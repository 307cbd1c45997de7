"""How texts are compared in scoring: words, units and characters of a text.

Markup such as ``[noise]`` is dropped first, and character references such as ``&#39;`` are decoded (:mod:`ctcb.text.markup`).
The default rules (:func:`comparable`) fold nothing that tells words apart, in any script:

1.  **Unicode.** Canonical forms are equal (NFC). Invisible format characters (soft hyphen, zero-width space, direction
    marks) and variation selectors are removed; the joiners U+200C and U+200D, with which words are spelled, are kept.
2.  **Case.** Unicode's canonical caseless matching (full case folding: *Straße* = *STRASSE*). With the language ``tr`` or
    ``az``, I and ı are one letter in two cases, and İ and i another.
3.  **Punctuation and symbols** separate words (*jean-pierre* = *jean pierre*, *U.S.* = *u s*), with these exceptions:
    apostrophes within a word (typographic ones are equal to ``'``), the gershayim within a Hebrew word, the middle dot
    within a word (*paral·lel*), and a dot or comma between two digits.
4.  Diacritics, tone marks, vowel points and the letters of all scripts are kept: *er* differs from *är*, *ma* from *má*,
    他 from 她.

``fold`` applies :func:`ctcb.text.normalize.normalize` instead: every text in the letters a-z, as the models that write
these letters alone see it. Numbers are read by :mod:`ctcb.scoring.readings`.

Units are words; in scripts that are written without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) each character is
a unit. All is case-folded and NFC, so that a character is a code point of NFC, as in other tools' CER.
"""
from __future__ import annotations

import unicodedata
from typing import Callable, Iterable, Optional, Tuple

import regex

from ctcb.errors import JOINERS
from ctcb.text.html_entities import decode_entities
from ctcb.text.normalize import normalize as folded
from ctcb.text.scripts import UNSPACED, is_unspaced

Normalize = Callable[[str], str]

# Languages with a dotless i, for which Unicode's SpecialCasing.txt has rules of their own.
DOTLESS_I = ("tr", "az")
# The share of utterances in a script without spaces from which on texts are counted in characters.
UNSPACED_SHARE = 0.9

_UNIT = regex.compile(rf"{UNSPACED}|(?:(?!{UNSPACED})\S)+")
_SILENT_SPACE = regex.compile(rf"(?<={UNSPACED}) | (?={UNSPACED})")

_CHARACTER = rf"[\p{{L}}\p{{M}}\p{{N}}{JOINERS}]"
_INNER = r"""(?:'|(?<=\p{L}\p{M}*)·(?=\p{L})|(?<=\p{Hebrew})"(?=\p{Hebrew})|(?<=\p{Nd})[.,](?=\p{Nd}))"""
_WORD = regex.compile(rf"{_CHARACTER}+(?:{_INNER}{_CHARACTER}+)*")
_SPOKEN = regex.compile(r"[\p{L}\p{N}]")
_INVISIBLE = regex.compile(rf"[[\p{{Cf}}\p{{Variation_Selector}}]--[{JOINERS}]]", regex.V1)
_SIGNS = {**{ord(sign): "'" for sign in "’‘‛ʼ＇´`′‵׳"}, ord("״"): '"'}
_PLAIN = regex.compile(r"[a-z ]*")


def comparable(text: str, language: Optional[str] = None) -> str:
    """``text`` as it is compared: words one space apart, by the rules in the module's docstring.

    The result is a fixed point. A text without a letter or digit gives ``""``. ``language`` matters to the case of i alone.
    """
    if _PLAIN.fullmatch(text):
        return " ".join(text.split())
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", decode_entities(text)))
    if language is not None and base_of(language) in DOTLESS_I:
        text = text.replace("İ", "i").replace("I", "ı")
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold()).translate(_SIGNS)
    return " ".join(word for word in _WORD.findall(text) if _SPOKEN.search(word))


def rules_of(language: Optional[str], fold: bool, normalize: Optional[Normalize]) -> Normalize:
    """The function that makes a text comparable; ``normalize`` None leaves it as it is, but for white space."""
    if normalize is None:
        return lambda text: " ".join(text.split())
    if fold:
        return folded
    return (lambda text: comparable(text, language)) if normalize is comparable else normalize


def base_of(language: str) -> str:
    """The language of a tag such as ``pt-BR``, in lower case."""
    return regex.split("[-_]", language.lower())[0]


def units_of(text: str) -> Tuple[str, ...]:
    """The words of a comparable text; each character of a script without spaces is a unit of its own."""
    return tuple(text.split() if text.isascii() else _UNIT.findall(text))


def characters_of(text: str) -> str:
    """A comparable text as CER counts it: with one space between words, and none beside characters of scripts without spaces."""
    return text if text.isascii() else _SILENT_SPACE.sub("", text)


def without_spaces(texts: Iterable[str]) -> bool:
    """Whether comparable texts are written without spaces, so that their characters are counted instead of words.

    That is so where at least UNSPACED_SHARE of the texts that hold a word have most of their characters in such scripts.
    """
    shares = [len(list(filter(is_unspaced, text))) / len(text.replace(" ", "")) for text in texts if text]
    return bool(shares) and sum(share > 0.5 for share in shares) >= UNSPACED_SHARE * len(shares)
