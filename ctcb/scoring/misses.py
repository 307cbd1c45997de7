"""Which occurrences of listed names were missed, and what was recognised in their place.

The place of a name is bounded by the nearest words on both sides that reference and hypothesis share. Where other words of the
reference lie within these bounds, the words of the hypothesis are shared out in order: to those before the name, to the name,
and to those behind it, so that the letters differ least (Levenshtein).
"""
from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Dict, List, Sequence, Tuple

from rapidfuzz.distance import Levenshtein

from ctcb.scoring.alignment import DELETION, INSERTION, Alignment
from ctcb.scoring.entities import Occurrence
from ctcb.scoring.text import characters_of

Span = Tuple[int, int]  # units first:end


@dataclass(frozen=True)
class Miss:
    """An occurrence of a listed name in the reference that the hypothesis lacks."""

    entity: str
    reference: str  # its words in the reference, as they are compared
    recognised: str  # the hypothesis's words in their place; "" where there are none
    ref: Span  # the same as units of the alignment that `UtteranceScore.shown` is
    hyp: Span
    listed: Tuple[str, ...] = ()  # other listed names that were recognised there


def find_misses(alignment: Alignment, in_ref: Sequence[Occurrence], in_hyp: Sequence[Occurrence], missed: Sequence[str]) -> Tuple[Miss, ...]:
    """The missed occurrences, one for each of the names ``missed`` (:func:`~ctcb.scoring.entities.compare_entities`), in their order.

    Of a name that the reference has more often than the hypothesis, those are missed in whose place the hypothesis lacks it.
    ``in_ref`` and ``in_hyp`` are the entities in the units of ``alignment``.
    """
    if not missed:
        return ()
    shared = _shared(alignment)
    misses: Dict[str, List[Miss]] = {}
    for name, count in Counter(missed).items():
        places = [(found, counterpart(alignment, shared, (found.start, found.end))) for found in in_ref if found.entity == name]
        lacking = [place for place in places if not any(other.entity == name and _overlap(other, place[1]) for other in in_hyp)]
        rest = [place for place in places if place not in lacking]
        chosen = sorted([*lacking, *rest[::-1]][:count])
        misses[name] = [_miss(alignment, found, hyp, in_hyp) for found, hyp in chosen]
    return tuple(misses[name].pop(0) for name in missed)


def counterpart(alignment: Alignment, shared: Sequence[Span], span: Span) -> Span:
    """The hypothesis's units in the place of the reference's ``span``; ``shared`` are the places of words that both have."""
    first, end = span
    ends = [(-1, -1), *shared, (len(alignment.ref), len(alignment.hyp))]
    before = max(place for place in ends if place[0] < first)
    behind = min(place for place in ends if place[0] >= end)
    left, right = alignment.ref[before[0] + 1 : first], alignment.ref[end : behind[0]]
    hyp = alignment.hyp[before[1] + 1 : behind[1]]
    start, stop = _share_out(left, alignment.ref[first:end], right, hyp)
    return before[1] + 1 + start, before[1] + 1 + stop


def _share_out(left: Sequence[str], name: Sequence[str], right: Sequence[str], hyp: Sequence[str]) -> Span:
    """The part of ``hyp`` that stands for ``name`` between ``left`` and ``right``."""
    count = len(hyp)
    starts, stops = range(count + 1) if left else (0,), range(count + 1) if right else (count,)
    before = {start: _distance(left, hyp[:start]) for start in starts}
    behind = {stop: _distance(right, hyp[stop:]) for stop in stops}
    wanted = len("".join(name))

    def cost(span: Span) -> Tuple[int, int, int]:
        own = hyp[slice(*span)]
        return before[span[0]] + _distance(name, own) + behind[span[1]], abs(len("".join(own)) - wanted), span[0]

    return min(((start, stop) for start in starts for stop in stops if start <= stop), key=cost)


def _distance(ref: Sequence[str], hyp: Sequence[str]) -> int:
    return Levenshtein.distance("".join(ref), "".join(hyp))


def _shared(alignment: Alignment) -> List[Span]:
    """The places in reference and hypothesis of the words that the alignment matches, in order."""
    shared: List[Span] = []
    ref = hyp = 0
    for edit in alignment.edits:
        shared += zip(range(ref, edit.ref_at), range(hyp, edit.hyp_at))
        ref, hyp = edit.ref_at + (edit.op != INSERTION), edit.hyp_at + (edit.op != DELETION)
    shared += zip(range(ref, len(alignment.ref)), range(hyp, len(alignment.hyp)))
    return shared


def _overlap(found: Occurrence, span: Span) -> bool:
    return found.start < span[1] and span[0] < found.end


def _miss(alignment: Alignment, found: Occurrence, hyp: Span, in_hyp: Sequence[Occurrence]) -> Miss:
    listed = tuple(other.entity for other in in_hyp if _overlap(other, hyp) and other.entity != found.entity)
    reference, recognised = (characters_of(" ".join(side)) for side in (alignment.ref[found.start : found.end], alignment.hyp[slice(*hyp)]))
    return Miss(found.entity, reference, recognised, (found.start, found.end), hyp, listed)
