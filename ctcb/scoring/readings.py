"""Texts with several readings: numbers in digits, and the alternatives of NIST's transcripts.

With a language, a number is read by num2words, so that *25* equals *fünfundzwanzig*. A number may be spoken in several ways
(*1984*: a year or a quantity; *1.000*: one thousand or one), and a reference may allow several words (``{ um / uh / @ }``).
Of the readings of a reference and a hypothesis, those are compared that differ least, as sclite does with alternatives.
"""
from __future__ import annotations

import unicodedata
from decimal import Decimal
from functools import lru_cache
from itertools import islice, product
from typing import Any, Callable, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

import regex
from rapidfuzz.distance import Levenshtein

from ctcb.errors import InputError
from ctcb.scoring.text import base_of, units_of
from ctcb.text.normalize import SLASHED, is_fraction, normalize
from ctcb.text.scripts import is_unspaced

Stretch = Union[str, Tuple[str, ...]]  # a stretch of a text: as it is, or its different readings

MAX_FORMS = 32  # of the readings of one name
MAX_DIGITS = 15  # a longer number is read digit by digit

# A sign, the digits of any script, separators between them (a space before three digits, too), and letters that touch the number.
_NUMBER = regex.compile(
    r"(?P<sign>(?<![^\s(])[-−](?=\p{Nd}))?"
    r"(?P<digits>(?<!\p{Nd})\p{Nd}{1,3}(?: \p{Nd}{3})+(?!\p{Nd})|\p{Nd}+(?:[.,\u00a0\u202f]\p{Nd}+)*)(?P<suffix>[\p{L}\p{M}ªº]+|\.)?"
)
_GROUPED = regex.compile(r"\d{1,3}(?:[.,\u00a0\u202f ]\d{3})+")
_FRACTION = regex.compile(rf"{SLASHED.pattern}|(?:(?<![\w.,:/])\d{{1,3}} ?)?[¼-¾⅐-⅞]", regex.ASCII)
_BRACES = regex.compile(r"\{((?:[^{}]|(?R))*)\}")
_OPTIONAL = regex.compile(r"(?<!\S)\(([^\s()]+)\)(?!\S)")
NOTHING = "@"  # NIST's sign of an alternative without a word


class Text(NamedTuple):
    """A text as its stretches, before it is made comparable."""

    stretches: Tuple[Stretch, ...]

    @property
    def places(self) -> List[int]:
        """The stretches with several readings."""
        return [place for place, stretch in enumerate(self.stretches) if not isinstance(stretch, str)]

    def read(self, chosen: Sequence[str]) -> str:
        """The text with the chosen readings in these places."""
        readings = iter(chosen)
        return "".join(stretch if isinstance(stretch, str) else next(readings) for stretch in self.stretches)


def text_of(text: str, language: Optional[str] = None, alternatives: bool = False) -> Text:
    """``text`` with the readings of its numbers, if a language is given, and of its alternatives.

    ``alternatives``: the text is of one of SCTK's formats, in which all braces and words in parentheses are such.
    """
    if alternatives and "(" in text:
        text = _OPTIONAL.sub(r"{ \1 / @ }", text)
    if alternatives and "{" in text:
        return Text(tuple(_with_alternatives(text, language)))
    if language is None or not any(map(str.isnumeric, text)):
        return Text((text,))
    return Text(tuple(_with_numbers(text, language)))


def forms_of(text: Text, comparable: Callable[[str], str]) -> Tuple[str, ...]:
    """All readings of a name as comparable texts, at most MAX_FORMS, the likeliest first."""
    choices = product(*(text.stretches[place] for place in text.places))
    return tuple(dict.fromkeys(filter(None, (comparable(text.read(choice)) for choice in islice(choices, MAX_FORMS)))))


def closest(ref: Text, hyp: Text, comparable: Callable[[str], str]) -> Tuple[str, str]:
    """The comparable texts of the readings of both sides that differ least, in units; of equals the first.

    Readings are changed one at a time while that helps, so that the time is linear in their number. The words of a reading
    are written apart or together as the other side writes them (*yirmi beş*, *yirmibeş*).
    """
    sides = (ref, hyp)
    choices = tuple([side.stretches[place][0] for place in side.places] for side in sides)
    texts = [comparable(side.read(choice)) for side, choice in zip(sides, choices)]
    best = _distance(texts)
    helped = best > 0
    while helped:
        helped = False
        for number, (side, choice) in enumerate(zip(sides, choices)):
            for slot, place in enumerate(side.places):
                for option in side.stretches[place]:
                    tried = list(texts)
                    spelled = _as_spelled(comparable(option), texts[1 - number].split())
                    other = [*choice[:slot], option if spelled is None else f" {spelled} ", *choice[slot + 1 :]]
                    tried[number] = comparable(side.read(other))
                    distance = _distance(tried)
                    if distance < best:
                        best, texts, helped = distance, tried, True
                        choice[slot] = other[slot]
    return texts[0], texts[1]


def reads_numbers(language: str) -> bool:
    """Whether num2words has the language. Raises InputError for what is no tag of a language."""
    if not regex.fullmatch(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*", language):
        raise InputError(f"{language!r} is not the tag of a language", hint="give a code such as de, fr or pt-BR")
    return _converter(language) is not None


def _as_spelled(reading: str, words: Sequence[str]) -> Optional[str]:
    """The words of a text that have the letters of a reading, but other spaces; None where there are none."""
    letters = reading.replace(" ", "")
    if not letters or is_unspaced(letters[0]):
        return None
    for first in range(len(words)):
        run = ""
        for end in range(first, len(words)):
            run += words[end]
            if run == letters:
                return " ".join(words[first : end + 1])
            if not letters.startswith(run):
                break
    return None


def _distance(texts: Sequence[str]) -> int:
    return Levenshtein.distance(units_of(texts[0]), units_of(texts[1]))


def _with_alternatives(text: str, language: Optional[str]) -> Iterator[Stretch]:
    """The stretches of a text whose braces hold alternatives."""
    end = 0
    for found in _BRACES.finditer(text):
        yield from text_of(text[end : found.start()], language).stretches
        yield tuple(f" {option} " for option in _options(found[0], language))
        end = found.end()
    yield from text_of(text[end:], language).stretches


def _options(text: str, language: Optional[str]) -> List[str]:
    """All readings of a text with nested alternatives."""
    outer = _BRACES.search(text)
    if outer is None:
        plain = "" if text.strip() == NOTHING else text
        return list(dict.fromkeys(forms_of(text_of(plain, language), str))) or [""]
    inner = [option for part in _split(outer[1]) for option in _options(part, language)]
    before, behind = text[: outer.start()], _options(text[outer.end() :], language)
    return [f"{before}{option}{rest}" for option in inner for rest in behind][:MAX_FORMS]


def _split(text: str) -> List[str]:
    """The parts between the slashes of a pair of braces, but for those within inner braces."""
    depth, parts = 0, [""]
    for char in text:
        depth += (char == "{") - (char == "}")
        if char == "/" and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def _with_numbers(text: str, language: str) -> Iterator[Stretch]:
    """The stretches of a text between its numbers, and the readings of these."""
    if _converter(language) is None:
        yield text
        return
    if base_of(language) == "en" and (stretches := _with_fractions(text, language)):
        yield from stretches
        return
    end = 0
    for found in _NUMBER.finditer(text):
        yield text[end : found.start()]
        readings = _readings(bool(found["sign"]), "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in found["digits"]), language)
        suffix = found["suffix"] or ""
        options = [joined for reading in readings for joined in _beside(reading, suffix)]
        ordinal = _ordinal(found["digits"], suffix, language)
        if ordinal is not None:
            options.insert(len(options) if suffix == "." else 0, f" {ordinal} ")
        yield tuple(dict.fromkeys(options)) or found[0]
        end = found.end()
    yield text[end:]


def _with_fractions(text: str, language: str) -> List[Stretch]:
    """The stretches of an English text with fractions (*1/2*, *2 3/4*, *2½*), and the readings of these; none without one."""
    stretches: List[Stretch] = []
    end = 0
    for found in _FRACTION.finditer(text):
        slashed = SLASHED.match(text, found.start()) if "/" in found[0] else None
        if "/" in found[0] and not (slashed and is_fraction(slashed)):
            continue
        reading = normalize(found[0] if slashed is None else slashed[0])
        loose = [reading.replace("one half", other) for other in ("a half", "half a", "half")] if "one half" in reading else []
        forms = [form.replace("quarter", other) for form in (reading, *loose) for other in ("quarter", "fourth")]
        digits = normalize(found[0].replace("/", " ")) if slashed else reading
        stretches += text_of(text[end : found.start()], language).stretches
        stretches.append(tuple(f" {form} " for form in dict.fromkeys((*forms, digits))))
        end = found.end()
    return [*stretches, *text_of(text[end:], language).stretches] if stretches else []


def _beside(reading: str, suffix: str) -> List[str]:
    """A reading with the letters that touch the number: apart from them, and joined with them."""
    if not suffix or suffix == ".":
        return [f"{'' if is_unspaced(reading[:1]) else ' '}{reading}{'' if is_unspaced(reading[-1:]) else ' '}{suffix}"]
    if is_unspaced(reading[-1:]) and is_unspaced(suffix[0]):
        return [f"{reading}{suffix}"]
    return [f" {reading} {suffix}", f" {reading}{suffix}"]


def _readings(negative: bool, digits: str, language: str) -> List[str]:
    """The ways to read a number, the likeliest first; none where num2words fails."""
    found: List[Optional[str]] = []
    for value in _values(digits):
        if len(digits) > 1 and digits.startswith("0") and digits.isdigit() or len(digits) > MAX_DIGITS:
            break
        if negative:
            found.append(_words(-value, language, "cardinal"))
        found.append(_words(value, language, "cardinal"))
        if isinstance(value, int) and len(digits) == 4 and digits.isdigit():
            found.append(_words(value, language, "year"))
    if base_of(language) == "en":  # American English leaves out the "and"
        found = [form for one in found if one is not None for form in dict.fromkeys((one, one.replace(" and ", " ")))]
    if digits.isdigit():
        found.append(_one_by_one(digits, language))
    elif " " in digits:
        found.append(_one_by_one(digits.split(), language))
    return list(dict.fromkeys(filter(None, found)))


def _one_by_one(numbers: Sequence[str], language: str) -> Optional[str]:
    """Digits or numbers, each read as a cardinal number."""
    each = [_words(int(number), language, "cardinal") for number in numbers]
    words = [word for word in each if word is not None]
    return ("" if is_unspaced(words[0][:1]) else " ").join(words) if len(words) == len(each) else None


def _values(digits: str) -> List[Union[int, Decimal]]:
    """The values that digits with separators may have: a separator before three digits groups, any other is the decimal one."""
    marks = [char for char in digits if not char.isdigit()]
    if not marks:
        return [int(digits)]
    values: List[Union[int, Decimal]] = []
    if len(set(marks)) == 1 and _GROUPED.fullmatch(digits):
        values.append(int(regex.sub(r"\D", "", digits)))
    head, tail = digits[: digits.rindex(marks[-1])], digits[digits.rindex(marks[-1]) + 1 :]
    if marks[-1] in ".," and marks.count(marks[-1]) == 1 and (head.isdigit() or _GROUPED.fullmatch(head)):
        values.append(Decimal(regex.sub(r"\D", "", head) + "." + tail))
    return values


def _ordinal(digits: str, suffix: str, language: str) -> Optional[str]:
    """The ordinal number that digits and a suffix are in the language (*21st*, *3.*, *2ème*); None where they are none."""
    if not suffix or not digits.isdigit() or len(digits) > MAX_DIGITS:
        return None
    written = _words(int(digits), language, "ordinal_num")
    return _words(int(digits), language, "ordinal") if written == digits + suffix else None


@lru_cache(maxsize=None)
def _converter(language: str) -> Optional[Any]:
    """num2words' converter for a tag, or for its language without the region; None where there is none."""
    from num2words import CONVERTER_CLASSES  # here: only numbers with a language need it

    base, _, region = language.replace("-", "_").partition("_")
    tags = (f"{base.lower()}_{region.upper()}", base.lower())
    return next((CONVERTER_CLASSES[tag] for tag in tags if tag in CONVERTER_CLASSES), None)


@lru_cache(maxsize=65536)
def _words(value: Union[int, Decimal], language: str, kind: str) -> Optional[str]:
    """The words of a number: ``kind`` is cardinal, year, ordinal or ordinal_num. None where num2words has none."""
    try:
        read = getattr(_converter(language), f"to_{kind}")(value)
    except Exception:  # num2words' languages raise what they like for numbers or kinds that they lack
        return None
    return " ".join(str(read).split()) or None
