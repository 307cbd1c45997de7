"""What phones are like, whatever table they come from, and which phone of a model is nearest to one that it lacks.

``features.tsv`` describes the phones of the CMU dictionary and the letters of the IPA on the same scales. A symbol of the
IPA (``tʃ``, ``aɪ``, ``ɔ̃``, ``əl``) is read letter by letter: stress, length, tone and other marks count nothing, a stop and a
fricative are one affricate, two vowels one diphthong.
"""
from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Dict, FrozenSet, List, Optional, Sequence, Tuple

import numpy as np

TABLE = Path(__file__).with_name("features.tsv")

LEAST = 0.15  # difference of any two different phones
_CONSONANT = np.array([0.25, 0.7, 0.9])  # voicing, place, openness
_VOWEL = np.array([0.4, 0.4, 0.1, 0.3, 0.3])  # begin height and backness, rounding, end height and backness
# Beyond this, two sounds are not taken for one another: most consonants of another place and another manner.
FARTHEST = 0.65
# How much nearer two phones must be than one, to be written instead.
_ONE_MORE = {"consonant": 0.05, "vowel": 0.3}

_STILL = 0.1  # what a diphthong loses as a plain vowel

STRESS = "ˈˌ"
LENGTH = "ːˑ"
NASAL = "\N{COMBINING TILDE}"
_STOP, _AFFRICATE, _FRICATIVE = 0.0, 0.3, 0.4  # openness


@dataclass(frozen=True)
class Sound:
    """A phone's features."""

    kind: str  # consonant or vowel
    presence: float  # how much it counts where it is left out or put in
    features: Tuple[float, ...]
    letters: Tuple[str, ...]  # the phones of the table that it is made of

    @property
    def name(self) -> str:
        """Its letters in one."""
        return "".join(self.letters)


@dataclass(frozen=True)
class _Table:
    sounds: Dict[str, Sound]
    pairs: Dict[FrozenSet[str], float]  # what phones of different kinds differ by
    split: Dict[str, Tuple[str, ...]]


@lru_cache(maxsize=4096)
def sounds_of(symbol: str) -> Tuple[Sound, ...]:
    """The sounds of a CMU phone or of a symbol of the IPA, in order; () for any other symbol."""
    known = _table().sounds
    plain = symbol.rstrip("012")
    if plain in known:
        return (known[plain],)
    found: List[Sound] = []
    for char in unicodedata.normalize("NFC", symbol):
        base = char if char in known else unicodedata.normalize("NFD", char)[0]
        if base in known:
            found.append(known[base])
        elif not char.isdigit() and unicodedata.category(char) not in ("Mn", "Lm", "Sk"):
            return ()
    return tuple(_joined(found))


def _joined(sounds: Sequence[Sound]) -> List[Sound]:
    """Sounds with stops and fricatives joined to affricates, vowels to diphthongs, two and two."""
    joined: List[Sound] = []
    for sound in sounds:
        last = joined[-1] if joined and len(joined[-1].letters) == 1 else None
        if last is not None and last.kind == sound.kind == "vowel":
            features = (*last.features[:3], *sound.features[3:])
            joined[-1] = Sound("vowel", 1.0, features, (*last.letters, *sound.letters))
        elif last is not None and last.kind == sound.kind and (last.features[2], sound.features[2]) == (_STOP, _FRICATIVE):
            features = (last.features[0], sound.features[1], _AFFRICATE)
            joined[-1] = Sound("consonant", 1.0, features, (*last.letters, *sound.letters))
        else:
            joined.append(sound)
    return joined


def difference(one: Sound, other: Sound) -> float:
    """What two different phones differ by, LEAST to 1."""
    if one.kind == other.kind:
        scale = _CONSONANT if one.kind == "consonant" else _VOWEL
        return min(1.0, LEAST + float(scale @ np.abs(np.array(one.features) - np.array(other.features))))
    return _table().pairs.get(frozenset((one.name, other.name)), 1.0)


class NearestPhones:
    """Writes phones of the CMU dictionary or of the IPA in a model's own."""

    def __init__(self, symbols: Sequence[str]) -> None:
        """``symbols``: the model's phones, without the blank."""
        self.symbols = tuple(symbols)
        self._own = {symbol: symbol for symbol in symbols}
        self._sounds: List[Tuple[Sound, str]] = []
        for symbol in symbols:
            for form in _plainer(symbol):
                self._own.setdefault(form, symbol)
            sounds = sounds_of(symbol)
            if len(sounds) == 1:
                self._sounds.append((sounds[0], symbol))
        self._known: Dict[str, Optional[Tuple[str, ...]]] = {}

    def write(self, phones: Sequence[str]) -> Tuple[str, ...]:
        """The phones in the model's; () where one of them has no likeness among these.

        A phone that the table has stays, without its stress or length if it has it only so. Another one becomes the nearest
        of its kind (:func:`difference`). What the table lacks and is nearer to two of its phones than to one becomes two:
        an affricate (ts: T S), a diphthong, a nasal vowel (the vowel and n), and the sounds that ``features.tsv`` splits.
        """
        written: List[str] = []
        for phone in phones:
            if phone not in self._known:
                self._known[phone] = self._write(phone)
            own = self._known[phone]
            if own is None:
                return ()
            written += own
        return tuple(written)

    def _write(self, phone: str) -> Optional[Tuple[str, ...]]:
        for form in _plainer(phone):
            if form in self._own:
                return (self._own[form],)
        sounds = sounds_of(phone)
        found = [self._near(sound) for sound in sounds]
        if not sounds or None in found:
            return None
        nasal = self._near(sounds_of("n")[0]) if _is_nasal_vowel(phone) else None
        return tuple(symbol for _, symbols in (*found, *([nasal] if nasal else [])) for symbol in symbols)

    def _near(self, sound: Sound) -> Optional[Tuple[float, Tuple[str, ...]]]:
        """The nearest phones to a sound, and how far they are; None where none is near."""
        away, symbol = min(((_apart(sound, other), symbol) for other, symbol in self._sounds), default=(1.0, ""), key=lambda pair: pair[0])
        parts = sound.letters if len(sound.letters) > 1 else _table().split.get(sound.name)
        if parts is not None and away > 0:
            each = [self._near(_table().sounds[part]) for part in parts]
            total = sum(one[0] for one in each if one is not None)
            if None not in each and (total + _ONE_MORE[sound.kind] < away or len(sound.letters) == 1):
                return total, tuple(letter for one in each if one is not None for letter in one[1])
        return (away, (symbol,)) if away <= FARTHEST else None


def _apart(one: Sound, other: Sound) -> float:
    """:func:`difference`, 0 for sounds with the same features; more where ``one`` is a diphthong and ``other`` stands still."""
    if (one.kind, one.features) == (other.kind, other.features):
        return 0.0
    return difference(one, other) + _STILL * (_moves(one) and not _moves(other))


def _moves(sound: Sound) -> bool:
    """Whether a vowel ends elsewhere than it begins."""
    if sound.kind != "vowel":
        return False
    height, backness, _, end_height, end_backness = sound.features
    return abs(height - end_height) + abs(backness - end_backness) > 0.15


def _plainer(symbol: str) -> Tuple[str, ...]:
    """A symbol in NFC; then without stress and tone, then without length too."""
    whole = unicodedata.normalize("NFC", symbol)
    unstressed = whole.strip(STRESS)
    unstressed = unstressed.rstrip("0123456789") or unstressed
    short = unstressed.translate({ord(mark): None for mark in LENGTH})
    return tuple(dict.fromkeys((whole, unstressed, short)))


def _is_nasal_vowel(symbol: str) -> bool:
    return NASAL in unicodedata.normalize("NFD", symbol) and all(sound.kind == "vowel" for sound in sounds_of(symbol))


@lru_cache(maxsize=None)
def _table() -> _Table:
    sounds: Dict[str, Sound] = {}
    pairs: Dict[FrozenSet[str], float] = {}
    split: Dict[str, Tuple[str, ...]] = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        phone, second, *rest = line.split("\t")
        if second in ("consonant", "vowel"):
            presence, *features = map(float, rest)
            sounds[phone] = Sound(second, presence, tuple(features), (phone,))
        elif second == "split":
            split[phone] = tuple(" ".join(rest).split())
        else:
            pairs[frozenset((phone, second))] = float(rest[0])
    return _Table(sounds, pairs, split)
