"""How the beam search is set, and the names of the techniques that searches serve."""
from __future__ import annotations

import math
from dataclasses import dataclass, fields

from ctcb.errors import InputError
from ctcb.lm.weights import CLASS_BONUS, LM_WEIGHT, PIECE_BONUS, WORD_BONUS


@dataclass(frozen=True)
class BeamOptions:
    """Settings of the beam search; log-probabilities are natural logarithms.

    Raises InputError for a value outside of its range.
    """

    beam: int = 16  # prefixes kept a frame; with an LM twice as many, for an n-best list up to four times
    nbest: int = 1  # hypotheses answered, at most `beam`
    top_k: int = 20  # a frame's tokens that may open a new prefix: at most so many,
    token_gap: float = 8.0  # and no further than this below the frame's best
    blank_skip: float = 0.995  # a frame whose blank is at least this probable is taken as pure blank; above 1: never
    # Chosen by hand among a few, on the bundled model's emissions of four dev sets with lists of 100 and 1,000 entities.
    alpha: float = 0.5  # boost a unit of distance between the frame's best and the token,
    beta: float = 1.75  # and a letter of the token
    cap: float = 4.0  # highest boost of a token, before its entity's weight,
    class_cap: float = 3.0  # or this, where an LM has the names in its class, which speaks for them too
    boost_gap: float = 10.0  # a token further than this below the frame's best is not boosted,
    boost_top_k: int = 40  # and only a frame's best so many may continue an entity beyond `top_k` and `token_gap`
    lm_weight: float = LM_WEIGHT  # factor on the LM's ln P, class_bonus and piece_bonus
    word_bonus: float = WORD_BONUS  # added a word, with an LM
    class_bonus: float = CLASS_BONUS  # added to ln P(<unk>) of a listed entity (unigram boosting)
    piece_bonus: float = PIECE_BONUS  # added to ln P(<unk>) for each token of any other word that the LM does not know
    look_ahead: bool = True  # a word under way has the score of the best 1-gram that begins so
    histories: int = 4  # LM histories that a prefix may have (more than one only by unigram boosting)

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if math.isnan(value):
                raise InputError(f"beam option {field.name} is not a number", hint="give a number")
        for name, low in _AT_LEAST.items():
            if getattr(self, name) < low:
                raise InputError(f"beam option {name} is {getattr(self, name)}", hint=f"it must be at least {low}")
        if self.nbest > self.beam:
            raise InputError(f"nbest is {self.nbest} and beam {self.beam}", hint="raise beam or lower nbest")
        if self.piece_bonus > 0:
            raise InputError(f"beam option piece_bonus is {self.piece_bonus}", hint="it must be at most 0")
        for name in _FINITE:
            if not math.isfinite(getattr(self, name)):
                raise InputError(f"beam option {name} is not finite", hint="give a finite number")


_AT_LEAST = {
    "beam": 1, "nbest": 1, "top_k": 1, "token_gap": 0, "blank_skip": 0,
    "alpha": 0, "cap": 0, "class_cap": 0, "boost_gap": 0, "boost_top_k": 0, "lm_weight": 0, "histories": 1,
}
_FINITE = ("alpha", "beta", "cap", "class_cap", "lm_weight", "word_bonus", "class_bonus", "piece_bonus")

SUBWORD, UNIGRAM = "subword", "unigram"  # the techniques that the search itself serves
ADAPTER = "adapter"  # the one that acts before it
