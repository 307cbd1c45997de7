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
from ctcb.extras import install
from ctcb.io import PathOrStr
from ctcb.text.sounds import STRESS

Pronunciation = Tuple[str, ...]

_lock = threading.Lock()  # the library has global variables

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
_MOST_PHONES = 5  # of a letter in its own language
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
            raise RunError(f"pronunciations of other languages come from espeak-ng, which is not installed; {install('espeak')}") from None
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
            with _lock:
                if self._voice != language:
                    if self._library.espeak_SetVoiceByName(self.voices[language].encode()) != 0:
                        raise RunError(f"espeak-ng does not load its voice for {language!r}; install espeakng-loader again")
                    self._voice = language
                self._known[key] = () if self._cannot_read(text, self.voices[language]) else tuple(self._phones(text, self.voices[language]))
        return self._known[key]

    def _words(self, text: str) -> List[List[str]]:
        """The phones of each word that the library makes of a text."""
        rest = ctypes.c_char_p(text.replace("\0", " ").encode())
        clauses = []
        while rest.value:
            clauses.append((self._to_phonemes(ctypes.byref(rest), _UTF8, _IPA) or b"").decode("utf-8", "replace"))
        words = _FLAG.sub("", " ".join(clauses)).split()
        return [[phone for phone in word.split(_BETWEEN) if phone.strip(STRESS)] for word in words]

    def _phones(self, text: str, voice: str) -> Iterator[str]:
        for word in self._words(text):
            for phone in word:
                plain = (_TONE.sub("", phone) if _writes_tones(voice) else phone).rstrip("0123456789")
                if plain:
                    yield plain

    def _cannot_read(self, text: str, voice: str) -> bool:
        """Whether the language has other letters: the library then names those of the text one by one ("Cyrillic letter ...")."""
        letters = "".join(_FOREIGN_LETTER.findall(text))
        if not letters or _reads_han(voice):
            return False
        words = self._words(letters)
        named = len(words) >= max(2, len(letters)) and not letters.isupper()  # acronyms are spelled in their own language too
        return named or any(map(_HAN, letters)) or sum(map(len, words)) > _MOST_PHONES * len(letters)


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


def _library() -> _Library:
    with _lock:  # threads that come at once load it once
        return _load()


@lru_cache(maxsize=None)
def _load() -> _Library:
    return _Library()
