"""Pronunciations in about a hundred languages, in phones of the IPA, by espeak-ng.

The package ``espeakng-loader`` (the extra ``espeak``) brings the library and its data, and nothing else is needed: no network,
and no program in the path. The library holds one voice at a time, so threads take turns.
"""
from __future__ import annotations

import ctypes
import re
import threading
import unicodedata
from difflib import get_close_matches
from functools import lru_cache
from importlib.util import find_spec
from typing import Dict, Iterable, Iterator, List, Optional, Tuple

import regex

from ctcb.errors import InputError, RunError
from ctcb.io import PathOrStr
from ctcb.text.sounds import STRESS

Pronunciation = Tuple[str, ...]

INSTALL = "pip install 'ctcb[espeak]'"

# Of espeak_Initialize (speak_lib.h): the audio is retrieved, not played; an error is returned, where it would end the process.
_RETRIEVAL, _DONT_EXIT = 1, 0x8000
_UTF8 = 1
_BETWEEN = "_"
_IPA = 0x02 | ord(_BETWEEN) << 8  # of espeak_TextToPhonemes: IPA, with this between phones
_FLAG = re.compile(r"\([a-z0-9-]+\)")  # where a word is read as another language's: (en)
_reads_han = re.compile("sit/").match  # the voices of the Chinese languages
_writes_tones = re.compile("sit/|aav/vi").match  # the third one as ɜ
_TONE = re.compile(r"(?<=.)ɜ$|\d+$")
_FOREIGN_LETTER = regex.compile(r"(?!\p{Latin})\p{L}")
_HAN = regex.compile(r"\p{Han}").match


def available() -> bool:
    """Whether the extra is installed."""
    return find_spec("espeakng_loader") is not None


def languages() -> Tuple[str, ...]:
    """The codes of the languages that there are (``de``, ``en-us``), sorted. Raises RunError as :func:`pronounce` does."""
    return tuple(sorted(_library().voices))


def check_language(language: str, file: Optional[PathOrStr] = None, line: Optional[int] = None) -> None:
    """Raise InputError, naming ``file`` and ``line``, for a code that is no language's; RunError as :func:`pronounce` does."""
    library = _library()
    if language in library.voices:
        return
    near = library.near(language)
    hint = f"write {' or '.join(near)}" if near else "write its ISO 639-1 code, such as es for Spanish"
    raise InputError(f"{language!r} is no language that espeak-ng pronounces", file=file, line=line, hint=hint)


def pronounce(texts: Iterable[str], language: str, stress: bool = False) -> List[Pronunciation]:
    """The phones of each text (a word or several) in a language.

    Phones are as espeak-ng writes them: with their length (``øː``), affricates and diphthongs in one (``ts``, ``aɪ``), without
    tones. Results are kept for the life of the process.

    Parameters
    ----------
    texts : in the language's own script. A text in a script that the language is not written in has no phones: () (for
        Japanese kanji are none; give kana).
    language : a code of :func:`languages`.
    stress : keep the marks of stress, ``ˈ`` and ``ˌ``, before the stressed vowels.

    Raises
    ------
    InputError : an unknown language.
    RunError : the extra is not installed, or its library does not load.
    """
    check_language(language)
    library = _library()
    found = (library.phones(unicodedata.normalize("NFC", text), language) for text in texts)
    if stress:
        return list(found)
    return [tuple(phone.strip(STRESS) for phone in phones) for phones in found]


class _Library:
    """The loaded library."""

    def __init__(self) -> None:
        try:
            import espeakng_loader
        except ModuleNotFoundError:
            raise RunError(f"pronunciations of other languages come from espeak-ng, which is not installed; {INSTALL}") from None
        try:
            self._library = ctypes.CDLL(espeakng_loader.get_library_path())
            data = espeakng_loader.get_data_path()
        except (OSError, RuntimeError) as error:
            raise RunError(f"espeak-ng does not load ({error}); install espeakng-loader again") from None
        if self._library.espeak_Initialize(_RETRIEVAL, 0, data.encode(), _DONT_EXIT) <= 0:
            raise RunError(f"espeak-ng does not find its data in {data}; install espeakng-loader again, in a shorter path")
        self._to_phonemes = self._library.espeak_TextToPhonemes
        self._to_phonemes.restype = ctypes.c_char_p
        self._to_phonemes.argtypes = [ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int]
        self._lock = threading.Lock()
        self._voice = ""
        self._known: Dict[Tuple[str, str], Pronunciation] = {}
        self.voices: Dict[str, str] = {}  # language -> its voice
        self._names: Dict[str, str] = {}  # what the language is called -> the language
        for _, code, name, voice in sorted(_voices(self._library)):
            self.voices.setdefault(code, voice)
            self._names.setdefault(name.lower(), code)

    def near(self, language: str) -> List[str]:
        """Codes that may have been meant by one that there is not, the likeliest first: by its name, its beginning, its letters."""
        code = language.lower().replace("_", "-")
        base = code.split("-")[0]
        named = [self._names[name] for name in get_close_matches(code, self._names, 1, 0.8)]
        shared = sorted((other for other in self.voices if other.split("-")[0] == base), key=lambda other: (other != code, other))
        begun = [base[:2]] if len(base) == 3 and base[:2] in self.voices else []  # deu, fra, ita: the codes of ISO 639-3
        return list(dict.fromkeys([*named, *shared, *begun]))[:3]

    def phones(self, text: str, language: str) -> Pronunciation:
        """A text's phones with their stress."""
        key = (text, language)
        if key not in self._known:
            with self._lock:
                if self._voice != language:
                    if self._library.espeak_SetVoiceByName(self.voices[language].encode()) != 0:
                        raise RunError(f"espeak-ng does not load its voice for {language!r}; install espeakng-loader again")
                    self._voice = language
                written = " ".join(self._clauses(text))
            self._known[key] = self._split(text, language, written)
        return self._known[key]

    def _clauses(self, text: str) -> Iterator[str]:
        """What the library writes for each clause of a text."""
        rest = ctypes.c_char_p(text.replace("\0", " ").encode())
        while rest.value:
            yield (self._to_phonemes(ctypes.byref(rest), _UTF8, _IPA) or b"").decode("utf-8", "replace")

    def _split(self, text: str, language: str, written: str) -> Pronunciation:
        voice, words = self.voices[language], _FLAG.sub("", written).split()
        if _are_names(text, len(words), voice):
            return ()
        phones = [phone for word in words for phone in word.split(_BETWEEN) if phone.strip(STRESS)]
        if _writes_tones(voice):
            phones = [_TONE.sub("", phone) for phone in phones]
        return tuple(phone for phone in (phone.rstrip("0123456789") for phone in phones) if phone)


def _are_names(text: str, words: int, voice: str) -> bool:
    """Whether the library named the letters one by one ("Cyrillic letter ..."), in so many words, for the language has others."""
    letters = _FOREIGN_LETTER.findall(text)
    if any(map(_HAN, letters)) and not _reads_han(voice):
        return True
    return bool(letters) and words >= max(2, len(letters)) and not _reads_han(voice)


class _Voice(ctypes.Structure):
    """espeak_VOICE of speak_lib.h."""

    _fields_ = [
        ("name", ctypes.c_char_p), ("languages", ctypes.c_void_p), ("identifier", ctypes.c_char_p), ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte), ("variant", ctypes.c_ubyte), ("xx1", ctypes.c_ubyte), ("score", ctypes.c_int), ("spare", ctypes.c_void_p),
    ]  # fmt: skip


def _voices(library: ctypes.CDLL) -> Iterator[Tuple[int, str, str, str]]:
    """The languages of all voices: the voice's rank for the language (the lower, the better), the code, its name, the voice."""
    library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
    library.espeak_ListVoices.argtypes = [ctypes.c_void_p]
    listed = library.espeak_ListVoices(None)
    place = 0
    while listed[place]:
        voice = listed[place].contents
        place += 1
        if voice.identifier.startswith(b"mb/"):  # MBROLA's need files that do not come along
            continue
        at = voice.languages
        while ord(ctypes.string_at(at, 1)):  # a byte with the rank, and a code that ends with 0; behind the last a 0
            code = ctypes.string_at(at + 1)
            yield ord(ctypes.string_at(at, 1)), code.decode("utf-8", "replace"), voice.name.decode("utf-8", "replace"), voice.identifier.decode()
            at += len(code) + 2


@lru_cache(maxsize=None)
def _library() -> _Library:
    return _Library()
