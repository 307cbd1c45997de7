"""Text normalisation: any text as the words of its reading, in ``a``-``z``, inner apostrophes and single spaces.

Everything that ctcb compares, tokenises or looks up passes through :func:`normalize`, so that a list, a
reference and a transcript use the same spelling. Character references of HTML are decoded first (``don&#39;t``,
``R&amp;D``); markup such as ``[noise]`` is dropped before, by :mod:`ctcb.text.markup`. The rules, in order:

1.  **Apostrophes.** Curly, modifier and accent-like ones (``’ ‘ ʼ ´ ` ′``) become ``'``.
2.  **Unicode.** NFKC. A superscript, a circled digit or a fraction is separated from what precedes it
    (``H₂O`` -> ``h two o``). Trade marks, emoji and other pictures become spaces; invisible format
    characters (soft hyphen, zero-width space) are removed.
3.  **Titles.** ``Mr Mrs Dr``, in this casing, with or without a dot, become ``mister missus doctor``.
    Lower-case ``mr`` stays: it may be a scan.
4.  **Money and signs.** ``$5`` -> ``five dollars``, ``$1.50`` -> ``one dollar and fifty cents``,
    ``€2.5 million`` -> ``two point five million euros``; ``% & + @ °`` -> ``percent and plus at
    degrees``.
5.  **Script.** Every other letter is written in ASCII by ``anyascii`` (``Łódź`` -> ``lodz``,
    ``Москва`` -> ``moskva``, ``北京`` -> ``beijing``); apostrophes that transliterate a sign, such as the
    Russian soft sign, are removed. Then lower case.
6.  **Numbers** become words, without ``and`` or hyphens (``121`` -> ``one hundred twenty one``).
    Commas between thousands are dropped. Ordinals: ``21st`` -> ``twenty first``. Decimals:
    ``3.14`` -> ``three point one four``. A bare four-digit number from 1100 to 1999 or 2010 to 2099
    is read as a year, in pairs (``1905`` -> ``nineteen oh five``), and a number with ``s`` as a
    decade (``1980s`` -> ``nineteen eighties``). Times: ``10:05`` -> ``ten oh five``, ``3:00`` ->
    ``three``. Numbers with leading zeros or more than 15 digits are read digit by digit (``007`` ->
    ``zero zero seven``). ``-5`` -> ``minus five``. Numbers are separated from letters: ``B12`` -> ``b twelve``.
    Fractions: ``1/2`` -> ``one half``, ``2 3/4`` -> ``two and three quarters``, ``2/3rds`` -> ``two thirds``; without a
    whole number or such an ending only those for which Unicode has a sign (``½``, ``⅜``), because ``9/11`` and ``24/7``
    are none, nor are dates (``3/14/2020``).
7.  **Everything else** becomes a space: hyphens, dots, slashes, underscores. So ``U.S.A.`` -> ``u s a``,
    as it is pronounced, but ``USA`` -> ``usa``, because it looks like a word.
8.  **Apostrophes are kept inside words only** (``shakespeare's``, ``o'clock``) and removed at an edge:
    ``'tis`` -> ``tis``, ``dogs'`` -> ``dogs``. There they are silent and look like quotation marks, and
    speech corpora hardly contain them (14 in two million words of LibriSpeech and our own text, a third
    of them stray quotes).

The result is a fixed point: ``normalize(normalize(x)) == normalize(x)``.
"""
from __future__ import annotations

import re
import unicodedata

from anyascii import anyascii

from ctcb.text.html_entities import decode_entities

WORD = r"[a-z]+(?:'[a-z]+)*"
_WORDS = re.compile(WORD)
# To such a text only rules 3, 7 and 8, and lower case, can apply.
_LETTERS = re.compile(r"[A-Za-z' .,\-]*")
_DONE = re.compile(rf"(?:{WORD}(?: {WORD})*)?")

_BEFORE_NFKC = {ord(sign): "'" for sign in "’‘‛ʼʻʽʾʿ＇´`‵′"}
_BEFORE_NFKC.update({ord(sign): " " for sign in "™®©℠"})
_SIGNS = {ord("%"): " percent ", ord("&"): " and ", ord("+"): " plus ", ord("@"): " at ", ord("°"): " degrees "}

# sign -> (one, many, one of its hundredths, many of them)
_CURRENCY = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "€": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "¥": ("yen", "yen", None, None),
    "₹": ("rupee", "rupees", "paisa", "paise"),
    "¢": ("cent", "cents", None, None),
}
_NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
# To avoid quadratic time on long runs of digits and commas, a number is tried only where it starts ((?<!\d)), and
# a number without the suffix that is searched for is matched as well, and left unchanged.
_SCALE = r"(?: ?(?:hundred|thousand|million|billion|trillion)\b)?"
_MONEY_BEFORE = re.compile(rf"(?<!\d)([$€£¥₹]) ?({_NUMBER})({_SCALE})", re.I)
_MONEY_AFTER = re.compile(rf"(?<!\d)({_NUMBER})(?:({_SCALE}) ?([$€£¥₹¢])(?!\d))?", re.I)
_TITLE = re.compile(r"\b(Mr|Mrs|Dr)\b\.?")
_TITLES = {"Mr": " mister ", "Mrs": " missus ", "Dr": " doctor "}
TITLES = ("Mr", "Dr")  # the first letters of each

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES = [("trillion", 10**12), ("billion", 10**9), ("million", 10**6), ("thousand", 1000), ("hundred", 100)]
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth",
    "eight": "eighth", "nine": "ninth", "twelve": "twelfth",
}  # fmt: skip

_THOUSANDS = re.compile(r"(?<![\d,.])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,]*\d)")
_FRACTION = re.compile(r"(?:(?<!\d)(\d+) +)?(?<!\d)(\d+)⁄(\d+)")
# A fraction with a slash, perhaps behind a whole number, and no part of a date or of a longer row of numbers.
SLASHED = re.compile(
    r"(?<![\w/.,:])(?:(?P<whole>\d{1,3})[ -])?(?P<top>\d{1,3})/(?P<bottom>\d{1,3})(?P<ending>(?:st|nd|rd|th)s?\b)?(?![\d/]|[.,:]\d|-\d)",
    re.ASCII,
)
_COMMON = {tuple(map(int, unicodedata.normalize("NFKC", sign).split("⁄"))) for sign in "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒"}
_PARTS_OF_MIXED = (2, 4, 8, 10, 16, 32, 64)  # denominators behind a whole number beside those of _COMMON
_CLOCK = re.compile(r"(?<![\d:])(\d{1,2}):0(\d)(?![\d:])")
_MINUS = re.compile(r"(?<![^\s(])-(?=\.?\d)")
_ORDINAL = re.compile(r"(?<!\d)(\d{1,3}(?:,\d{3})+(?!\d)|\d+)((?:st|nd|rd|th)(?![a-z]))?")
_DECADE = re.compile(r"(?<!\d)(\d+)'?s(?![a-z])")
_PERCENTAGE = re.compile(r"(?<!\d)(\d+(?:\.\d+)?)(?= *percent\b)")
_DECIMAL = re.compile(r"(?:(?<!\d)(\d+))?\.(\d+)")
_INTEGER = re.compile(r"\d+")


def normalize(text: str) -> str:
    """Return ``text`` as lower-case words of ``a``-``z`` and inner apostrophes, one space apart.

    The rules are in the module's docstring. A text without a single letter or number gives ``""``.
    A text that is already normal is returned as it is, in about a microsecond a line.
    """
    if _DONE.fullmatch(text):
        return text
    if _LETTERS.fullmatch(text):
        if "r" in text and _TITLE.search(text):
            text = _TITLE.sub(lambda m: _TITLES[m[1]], text)
        return " ".join(_WORDS.findall(text.lower()))
    text = _plain_unicode(decode_entities(text))
    text = _TITLE.sub(lambda m: _TITLES[m[1]], text)
    text = _MONEY_BEFORE.sub(lambda m: _money(m[2], m[3], m[1]), text)
    text = _MONEY_AFTER.sub(lambda m: _money(m[1], m[2], m[3]) if m[3] else m[0], text)
    for sign, (_, many, _, _) in _CURRENCY.items():
        text = text.replace(sign, f" {many} ")
    text = _spoken_numbers(_ascii(text.translate(_SIGNS)).lower())
    return " ".join(_WORDS.findall(text))


def _plain_unicode(text: str) -> str:
    """Rules 1 and 2: one kind of apostrophe, compatible forms folded, pictures and controls removed."""
    text = text.translate(_BEFORE_NFKC)
    if text.isascii():
        return text
    # NFKC would glue 2½ into 21⁄2 and 10² into 102.
    text = "".join(f" {char} " if unicodedata.category(char) == "No" else char for char in text)
    folded = []
    for char in unicodedata.normalize("NFKC", text):
        category = unicodedata.category(char)
        if category == "Cf":
            continue
        picture = category in ("So", "Sk", "Cc", "Cs", "Co", "Cn") and char != "°"
        folded.append(" " if picture else char)
    return "".join(folded)


def _ascii(text: str) -> str:
    """Rule 5; the fraction slash is kept for :func:`_spoken_numbers`."""
    if text.isascii():
        return text
    return "".join(
        char if char.isascii() or char == "⁄" else re.sub("['`\"]", "", anyascii(char)) for char in text
    )


def _money(amount: str, scale: str, sign: str) -> str:
    singular, plural, cent, cents = _CURRENCY[sign]
    amount = amount.replace(",", "")
    whole, _, part = amount.partition(".")
    if scale or not (cent and len(part) == 2 and len(whole) <= 15):
        is_singular = whole.strip("0") == "1" and len(whole) == 1 and not part and not scale
        return f" {_quantity(amount)} {scale.strip()} {singular if is_singular else plural} "
    units = [f"{_cardinal(int(whole))} {singular if int(whole) == 1 else plural}"] if int(whole) else []
    if int(part) or not units:
        units.append(f"{_cardinal(int(part))} {cent if int(part) == 1 else cents}")
    return f" {' and '.join(units)} "


def _quantity(number: str) -> str:
    """A number that is not a year: ``1999`` -> one thousand nine hundred ninety nine."""
    whole, dot, part = number.partition(".")
    words = _cardinal(int(whole)) if len(whole) <= 15 else _digits(whole)
    return f"{words} point {_digits(part)}" if dot else words


def _spoken_numbers(text: str) -> str:
    """Rule 6 on lower-case ASCII (and the fraction slash)."""
    if not any(char.isdigit() for char in text):
        return text
    text = _MINUS.sub(" minus ", text)
    text = SLASHED.sub(_fraction_sign, text)
    text = _FRACTION.sub(lambda m: f" {_fraction(m[1], m[2], m[3])} ", text)
    text = _CLOCK.sub(lambda m: f"{m[1]} oh {m[2]} " if m[2] != "0" else f"{m[1]} ", text)
    text = _ORDINAL.sub(lambda m: f" {_ordinal(m[1].replace(',', ''))} " if m[2] else m[0], text)
    text = _DECADE.sub(lambda m: f" {_plural(_bare(m[1]))} ", text)
    # With commas or before "percent" a number is a quantity, never a year.
    text = _THOUSANDS.sub(lambda m: f" {_quantity(m[0].replace(',', ''))} ", text)
    text = _PERCENTAGE.sub(lambda m: f" {_quantity(m[1])} ", text)
    text = _DECIMAL.sub(lambda m: f" {_quantity(m[1]) if m[1] else ''} point {_digits(m[2])} ", text)
    return _INTEGER.sub(lambda m: f" {_bare(m[0])} ", text)


def _bare(number: str) -> str:
    """A number without a sign or a unit: a year where it can be one."""
    if len(number) > 15 or (number[0] == "0" and len(number) > 1):
        return _digits(number)
    value = int(number)
    if not (1100 <= value <= 1999 or 2010 <= value <= 2099):
        return _cardinal(value)
    high, low = divmod(value, 100)
    if low == 0:
        return f"{_cardinal(high)} hundred"
    return f"{_cardinal(high)} {'oh ' if low < 10 else ''}{_cardinal(low)}"


def _plural(words: str) -> str:
    """``eighty`` -> ``eighties``, ``hundred`` -> ``hundreds``, ``six`` -> ``sixes``."""
    if words.endswith("y"):
        return words[:-1] + "ies"
    return words + ("es" if words.endswith("x") else "s")


def is_fraction(found: re.Match[str]) -> bool:
    """Whether a match of SLASHED is a fraction: *3/4*, *2 3/16*, *2/3rds*, but not *24/7*, *9/11* or *50/50*."""
    top, bottom = int(found["top"]), int(found["bottom"])
    if not 0 < top < bottom:
        return False
    return bool(found["ending"]) or (top, bottom) in _COMMON or (bool(found["whole"]) and bottom in _PARTS_OF_MIXED)


def _fraction_sign(found: re.Match[str]) -> str:
    """A fraction with Unicode's fraction slash; without a whole number it does not belong to a number before it."""
    if not is_fraction(found):
        return found[0]
    return f" {found['whole'] or ';'} {found['top']}⁄{found['bottom']} "


def _fraction(whole: str, top: str, bottom: str) -> str:
    if len(top) > 15 or len(bottom) > 15 or int(bottom) < 2:
        words = f"{_quantity(top)} over {_quantity(bottom)}"
    else:
        singular = {2: "half", 4: "quarter"}.get(int(bottom)) or _ordinal(bottom)
        plural = "halves" if singular == "half" else _plural(singular)
        words = f"{_quantity(top)} {singular if int(top) == 1 else plural}"
    return f"{_quantity(whole)} and {words}" if whole else words


def _digits(number: str) -> str:
    return " ".join(_SMALL[int(digit)] for digit in number)


def _ordinal(number: str) -> str:
    if len(number) > 15:
        return f"{_digits(number)} th"
    head, _, last = _cardinal(int(number)).rpartition(" ")
    last = _ORDINALS.get(last) or (last[:-1] + "ieth" if last.endswith("y") else last + "th")
    return f"{head} {last}".strip()


def _cardinal(value: int) -> str:
    """Words of 0 <= value < 10^15: ``1101`` -> ``one thousand one hundred one``.

    Implemented here because importing ``inflect`` takes 3 s; the tests compare the two.
    """
    if value < 20:
        return _SMALL[value]
    if value < 100:
        return f"{_TENS[value // 10 - 2]} {_SMALL[value % 10] if value % 10 else ''}".strip()
    name, size = next((name, size) for name, size in _SCALES if value >= size)
    high, low = divmod(value, size)
    return f"{_cardinal(high)} {name} {_cardinal(low) if low else ''}".strip()
