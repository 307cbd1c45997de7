"""Checks that a language model's vocabulary covers the words that it will score."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterable, Optional, Tuple, Union

from ctcb.errors import InputError

HINT = "estimate an LM on your text with `ctcb lm`, which normalises words as ctcb does"
MIN_COVERAGE = 0.02  # a smaller share of known words is an error
LOW_COVERAGE = 0.5  # a smaller one is noted

# How other models may spell words: a description, and a function from our spelling to theirs.
SPELLINGS = (
    ("in upper case", str.upper),
    ("capitalised", str.capitalize),
    ("as sentencepiece pieces", "\u2581{}".format),
)


@dataclass(frozen=True)
class VocabularyCheck:
    """How many of some words an LM knows."""

    known: int  # different words that the LM knows
    total: int  # different words
    unknown: Tuple[str, ...]  # some that it does not know
    note: Optional[str]  # a note for the user, where coverage is low


def check_vocabulary(
    knows: Callable[[str], bool], words: Iterable[str], source: str, path: Optional[Union[str, Path]] = None
) -> VocabularyCheck:
    """Count how many of ``words`` (of ``source``, such as "the lexicon") an LM knows.

    Raises InputError where it knows hardly any, or more than twice as many in another spelling: an LM
    in upper case would otherwise silently score every word as unknown.
    """
    words = list(dict.fromkeys(words))
    unknown = [word for word in words if not knows(word)]
    known = len(words) - len(unknown)
    counted = f"{known} of {len(words)} words of {source} are in the LM"
    for name, spell in SPELLINGS:
        otherwise = sum(spell(word) != word and knows(spell(word)) for word in unknown)
        if otherwise > 2 * known:
            raise InputError(f"{counted}, but {otherwise} {name}", file=path, hint=HINT)
    if words and known < MIN_COVERAGE * len(words) or words and not known:
        raise InputError(f"{counted} (not {', '.join(map(repr, unknown[:3]))})", file=path, hint=HINT)
    note = None
    if known < LOW_COVERAGE * len(words):
        note = f"{counted}; the others, such as {', '.join(unknown[:3])}, are scored as <unk>"
    return VocabularyCheck(known, len(words), tuple(unknown[:10]), note)
