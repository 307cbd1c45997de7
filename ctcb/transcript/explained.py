"""Why a name was recognised at a place, or was not: where it may have been spoken, what it lacked there, and what helps."""
from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Dict, List, Mapping, Optional, Tuple

# What became of a name at a place.
RECOGNISED = "recognised"
WITHDRAWN = "withdrawn"  # the search found it, its phones did not support it
RESCORED = "rescored"  # the search found it, a technique behind it chose other words
LACKING = "lacking"  # it lacked boost in the search
OUT_OF_REACH = "out of reach"  # no weight brings it out: the search considers none of its tokens, or its phones do not fit
UNLISTED = "unlisted"  # the list does not have it
UNSPELLABLE = "unspellable"  # the model's tokens cannot write it
PUSHED_AWAY = "pushed away"  # its weight is negative
NOT_NEAR = "not near"  # it fits nowhere: likely it was not spoken


@dataclass(frozen=True)
class TokenFit:
    """How the likeliest of a name's token sequences fits its place."""

    tokens: Tuple[str, ...]
    lost: float  # nats by which the best path through them is below the best path
    gaps: Tuple[float, ...]  # nats of each token below its frame's best
    not_boosted: Tuple[str, ...] = ()  # those too far below it to be boosted (`beam.boost_gap`)


@dataclass(frozen=True)
class PhoneFit:
    """How the likeliest of a name's pronunciations fits its place."""

    pronunciation: str  # phones one space apart
    recognised: str  # the likeliest phones there
    lost: float  # nats a phone by which the best path through the pronunciation is below the best path
    edits: float  # phones that differ, those that sound alike counted less


@dataclass(frozen=True)
class BoostFit:
    """What the search counted for and against a name at its place, in nats."""

    needed: float  # by how much it is below the best hypothesis without its boosts
    given: float  # its boosts by its weight

    @property
    def lacking(self) -> float:
        """What is missing; at most 0 where the boosts suffice."""
        return self.needed - self.given


@dataclass(frozen=True)
class Hint:
    """A change of the list with which the name comes out at its place: it was tried on the same emissions."""

    fields: Tuple[str, ...]  # what is new in the line, such as ("alias=the lens key",); () where the name itself is
    line: str  # the whole line of the list, fields separated by tabs


@dataclass(frozen=True)
class ExplainedName:
    """A name at a place of an utterance."""

    entity: str  # as the list prints it, or as it was asked for
    outcome: str
    start: float  # seconds from the utterance's start
    end: float
    recognised: str = ""  # the words there, in the transcript
    tokens: Optional[TokenFit] = None  # None where the tokens cannot write it, or it does not fit into the frames
    phones: Optional[PhoneFit] = None  # None without a phone head, or a pronunciation
    boost: Optional[BoostFit] = None  # None where the search never sees it
    confidence: Optional[float] = None  # by its phones, where it was verified
    reason: str = ""  # more on the outcome, where there is more to say
    doubts: Tuple[str, ...] = ()  # why its pronunciation may be another one
    hints: Tuple[Hint, ...] = ()  # what helps, the first preferred

    @property
    def is_missed(self) -> bool:
        """Whether it may have been spoken, and was not recognised."""
        return self.outcome not in (RECOGNISED, NOT_NEAR)

    @property
    def lost(self) -> float:
        """What it loses at its place: nats a phone, or a token without phones; infinite where it does not fit at all."""
        if self.phones is not None:
            return self.phones.lost
        return math.inf if self.tokens is None else self.tokens.lost / len(self.tokens.tokens)

    def to_dict(self) -> Dict[str, Any]:
        """Plain values, times in seconds."""
        return {name: value for name, value in _rounded(asdict(self)).items() if value not in (None, "", ())}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ExplainedName:
        """What :func:`dataclasses.asdict` or :meth:`to_dict` made of one, also after JSON. Raises TypeError for anything else."""
        if not isinstance(data, Mapping):
            raise TypeError(f"{data!r} is no account of a name")
        made = (("tokens", TokenFit), ("phones", PhoneFit), ("boost", BoostFit))
        parts: Dict[str, Any] = {name: data.get(name) and kind(**_tuples(data[name])) for name, kind in made}
        parts["hints"] = tuple(Hint(**_tuples(hint)) for hint in data.get("hints", ()))
        return cls(**{**_tuples(data), **parts})


def _tuples(data: Mapping[str, Any]) -> Dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return tuple(map(_rounded, value))
    return round(value, 3) if isinstance(value, float) else value


def as_explained_name(one: ExplainedName) -> List[str]:
    """An explanation as lines, for people."""
    place = f"{one.start:.2f} to {one.end:.2f} s"
    there = f"{one.recognised!r} was recognised" if one.recognised else "nothing was recognised"
    heads = {
        RECOGNISED: f"recognised at {place}",
        UNSPELLABLE: "cannot be recognised",
        NOT_NEAR: f"likely not spoken; it fits best at {place}, where {there}",
        WITHDRAWN: f"found at {place}, and withdrawn, since its phones do not support it; {there}",
        RESCORED: f"found at {place}, and given up for words that fit the phones better; {there}",
    }
    head = heads.get(one.outcome, f"missed; it fits best at {place}, where {there}")
    lines = [f"{one.entity}: {head}", *([f"  {one.reason}"] if one.reason else [])]
    if one.tokens is not None:
        gaps = ", ".join(f"{token} {gap:.1f}" for token, gap in zip(one.tokens.tokens, one.tokens.gaps))
        lines.append(f"  tokens: {one.tokens.lost:.1f} nats below the best path; below the best token: {gaps}")
        if one.tokens.not_boosted:
            lines.append(f"    too far below to be boosted (beam.boost_gap): {', '.join(one.tokens.not_boosted)}")
    if one.phones is not None:
        fit = one.phones
        count = len(fit.pronunciation.split())
        lines.append(f"  phones: {fit.pronunciation}; recognised {fit.recognised or '(nothing)'}: {fit.edits:.1f} of {count} differ, {fit.lost:.1f} nats a phone below the best")
    if one.confidence is not None:
        lines.append(f"  confidence by its phones: {100 * one.confidence:.0f} %")
    if one.boost is not None:
        ending = f"{one.boost.lacking:.1f} are lacking" if one.boost.lacking > 0 else "which suffices"
        lines.append(f"  boost: {one.boost.needed:.1f} nats are needed, its weight gives {one.boost.given:.1f}, {ending}")
    lines += [f"  its pronunciation is in doubt: {doubt}" for doubt in one.doubts]
    if one.is_missed:
        lines += [f"  helps here: {_shown(hint)}" for hint in one.hints]
        if not one.hints and one.outcome not in (PUSHED_AWAY, UNSPELLABLE):
            lines.append("  no weight=, alias= or pron= that was tried brings it out here")
    return lines


def _shown(hint: Hint) -> str:
    line = hint.line.replace("\t", " TAB ")
    return f"{line}" + ("   (these words are then taken for the name wherever they are recognised)" if any(field.startswith("alias=") for field in hint.fields) else "")
