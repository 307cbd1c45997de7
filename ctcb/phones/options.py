"""Options of the phonetic techniques: how much they trust the phone head.

Scores are natural logarithms (nats). `phonetic` is no technique: it holds what several of them share.
"""
from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar, Dict

from ctcb.errors import InputError
from ctcb.options import OptionBlock, option

# How phones are compared with the phone head's emissions (rescoring.py).
SCORES = ("forward", "path", "edits")


@dataclass(frozen=True)
class PhoneticOptions(OptionBlock):
    """What `phones`, `lookup` and `verify` share. Raises InputError for a value outside of its range."""

    block: ClassVar[str] = "phonetic"
    technique: ClassVar[bool] = False

    floor: float = option(
        0.01, "Share of a frame's probability that is spread evenly over the phones, so that none is impossible.", low=0, high=1,
        within=True, serves=("phones", "lookup", "spot", "verify"),
    )
    pronunciations: int = option(3, "Pronunciations of a word that are tried, at most.", low=1, serves=("phones", "lookup", "verify"))
    # Letters put together by their sound fit the emissions whatever was spoken.
    oov_penalty: float = option(
        4.0, "Nats against a word that neither the lexicon nor the list knows, in `phones` and `lookup`.", low=0, tuned=(0.0, 8.0),
        serves=("phones", "lookup"),
    )


@dataclass(frozen=True)
class PhoneRescoringOptions(OptionBlock):
    """Options of phonetic rescoring. Raises InputError for a value outside of its range."""

    block: ClassVar[str] = "phones"

    weight: float = option(0.3, "Factor on the phone score in `phones`.", low=0, tuned=(0.0, 1.0), flag="phone-weight")
    score: str = option("forward", "How `phones` compares: all alignments, the best one, or edits of the 1-best phones.", choices=SCORES, flag="phone-score")


@dataclass(frozen=True)
class LookupOptions(OptionBlock):
    """Options of the pronunciation lookup. Raises InputError for a value outside of its range."""

    block: ClassVar[str] = "lookup"

    min_gain: float = option(
        8.0, "Nats by which a name must fit better than other words in `lookup`.", low=0, tuned=(2.0, 20.0), flag="lookup-evidence"
    )
    short_name_penalty: float = option(4.0, "Nats more for each phone that the name has fewer than eight, in `lookup`.", low=0, tuned=(0.0, 8.0))
    max_loss_per_phone: float = option(
        1.5, "Nats a phone by which a name may fit worse than the likeliest phones, in `lookup`.", low=0, flag="lookup-lack"
    )


@dataclass(frozen=True)
class SpotOptions(OptionBlock):
    """Options of the spotting (spotting.py). Raises InputError for a value outside of its range."""

    block: ClassVar[str] = "spot"

    probability: float = option(0.6, "How likely a name must have been spoken by its phones, in `spot`.", low=0, high=1, tuned=(0.5, 0.99))
    max_loss_per_letter: float = option(
        2.0, "Nats a letter by which a spotted name's tokens may be less likely than the likeliest, in `spot`.", low=0, tuned=(1.0, 5.0)
    )
    cost: float = option(1.0, "Nats that a spotted name's tokens lack for each nat that its phones lack, in `spot`.", low=0, tuned=(0.0, 3.0))
    most: int = option(8, "Names of an utterance that are spotted, at most, in `spot`.", low=0)


@dataclass(frozen=True)
class VerifyOptions(OptionBlock):
    """Options of the verification (verification.py). Raises InputError for a value outside of its range."""

    block: ClassVar[str] = "verify"

    threshold: float = option(
        0.5, "How likely a name must have been spoken to stay, in `verify`; 0: all stay.", low=0, high=1, tuned=(0.0, 0.95), flag="assurance"
    )


@dataclass(frozen=True)
class G2gOptions(OptionBlock):
    """Options of the spelling variants. Raises InputError for a value outside of its range."""

    block: ClassVar[str] = "g2g"

    count: int = option(10, "Spellings that sound alike, of each name, in `g2g`.", low=0, flag="g2g")
    cost_weight: float = option(1.5, "Factor on what such a spelling loses of its name's bonus, in `g2g`.", low=0, tuned=(0.0, 4.0), flag="g2g-cost")


# The names of 0.1.0, where one class had them all: old name -> new one.
RENAMED = {
    "weight": "phones.weight", "score": "phones.score", "floor": "phonetic.floor", "pronunciations": "phonetic.pronunciations",
    "invented": "phonetic.oov_penalty", "lack": "lookup.max_loss_per_phone", "evidence": "lookup.min_gain",
    "short": "lookup.short_name_penalty", "brief": "subword.short_name_penalty", "assurance": "verify.threshold",
    "g2g": "g2g.count", "g2g_cost": "g2g.cost_weight",
}


def PhoneOptions(**given: Any) -> Dict[str, Any]:
    """0.1.0's options of the phonetic techniques, as settings under their new names, with a DeprecationWarning.

    Raises InputError for an unknown name.
    """
    for name in given:
        if name not in RENAMED:
            raise InputError(f"{name!r} is no phone option", hint=f"choose from {', '.join(RENAMED)}")
    warnings.warn(
        "PhoneOptions goes with the next release; give settings, such as {'verify.threshold': 0.4}", DeprecationWarning, stacklevel=2
    )
    return {RENAMED[name]: value for name, value in given.items()}
