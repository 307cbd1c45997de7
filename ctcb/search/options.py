"""How the beam search is set, and the options of the techniques that searches serve.

Scores are natural logarithms (nats), unless a sentence says otherwise.
"""
from __future__ import annotations

import functools
import warnings
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Dict, Tuple, TypeVar

from ctcb.errors import InputError
from ctcb.lm.weights import CLASS_BONUS, LM_WEIGHT, PIECE_BONUS, WORD_BONUS
from ctcb.options import OptionBlock, option

SUBWORD, UNIGRAM = "subword", "unigram"  # the techniques that the search itself serves
ADAPTER = "adapter"  # the one that acts before it

Block = TypeVar("Block", bound=OptionBlock)


# The defaults were chosen by hand among a few, on the bundled model's emissions of four dev sets with lists of 100 and
# 1,000 entities.
ALIGNMENTS = ("sum", "best")


@dataclass(frozen=True)
class SubwordOptions(OptionBlock):
    """Options of subword boosting. Raises InputError for a value outside of its range."""

    block: ClassVar[str] = SUBWORD

    alpha: float = option(0.5, "Boost a unit of distance between the frame's best token and a name's.", low=0, tuned=(0.0, 1.0), flag="alpha")
    beta: float = option(1.75, "Boost a letter of a name.", tuned=(0.0, 3.0), flag="beta")
    entropy: float = option(
        0.35, "Where a model's frames (without blanks, those so far) have a higher mean entropy than this (nats), a letter is boosted by less; 0: nowhere.",
        low=0,
    )
    cap: float = option(4.0, "Highest boost of a token, before its name's weight.", low=0, tuned=(1.0, 8.0), flag="cap")
    surplus: float = option(
        11.0, "By how much a name's boosts, all in all, may exceed what its tokens lack.", low=0, tuned=(2.0, 16.0)
    )
    # The class speaks for the names too.
    class_cap: float = option(
        3.0, "Highest boost of a token where an LM has the names in its class.", low=0, tuned=(1.0, 8.0), flag="class-cap", serves=(UNIGRAM,)
    )
    # Of short names some fit by chance.
    short_name_penalty: float = option(
        0.0, "In long lists, taken off a name's bonus for each letter that it has fewer than eight (all of it from 1,000 names on, "
        "nothing up to 10).", low=0, tuned=(0.0, 2.0),
    )


@dataclass(frozen=True)
class UnigramOptions(OptionBlock):
    """Options of unigram boosting. Raises InputError for a value outside of its range."""

    block: ClassVar[str] = UNIGRAM

    class_bonus: float = option(
        CLASS_BONUS, "Added to ln P(<unk>) of a listed name that counts as a unit of the LM's class.", tuned=(0.0, 8.0),
        flag="class-bonus", lm=True,
    )


# Under which names 0.1.0 had options of the techniques in BeamOptions.
RENAMED = {
    "alpha": "subword.alpha", "beta": "subword.beta", "cap": "subword.cap", "class_cap": "subword.class_cap",
    "class_bonus": "unigram.class_bonus",
}
BLOCKS = {block.block: block for block in (SubwordOptions, UnigramOptions)}


@dataclass(frozen=True)
class BeamOptions(OptionBlock):
    """Settings of the beam search itself. Raises InputError for a value outside of its range.

    What 0.1.0 had here of the techniques (``alpha``, ``beta``, ``cap``, ``class_cap``, ``class_bonus``) is still taken, with
    a DeprecationWarning, and goes before the techniques' own options.
    """

    block: ClassVar[str] = "beam"
    technique: ClassVar[bool] = False

    beam: int = option(16, "Prefixes that the beam search keeps a frame; with an LM twice as many, for an n-best list up to four times.", low=1, flag="beam")
    nbest: int = option(1, "Hypotheses answered, at most `beam`.", low=1, flag="nbest")
    top_k: int = option(20, "Tokens of a frame that may open a new prefix, at most.", low=1)
    token_gap: float = option(8.0, "A token further than this below the frame's best opens no new prefix.", low=0, finite=False)
    blank_skip: float = option(
        0.995, "A frame whose blank is at least this probable is taken as pure blank; above 1: never.", low=0, finite=False
    )
    alignments: str = option(
        ALIGNMENTS[0], "What judges a prefix: all of its alignments together, or the best one, as greedy decoding does.", choices=ALIGNMENTS
    )
    # They bound the shortlist of a frame for both techniques that the search serves, and so stand here.
    boost_gap: float = option(7.0, "A token further than this below the frame's best is not boosted.", low=0, finite=False)
    boost_top_k: int = option(40, "Tokens of a frame that may continue a name beyond `top_k` and `token_gap`, at most.", low=0)
    lm_weight: float = option(
        LM_WEIGHT, "Factor on the LM's log-probabilities, `class_bonus` and `piece_bonus`.", low=0, tuned=(0.0, 1.0), flag="lm-weight", lm=True
    )
    word_bonus: float = option(WORD_BONUS, "Added for each word.", tuned=(0.0, 4.0), flag="word-bonus", lm=True)
    piece_bonus: float = option(
        PIECE_BONUS, "Added to ln P(<unk>) for each token of a word that neither LM nor list knows.", high=0, flag="piece-bonus", lm=True
    )
    look_ahead: bool = option(True, "Whether a word under way has the score of the best 1-gram that begins so.", lm=True)
    histories: int = option(4, "LM histories that a prefix may have (more than one only by unigram boosting).", low=1, lm=True)
    moved: Tuple[Tuple[str, float], ...] = field(default=(), repr=False)  # given under a name of 0.1.0: new name, value

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.nbest > self.beam:
            raise InputError(f"nbest is {self.nbest} and beam {self.beam}", hint="raise beam or lower nbest")
        for block in BLOCKS.values():
            self.before(block())

    def before(self, options: Block) -> Block:
        """A technique's options, or what was given here under the names of 0.1.0 in their place."""
        given = {name.partition(".")[2]: value for name, value in self.moved if name.partition(".")[0] == options.block}
        return replace(options, **given) if given else options  # type: ignore[type-var]


_init = BeamOptions.__init__


@functools.wraps(_init)
def _with_old_names(self: BeamOptions, *args: Any, **given: Any) -> None:
    old: Dict[str, Any] = {RENAMED[name]: given.pop(name) for name in tuple(given) if name in RENAMED}
    if old:
        what = ", ".join(f"{name.rpartition('.')[2]} is now {name}" for name in old)
        warnings.warn(f"BeamOptions: {what}; the old name goes with the next release", DeprecationWarning, stacklevel=2)
        given["moved"] = tuple({**dict(given.get("moved", ())), **old}.items())
    _init(self, *args, **given)


BeamOptions.__init__ = _with_old_names  # type: ignore[method-assign]
