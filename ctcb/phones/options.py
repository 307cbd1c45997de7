"""How much the phonetic techniques trust the phone head."""
from __future__ import annotations

import math
from dataclasses import dataclass, fields

from ctcb.errors import InputError

# How phones are compared with what was heard (rescoring.py).
SCORES = ("forward", "path", "edits")


@dataclass(frozen=True)
class PhoneOptions:
    """Settings of `phones`, `lookup`, `verify` and `g2g`, and what makes `subword` wary; scores are natural logarithms.

    Raises InputError for a value outside of its range.
    """

    weight: float = 0.3  # of a hypothesis's phone score beside its own, in `phones`
    score: str = "forward"  # how phones are compared with what was heard: one of SCORES
    floor: float = 0.01  # share of a frame's probability that is spread evenly: no phone is impossible
    pronunciations: int = 3  # of a word, that are tried
    # Nats against a word that neither lexicon nor list knows, in `phones` and `lookup`: letters put together by
    # sound fit what was heard whatever was said.
    invented: float = 4.0
    lack: float = 1.5  # `lookup`: nats a phone by which an entity may fit worse than the best phones
    evidence: float = 8.0  # `lookup`: nats by which an entity must fit better than the words in its place,
    short: float = 4.0  # and so many more for each phone that it has fewer than eight
    # `subword` in long lists: what is taken off the bonus of a name for each letter that it has fewer than eight
    # (all of it from 1,000 names on, nothing up to 10). Of short names some fit by chance.
    brief: float = 0.0
    assurance: float = 0.5  # `verify`: how likely a name must have been said to stay (verification.py); 0: all stay
    g2g: int = 10  # spellings that sound alike, of each entity,
    g2g_cost: float = 1.5  # and what a nat of their cost takes off their entity's bonus

    def __post_init__(self) -> None:
        if self.score not in SCORES:
            raise InputError(f"phone option score is {self.score!r}", hint=f"choose from {', '.join(SCORES)}")
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name != "score" and not (math.isfinite(value) and value >= 0):
                raise InputError(f"phone option {field.name} is {value}", hint="it must be at least 0")
        if self.assurance > 1:
            raise InputError(f"phone option assurance is {self.assurance}", hint="it must lie between 0 and 1")
        if not 0 < self.floor < 1:
            raise InputError(f"phone option floor is {self.floor}", hint="it must lie between 0 and 1")
        if self.pronunciations < 1:
            raise InputError("phone option pronunciations is 0", hint="it must be at least 1")
