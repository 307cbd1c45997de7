"""From the search's hypotheses to readings: words, and the listed entities among them."""
from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Optional, Sequence, Tuple

from ctcb.biasing.prepared_list import Context
from ctcb.search.hypothesis import EntitySpan, Hypothesis
from ctcb.search.options import ADAPTER
from ctcb.text.tokens import TokenTable
from ctcb.transcript.hypothesis import FoundEntity, Reading, put, spoken_words

FROM_VARIANT = "g2g"  # the technique, as `why` names it


def readings(
    found: Sequence[Hypothesis], tokens: TokenTable, frame_shift: float, context: Optional[Context] = None
) -> List[Reading]:
    """The different texts of hypotheses, best first, each with its best score."""
    by_text: Dict[str, Reading] = {}
    for hypothesis in found:
        reading = Reading(spoken_words(hypothesis, tokens, frame_shift), hypothesis.score)
        if context is not None and context.graph is not None and context.searched:
            reading = _with_entities(reading, hypothesis, tokens, context)
        elif context is not None:
            reading = _with_listed_words(reading, context)
        by_text.setdefault(reading.text, reading)
    return list(by_text.values())


def _with_listed_words(reading: Reading, context: Context) -> Reading:
    """The entities whose words the search found without looking for them, as where only the encoder is biased."""
    why = () if context.encoded is None else (ADAPTER,)
    entities = []
    for first, end, place in context.matcher.occurrences([word.word for word in reading.words]):
        start, stop = reading.words[first].start, reading.words[end - 1].end
        entities.append(FoundEntity(context.entities[int(place)].text, int(place), (first, end), start, stop, why, 0.0))
    return replace(reading, entities=tuple(entities))


def _with_entities(
    reading: Reading, hypothesis: Hypothesis, tokens: TokenTable, context: Context
) -> Reading:
    """The entities that the search found; each is written as the list has it, however it was spelled."""
    ranges = [(first, end) for _, first, end in hypothesis.words_in(tokens)]
    # From the last one, so that the places of those still to come stay what they are.
    for span in reversed(hypothesis.entities):
        first, end = _words_of(span, ranges)
        if first == end:
            continue
        entity, words = context.entities[span.entity], reading.words[first:end]
        text = " ".join(word.word for word in words)
        why = span.why
        if text in context.variants_of(span.entity):
            why += (FROM_VARIANT,)
        found = FoundEntity(
            entity.text, span.entity, (first, end), words[0].start, words[-1].end, why, span.gain,
            None if text in entity.written_forms else text,
        )
        reading = put(reading, found, text if found.replaced is None else entity.written_forms[0])
    return reading


def _words_of(span: EntitySpan, ranges: Sequence[Tuple[int, int]]) -> Tuple[int, int]:
    """The words whose tokens a span holds, as ``(first, end)``."""
    inside = [place for place, (first, end) in enumerate(ranges) if span.first <= first and end <= span.end]
    return (inside[0], inside[-1] + 1) if inside else (0, 0)
