"""The phones of the CMU dictionary."""
from __future__ import annotations

from typing import Tuple

BLANK = "<blk>"
VOWELS = "AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW".split()
CONSONANTS = "B CH D DH F G HH JH K L M N NG P R S SH T TH V W Y Z ZH".split()
PHONES: Tuple[str, ...] = tuple(sorted(VOWELS + CONSONANTS))


def phone_symbols(stress: bool = False) -> Tuple[str, ...]:
    """The symbol table of a phone head: ``<blk>`` is 0, then the 39 phones (69 with stress)."""
    if not stress:
        return (BLANK, *PHONES)
    return (BLANK, *sorted([vowel + mark for vowel in VOWELS for mark in "012"] + CONSONANTS))
