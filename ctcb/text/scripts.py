"""Scripts that are written without spaces between words."""
from __future__ import annotations

from functools import lru_cache

import regex

# A character of one: those of East Asia, and those of South-East Asia (Line_Break=SA: words are told apart by a dictionary).
UNSPACED = r"(?:(?=[\p{L}\p{M}\p{N}])[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{lb=SA}])"
_CHARACTER = regex.compile(UNSPACED)


@lru_cache(maxsize=65536)
def is_unspaced(text: str) -> bool:
    """Whether the text holds a letter, mark or digit of a script without spaces."""
    return not text.isascii() and _CHARACTER.search(text) is not None
