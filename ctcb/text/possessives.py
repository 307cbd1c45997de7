"""Possessives: what a name's last word may end in, and what belongs to the sentence (*Brion's*, *James'*).

English, German, Dutch, Frisian, Danish and Norwegian write them with an apostrophe. An apostrophe alone is one behind a
sibilant: *po'* is none of *Po*.
"""
from __future__ import annotations

from typing import Optional

import regex

from ctcb.text.writing import APOSTROPHES

# ISO 639 codes, of two letters and of three.
LANGUAGES = frozenset("en eng sco de deu ger gsw nl nld dut fy fry da dan no nor nb nob nn nno".split())
POSSESSIVES = frozenset(sign + s for sign in APOSTROPHES for s in ("", "s", "S"))
_SIBILANT = r"(?:[sxzß]|[csz]e|[cs]h)"
_ENDING = regex.compile(rf"(?<=[\p{{L}}\p{{M}}\p{{N}}.])(?:[{APOSTROPHES}]s|(?<={_SIBILANT})[{APOSTROPHES}])$", regex.IGNORECASE)


def has_possessives(language: Optional[str]) -> bool:
    """Whether a language (an ISO 639 code, or a tag such as ``en-GB``) may write possessives with an apostrophe; unknown ones may."""
    return language is None or regex.split("[-_]", language.lower())[0] in LANGUAGES


def possessive_of(word: str) -> str:
    """The possessive that a word ends in: ``'s`` or an apostrophe; ``""`` where it ends in none."""
    if word.isascii() and word.isalpha():
        return ""
    found = _ENDING.search(word)
    return found[0] if found else ""
