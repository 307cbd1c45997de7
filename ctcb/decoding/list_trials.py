"""Changes of a list with which a name comes out of given emissions, each tried by decoding these with the changed list."""
from __future__ import annotations

import math
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, Callable, List, Optional, Sequence, Tuple

from ctcb.biasing.prepared_list import Context
from ctcb.biasing.technique import SearchedEmissions
from ctcb.ctc.emissions import Emissions
from ctcb.decoding.name_places import Frames
from ctcb.decoding.pipeline import Pipeline
from ctcb.entities import Entity, EntityList
from ctcb.entities.writer import line_of
from ctcb.search.hypothesis import EntitySpan, Hypothesis
from ctcb.transcript.explained import BoostFit, Hint

FACTORS = (1.5, 2.0, 3.0, 4.0, 6.0, 8.0)  # on a name's weight, that hints may advise,
BEYOND = (16.0, 32.0, 64.0)  # and those by which is found what the search lacks
KEPT = 4  # prepared lists


@dataclass(frozen=True)
class Target:
    """A name of a prepared list that is to come out at some frames of an utterance."""

    emissions: Emissions  # as they were given
    searched: SearchedEmissions  # as the search takes them
    context: Context
    place: int  # of the name in the list
    frames: Frames

    @property
    def entity(self) -> Entity:
        """The name."""
        return self.context.entities[self.place]


@dataclass(frozen=True)
class _Change:
    """What is new in a line of the list."""

    field: str  # as it stands there
    values: Tuple[Tuple[str, Any], ...]  # fields of the entity with their new values

    @classmethod
    def weight(cls, entity: Entity, factor: float) -> _Change:
        """The weight, times a factor."""
        return cls(f"weight={entity.weight * factor:g}", (("weight", entity.weight * factor),))


class ListTrials:
    """Decodes with changed lists. Serves any number of threads."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline, self._lock = pipeline, Lock()
        self._known: List[Tuple[Context, int, Entity, Context]] = []  # the last few: a list, a place, what was put there, the result

    def with_entity(self, context: Context, place: int, entity: Entity) -> Context:
        """A list with another entity at a place, or behind all others. Raises InputError for one that cannot be searched for."""
        with self._lock:
            for *known, made in self._known:
                if known[0] is context and known[1:] == [place, entity]:
                    return made
            made = self._pipeline.prepare_instead(context, (*context.entities[:place], entity, *context.entities[place + 1 :]))
            self._known = [*self._known[1 - KEPT :], (context, place, entity, made)]
            return made

    def boost(self, target: Target) -> Tuple[Optional[BoostFit], float]:
        """What the search lacks for the name, and the smallest factor on its weight with which it finds it.

        None where it finds it as it is, or with such a factor also in other places, and None and infinity where it does with no
        factor, or looks for no names.
        """
        if not target.context.searched:
            return None, math.inf
        best = self._pipeline.search_biased(target.searched, target.context, 1)[0]

        if _span(best, target) is not None:
            return None, 1.0

        def found(factor: float) -> Optional[Tuple[Hypothesis, EntitySpan]]:
            context = self._pipeline.with_weight(target.context, target.place, factor * target.entity.weight)
            return _span(self._pipeline.search_biased(target.searched, context, 1)[0], target)

        factor = _smallest((*FACTORS, *BEYOND), lambda one: found(one) is not None)
        there = None if factor is None else found(factor)
        if factor is None or there is None:
            return None, math.inf
        hypothesis, span = there
        known, own = ([one for one in some.entities if one.entity == target.place] for some in (best, hypothesis))
        if len(own) > len(known) + 1:
            return None, factor
        needed = best.score - sum(one.gain for one in known) - (hypothesis.score - sum(one.gain for one in own))
        return BoostFit(needed, self._gain(target, hypothesis, span, factor)), factor

    def _gain(self, target: Target, hypothesis: Hypothesis, span: EntitySpan, factor: float) -> float:
        """What the name's own weight adds, where the span is of a search with so many times its weight."""
        context, tokens = target.context, hypothesis.tokens[span.first : span.end]
        phrases = context.phrases[target.place]
        cost = 0.0 if context.costs is None or tokens not in phrases else context.costs[target.place][phrases.index(tokens)]
        bonus = (span.bonus + cost) / factor - cost if span.bonus else 0.0
        unit = 0.0 if span.unit is None else span.unit - getattr(self._pipeline.search.settings, "lm_weight", 0.0) * math.log(factor)
        return bonus + unit

    def hints(self, target: Target, factor: float, words: str, phones: Sequence[str]) -> Tuple[Hint, ...]:
        """What brings the name out: a pronunciation, a weight, an alias, whichever does; two of them where none does alone.

        ``factor``: the smallest one on the weight with which the search finds it. ``words``: what was recognised in its
        frames without the list, "" where that is one of its own spellings; ``phones``: the sequences, the likeliest first.
        """
        entity = target.entity
        pron = [_Change(f"pron={way}", (("prons", (*entity.prons, way)),)) for way in phones]
        alias = [_Change(f"alias={words}", (("aliases", (*entity.aliases, words)),))] if words else []
        weights = [_Change.weight(entity, one) for one in FACTORS if one >= factor][:2] if target.context.searched else []
        alone = [self._first(target, [[change] for change in changes]) for changes in (pron, weights, alias)]
        found = tuple(hint for hint in alone if hint is not None)
        if found:
            return found
        most = [_Change.weight(entity, FACTORS[-1])] if target.context.searched else []
        pairs = [[one[0], other[0]] for one, other in ((pron, weights[:1] or most), (alias, weights[:1] or most), (pron, alias)) if one and other]
        pair = self._first(target, pairs)
        return () if pair is None else (pair,)

    def _first(self, target: Target, ways: Sequence[Sequence[_Change]]) -> Optional[Hint]:
        """The first changes with which the name comes out."""
        for changes in ways:
            wanted = replace(target.entity, **dict(value for change in changes for value in change.values))
            if EntityList.of([wanted]).entities != (wanted,):  # a line that would be read as another one
                continue
            if all(change.field.startswith("weight=") for change in changes):
                context = self._pipeline.with_weight(target.context, target.place, wanted.weight)
            else:
                context = self.with_entity(target.context, target.place, wanted)
            if self.comes_out(target, context):
                return Hint(tuple(change.field for change in changes), line_of(wanted))
        return None

    def as_it_is(self, target: Target) -> Hint:
        """The name's line, for a list that lacks it."""
        return Hint((), line_of(target.entity))

    def comes_out(self, target: Target, context: Context) -> bool:
        """Whether the name is recognised in its frames with a list in which it has the same place."""
        found = self._pipeline.decode("", target.emissions, context).entities
        shift = self._pipeline.setting.frame_shift
        start, end = (frame * shift for frame in target.frames)
        return any(one.entity == target.entity.text and one.start < end and start < one.end for one in found)


def _span(hypothesis: Hypothesis, target: Target) -> Optional[Tuple[Hypothesis, EntitySpan]]:
    """The target's name in a hypothesis, where it is there."""
    first, end = target.frames
    for span in hypothesis.entities:
        if span.entity == target.place and hypothesis.token_frames[span.first] < end and first < hypothesis.token_ends[span.end - 1]:
            return hypothesis, span
    return None


def _smallest(values: Sequence[float], works: Callable[[float], bool]) -> Optional[float]:
    """The smallest of rising values that works, where all above it do as well; None where the largest does not."""
    if works(values[0]):
        return values[0]
    if not works(values[-1]):
        return None
    low, high = 0, len(values) - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if works(values[middle]) else (middle, high)
    return values[high]
