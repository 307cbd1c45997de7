"""The ``lang`` folder: everything about text that a model is trained with."""
from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Tuple

from ctcb.errors import InputError
from ctcb.io import PathOrStr
from ctcb.text.lexicon import Lexicon, read_phones
from ctcb.text.tokenizer import MODEL_FILE, TOKENS_FILE, Tokenizer

PHONES_FILE, LEXICON_FILE = "phones.txt", "lexicon.txt"
LANG_FILES = (MODEL_FILE, TOKENS_FILE, PHONES_FILE, LEXICON_FILE)


@dataclass(frozen=True)
class Lang:
    """Pieces, phones and pronunciations."""

    tokenizer: Tokenizer
    phones: Tuple[str, ...]  # id -> symbol, the blank first
    lexicon: Lexicon

    @classmethod
    def load(cls, folder: PathOrStr) -> "Lang":
        """Read ``tokens.model``, ``tokens.txt``, ``phones.txt`` and ``lexicon.txt``.

        Raises
        ------
        InputError : the folder or a file is missing or malformed, or they contradict one another.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise InputError("no such folder", file=folder, mend="name a model directory")
        phones = read_phones(folder / PHONES_FILE)
        stress = any(phone[-1].isdigit() for phone in phones)
        return cls(Tokenizer.load(folder), phones, Lexicon.read(folder / LEXICON_FILE, stress))


def copy_lang(source: PathOrStr, target: PathOrStr) -> None:
    """Copy the four files to another folder."""
    for name in LANG_FILES:
        shutil.copyfile(Path(source) / name, Path(target) / name)
