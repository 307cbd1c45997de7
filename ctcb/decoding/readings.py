"""From the search's hypotheses to readings: words, and the listed entities among them."""
from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Optional, Sequence, Tuple

import regex

from ctcb.biasing.prepared_list import Context
from ctcb.search.hypothesis import EntitySpan, Hypothesis
from ctcb.search.options import ADAPTER
from ctcb.text.tokens import TokenTable
from ctcb.text.writing import APOSTROPHES, is_punctuation
from ctcb.transcript.hypothesis import FoundEntity, Reading, joined, put, spoken_words

_SUFFIX = regex.compile(rf"(?:[{APOSTROPHES}][sS]?)?[^\p{{L}}\p{{M}}\p{{N}}]*")  # of a word, behind a name: 's, a comma
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
    for first, end, place in context.matcher.occurrences([context.key(word.word) for word in reading.words]):
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
        covered = _words_of(span, ranges, hypothesis.tokens, tokens)
        if covered is None:
            continue
        (first, end), prefix, suffix = covered
        words = reading.words[first:end]
        whole = joined(words)
        text = whole[len(prefix) : len(whole) - len(suffix)]
        why = span.why
        if text in context.variants_of(span.entity):
            why += (FROM_VARIANT,)
        printed = context.printed(span.entity, text)
        found = FoundEntity(
            context.entities[span.entity].text, span.entity, (first, end), words[0].start, words[-1].end, why, span.gain,
            None if printed == text else text, prefix, suffix,
        )
        reading = put(reading, found, f"{prefix}{printed}{suffix}")
    return reading


def _words_of(
    span: EntitySpan, ranges: Sequence[Tuple[int, int]], hypothesis: Sequence[int], tokens: TokenTable
) -> Optional[Tuple[Tuple[int, int], str, str]]:
    """The words that a span covers, as ``(first, end)``, and what these hold before and behind it.

    None where it covers none, or where a word holds more beside it than punctuation and a possessive.
    """
    inside = [place for place, (first, end) in enumerate(ranges) if first < span.end and span.first < end]
    if not inside:
        return None
    before, behind = range(ranges[inside[0]][0], span.first), range(span.end, ranges[inside[-1]][1])
    prefix, suffix = (_text_of([hypothesis[place] for place in part], tokens) for part in (before, behind))
    if (prefix and not is_punctuation(prefix)) or not _SUFFIX.fullmatch(suffix):
        return None
    return (inside[0], inside[-1] + 1), prefix, suffix


def _text_of(part: Sequence[int], tokens: TokenTable) -> str:
    return "".join(word for word, _, _ in tokens.words(part))
