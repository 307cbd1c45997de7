"""The ``lang`` folder: the tokenizer, phones, lexicon and common words that a model is trained with."""
from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping, Tuple

from ctcb.errors import InputError
from ctcb.io import PathOrStr, atomic_write, read_lines
from ctcb.text import espeak
from ctcb.text.language import LANGUAGE_FILE, is_english, read_language
from ctcb.text.lexicon import Lexicon, has_cmu_phones, read_phones
from ctcb.text.normalize import normalize
from ctcb.text.phone_lexicon import PhoneLexicon
from ctcb.text.tokenizer import MODEL_FILE, TOKENS_FILE, Tokenizer
from ctcb.text.writing import Writing

PHONES_FILE, LEXICON_FILE, COMMON_FILE = "phones.txt", "lexicon.txt", "common.txt"
LANG_FILES = (MODEL_FILE, TOKENS_FILE, PHONES_FILE, LEXICON_FILE)
OPTIONAL_FILES = (COMMON_FILE, LANGUAGE_FILE)


@dataclass(frozen=True)
class Lang:
    """Pieces, phones, pronunciations and common words."""

    tokenizer: Tokenizer
    phones: Tuple[str, ...]  # id -> symbol, the blank first
    lexicon: Lexicon
    common: Tuple[str, ...] = ()  # the language's commonest words, if known

    @property
    def writing(self) -> Writing:
        """What the pieces can write."""
        return self.tokenizer.writing

    @classmethod
    def load(cls, folder: PathOrStr) -> "Lang":
        """Read ``tokens.model``, ``tokens.txt``, ``phones.txt`` and ``lexicon.txt``, and ``common.txt`` and ``language.txt`` if there are.

        Raises
        ------
        InputError : the folder or a file is missing or malformed, or the files contradict one another.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise InputError("no such folder", file=folder, hint="name a model directory")
        phones, lexicon = read_pronunciations(folder)
        tokenizer = Tokenizer.load(folder)
        common = read_common(folder / COMMON_FILE, tokenizer.writing.is_plain) if (folder / COMMON_FILE).exists() else ()
        return cls(tokenizer, phones, lexicon, common)


def read_pronunciations(folder: PathOrStr, need_lexicon: bool = True) -> Tuple[Tuple[str, ...], Lexicon]:
    """The phones of a lang folder, the blank first, and the pronunciations in them: ``phones.txt``, ``lexicon.txt``, and ``language.txt``
    if there is one.

    English in CMU phones is pronounced by the CMU dictionary and G2P beside the lexicon; what is in other phones or another
    language by espeak-ng. Without ``need_lexicon``, the lexicon may be missing. Raises InputError.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError("no such folder", file=folder, hint="name a folder with phones.txt")
    phones, language, file = read_phones(folder / PHONES_FILE), read_language(folder), folder / LEXICON_FILE
    if language is not None and espeak.available():
        espeak.check_language(language, folder / LANGUAGE_FILE, 1)
    none = not need_lexicon and not file.exists()
    if has_cmu_phones(phones) and is_english(language):
        stress = any(phone[-1].isdigit() for phone in phones)
        return phones, Lexicon(stress=stress) if none else Lexicon.read(file, stress)
    return phones, PhoneLexicon(phones[1:], language=language) if none else PhoneLexicon.of_file(file, phones[1:], language)


def write_common(path: PathOrStr, counts: Mapping[str, int], limit: int) -> None:
    """Write ``common.txt``: the ``limit`` commonest words, one on each line, commonest first, ties in alphabetical order.

    ``counts``: normal word -> number of occurrences.
    """
    words = sorted(counts, key=lambda word: (-counts[word], word))
    with atomic_write(path) as file:
        file.writelines(f"{word}\n" for word in words[:limit])


def read_common(path: PathOrStr, normal: bool = True) -> Tuple[str, ...]:
    """Read ``common.txt``. Raises InputError for a line that is not one word, with ``normal`` a normal one."""
    lines = read_lines(path)
    for number, word in lines:
        if word.split() != [word] or (normal and normalize(word) != word):
            raise InputError(f"{word!r} is not a normal word", file=path, line=number, hint="`ctcb lexicon --common` writes it")
    return tuple(word for _, word in lines)


def copy_lang(source: PathOrStr, target: PathOrStr) -> None:
    """Copy the files of a lang folder to another folder, which must exist."""
    for name in LANG_FILES:
        shutil.copyfile(Path(source) / name, Path(target) / name)
    for name in OPTIONAL_FILES:
        if (Path(source) / name).exists():
            shutil.copyfile(Path(source) / name, Path(target) / name)
        else:
            (Path(target) / name).unlink(missing_ok=True)
