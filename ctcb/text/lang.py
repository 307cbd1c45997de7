"""The ``lang`` folder: the tokenizer, phones, lexicon and common words that a model is trained with."""
from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping, Tuple

from ctcb.errors import InputError
from ctcb.io import PathOrStr, atomic_write, read_lines
from ctcb.text.lexicon import Lexicon, read_phones
from ctcb.text.normalize import normalize
from ctcb.text.tokenizer import MODEL_FILE, TOKENS_FILE, Tokenizer
from ctcb.text.writing import Writing

PHONES_FILE, LEXICON_FILE, COMMON_FILE = "phones.txt", "lexicon.txt", "common.txt"
LANG_FILES = (MODEL_FILE, TOKENS_FILE, PHONES_FILE, LEXICON_FILE)  # and COMMON_FILE, where there is one


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
        """Read ``tokens.model``, ``tokens.txt``, ``phones.txt`` and ``lexicon.txt``, and ``common.txt`` if there is one.

        Raises
        ------
        InputError : the folder or a file is missing or malformed, or the files contradict one another.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise InputError("no such folder", file=folder, hint="name a model directory")
        phones = read_phones(folder / PHONES_FILE)
        stress = any(phone[-1].isdigit() for phone in phones)
        common = read_common(folder / COMMON_FILE) if (folder / COMMON_FILE).exists() else ()
        return cls(Tokenizer.load(folder), phones, Lexicon.read(folder / LEXICON_FILE, stress), common)


def write_common(path: PathOrStr, counts: Mapping[str, int], limit: int) -> None:
    """Write ``common.txt``: the ``limit`` commonest words, one on each line, commonest first, ties in alphabetical order.

    ``counts``: normal word -> number of occurrences.
    """
    words = sorted(counts, key=lambda word: (-counts[word], word))
    with atomic_write(path) as file:
        file.writelines(f"{word}\n" for word in words[:limit])


def read_common(path: PathOrStr) -> Tuple[str, ...]:
    """Read ``common.txt``. Raises InputError for a line that is not one normal word."""
    lines = read_lines(path)
    for number, word in lines:
        if word.split() != [word] or normalize(word) != word:
            raise InputError(f"{word!r} is not a normal word", file=path, line=number, hint="`ctcb lexicon --common` writes it")
    return tuple(word for _, word in lines)


def copy_lang(source: PathOrStr, target: PathOrStr) -> None:
    """Copy the files of a lang folder to another folder, which must exist."""
    for name in LANG_FILES:
        shutil.copyfile(Path(source) / name, Path(target) / name)
    if (Path(source) / COMMON_FILE).exists():
        shutil.copyfile(Path(source) / COMMON_FILE, Path(target) / COMMON_FILE)
    else:
        (Path(target) / COMMON_FILE).unlink(missing_ok=True)
