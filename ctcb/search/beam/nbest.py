"""What a beam search has found, as hypotheses with their entities."""
from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Sequence, Tuple

from ctcb.search.beam.automaton import GraphArrays
from ctcb.search.beam.backtrace import KnownTokens, Rows, Spans, answer, boosted_spans, class_spans, trace
from ctcb.search.beam.kernel import SearchResult
from ctcb.search.beam.resources import Resources
from ctcb.search.hypothesis import EntitySpan, Hypothesis


def found_hypotheses(result: SearchResult, resources: Resources, rows: Rows, known: KnownTokens, nbest: int) -> List[Hypothesis]:
    """The ``nbest`` hypotheses of a search, best first.

    ``rows`` are the emissions that it searched, or those of them that its alignments need beyond the ``known`` tokens.
    """
    answers = answer(result, resources, nbest)
    hypotheses = []
    for i, slot in enumerate(answers.slot.tolist()):
        length, bonus, lm = int(answers.length[i]), float(answers.bonus[i]), float(answers.lm[i])
        penalty = float(answers.penalty[i])
        aligned = trace(rows, known, resources.tokens.blank, result.backpointers, answers.backpointer[i], length)
        entities = _entities(resources.graph, boosted_spans(resources.graph, resources.tokens, resources.boost, aligned))
        if in_class(resources):
            units = class_spans(resources.fusion, result.lm, answers.boundary[i], answers.path[i], length)
            entities = _with_units(entities, _entities(resources.graph, units))
        acoustic = float(result.beam.slots["total"][slot] + result.offset)
        hypotheses.append(Hypothesis(
            tokens=tuple(aligned.tokens.tolist()),
            token_frames=tuple(aligned.frames.tolist()),
            token_ends=tuple(aligned.ends.tolist()),
            token_log_probs=tuple(aligned.log_probs.tolist()),
            score=acoustic + bonus + lm - penalty,
            acoustic=acoustic,
            bonus=bonus,
            entities=tuple(entities),
            lm=lm,
            penalty=penalty,
        ))
    return hypotheses


def in_class(resources: Resources) -> bool:
    """Whether an LM has the entities in its class."""
    return resources.fusion.on and len(resources.graph.end_class) > 0


def _entities(graph: GraphArrays, spans: Spans) -> List[EntitySpan]:
    fields = (graph.entity[spans.entry], spans.first, spans.end, spans.gain)
    return [EntitySpan(*span) for span in zip(*(field.tolist() for field in fields))]


def _with_units(boosted: Sequence[EntitySpan], units: Sequence[EntitySpan]) -> List[EntitySpan]:
    """Boosted entities and units of the class, in order; of two that overlap the one that added more."""
    spans: Dict[Tuple[int, int], EntitySpan] = {(span.first, span.end): span for span in boosted}
    for unit in units:
        known = spans.get((unit.first, unit.end), replace(unit, bonus=0.0))
        spans[unit.first, unit.end] = replace(known, unit=unit.bonus)
    kept: List[EntitySpan] = []
    for span in sorted(spans.values(), key=lambda span: -span.gain):
        if all(span.end <= other.first or other.end <= span.first for other in kept):
            kept.append(span)
    return sorted(kept, key=lambda span: span.first)
