"""The fields of an entry, whatever the format that they come from: names, checks, and what is rejected."""
from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import FrozenSet, List, Optional, Sequence, Tuple, Union

from ctcb.entities.entity import Entity
from ctcb.errors import InputError
from ctcb.text.cmu_phones import BLANK, PHONES, phone_symbols

FIELDS = ("weight", "alias", "pron", "spoken", "lang")
# Far above useful weights; larger ones would overflow the graph's float32.
MAX_WEIGHT = 1e6


class Rejected(Exception):
    """An entry that is not loaded; the message is the reason."""


@dataclass(frozen=True)
class Record:
    """An entry of a file that is read as a whole, not yet checked: its weight may be text."""

    entity: Entity
    changes: Tuple[str, ...] = ()  # notes on what was left out
    problem: Optional[str] = None  # why it is no entity

    @property
    def text(self) -> str:
        """The entity's text, or what stands in its place."""
        return self.entity.text


def tidy(text: str, changes: List[str]) -> str:
    """``text`` with its words one space apart; appends a note to ``changes`` where that changes it."""
    joined = " ".join(text.split())
    if joined != text:
        changes.append("leading, trailing or repeated white space removed")
    return joined


def check_weight(value: Union[str, float]) -> float:
    """A weight as a float. Raises Rejected where it is 0, or not in [-MAX_WEIGHT, MAX_WEIGHT]."""
    try:
        weight = float(value)
    except (TypeError, ValueError):
        weight = 0.0
    if weight == 0.0 or not abs(weight) <= MAX_WEIGHT:
        raise Rejected(
            f"the weight {value!r} is not a positive number up to {MAX_WEIGHT:,.0f}, nor a negative one; "
            "write for example 2.0, or -5 to push the phrase away"
        )
    return weight


def check_pron(value: str, changes: List[str]) -> Optional[str]:
    """Phones one space apart, those of the CMU dictionary in upper case, those of the IPA as they are; None, with a note in
    ``changes``, where one is unknown."""
    phones = value.upper().split()
    unknown = [phone for phone in phones if phone not in _phones()]
    if phones and not unknown:
        return " ".join(phones)
    if _are_ipa(value.split()):
        return unicodedata.normalize("NFC", " ".join(value.split()))
    problem = f"{unknown[0]!r} is not a CMU phone, as in Z EH0 L EH1 N S K IY0" if unknown else "it is empty"
    changes.append(f"pron={value} ignored: {problem}")
    return None


def check_languages(entity: Entity, file: Optional[str], line: int) -> None:
    """Raise InputError for a language (``lang=``) that espeak-ng does not have; where it is not installed, for what is no code."""
    from ctcb.text import espeak
    from ctcb.text.language import is_code

    for language in entity.languages:
        if espeak.available():
            espeak.check_language(language, file, line)
        elif not is_code(language):
            raise InputError(f"{language!r} is no code of a language", file=file, line=line, hint="write one such as de")


def _are_ipa(phones: Sequence[str]) -> bool:
    """Whether phones are the IPA's. Latin letters alone are only where each is a phone: ``xx`` and ``eh`` are mistakes."""
    from ctcb.text.sounds import sounds_of  # imports numpy; few lists have pron=

    if not phones or not all(map(sounds_of, phones)):
        return False
    return all(len(phone) == 1 for phone in phones) or not all(map(str.isascii, phones))


@lru_cache(maxsize=None)
def _phones() -> FrozenSet[str]:
    return frozenset({*phone_symbols(stress=True), *PHONES} - {BLANK})
