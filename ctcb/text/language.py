"""The language of a lang folder or a model directory: one code in ``language.txt``. Without the file it is unknown, or English."""
from __future__ import annotations

import re
from pathlib import Path
from typing import Optional

from ctcb.errors import InputError
from ctcb.io import PathOrStr, atomic_write, read_lines

LANGUAGE_FILE = "language.txt"

is_code = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]+)*").fullmatch


def read_language(folder: PathOrStr) -> Optional[str]:
    """The code in a folder's ``language.txt``; None where there is no such file. Raises InputError for anything but one code."""
    path = Path(folder) / LANGUAGE_FILE
    if not path.exists():
        return None
    lines = [(number, line.strip()) for number, line in read_lines(path) if line.strip()]
    if len(lines) != 1 or not is_code(lines[0][1]):
        number, text = lines[-1] if lines else (1, "")
        raise InputError(f"{text!r} is not the one code of a language", file=path, line=number, hint="write one, such as de")
    return lines[0][1]


def write_language(folder: PathOrStr, language: str) -> None:
    """Write ``language.txt``."""
    with atomic_write(Path(folder) / LANGUAGE_FILE) as file:
        file.write(f"{language}\n")


def is_english(language: Optional[str]) -> bool:
    """Whether a code is one of English; None is."""
    return language is None or language.lower().split("-")[0] in ("en", "eng")
