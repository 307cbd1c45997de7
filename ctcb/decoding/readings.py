"""From the search's hypotheses to readings: words, and the listed entities among them."""
from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import regex

from ctcb.biasing.prepared_list import Context
from ctcb.search.hypothesis import EntitySpan, Hypothesis
from ctcb.search.options import ADAPTER
from ctcb.text.possessives import has_possessives, possessive_of
from ctcb.text.tokens import TokenTable
from ctcb.text.writing import APOSTROPHES, is_punctuation
from ctcb.transcript.hypothesis import FoundEntity, Reading, behind, joined, put, spoken_words

FROM_VARIANT = "g2g"  # the technique, as `why` names it
_EDGES = regex.compile(r"([^\p{L}\p{M}\p{N}]*)(.*?)([^\p{L}\p{M}\p{N}]*)", regex.DOTALL)


class Stretch(NamedTuple):
    """A name in a reading's words."""

    words: Tuple[int, int]  # the reading's words[first:end]
    prefix: str  # what these hold before the name,
    text: str  # the name as it was recognised,
    suffix: str  # and what they hold behind it


def readings(
    found: Sequence[Hypothesis], tokens: TokenTable, frame_shift: float, context: Optional[Context] = None
) -> List[Reading]:
    """The different texts of hypotheses, best first, each with its best score."""
    by_text: Dict[str, Reading] = {}
    for hypothesis in found:
        reading = Reading(spoken_words(hypothesis, tokens, frame_shift), hypothesis.score, acoustic=hypothesis.acoustic)
        if context is not None and context.graph is not None and context.searched:
            reading = _with_entities(reading, hypothesis, tokens, context)
        elif context is not None:
            reading = _with_listed_words(reading, context)
        by_text.setdefault(reading.text, reading)
    return list(by_text.values())


def _with_listed_words(reading: Reading, context: Context) -> Reading:
    """The entities whose words the search found without looking for them, as where only the encoder is biased."""
    why = () if context.encoded is None else (ADAPTER,)
    units = [(unit, place) for place, word in enumerate(reading.words) for unit in context.units(word.word)]
    # From the last one, so that the places of those still to come stay what they are.
    for first, end, name in reversed(context.matcher.occurrences([unit for unit, _ in units])):
        words = (units[first][1], units[end - 1][1] + 1)
        stretch = _listed(reading, words, int(name), context)
        if stretch is not None:
            reading = _put(reading, stretch, int(name), why, 0.0, context)
    return reading


def _listed(reading: Reading, words: Tuple[int, int], entity: int, context: Context) -> Optional[Stretch]:
    """The stretch of words that hold an entity: the name with as many of the signs around it as its forms have.

    None where the words hold more than the name and signs.
    """
    whole = joined(reading.words[slice(*words)])
    before, inner, after = _EDGES.fullmatch(whole).groups()
    ways = [
        Stretch(words, whole[:start], whole[start:stop], whole[stop:])
        for start in range(len(before) + 1) for stop in range(len(whole), len(whole) - len(after) - 1, -1)
    ]
    owner = inner[: len(inner) - len(possessive_of(inner))]
    ways.append(Stretch(words, before, owner, whole[len(before) + len(owner) :]))
    keys, units = context.keys(entity), set(map(context.units, context.forms[entity]))
    same_letters = (way for way in ways[::-1] if context.units(way.text) in units)
    return next((way for way in ways if context.key(way.text) in keys), next(same_letters, None))


def _with_entities(reading: Reading, hypothesis: Hypothesis, tokens: TokenTable, context: Context) -> Reading:
    """The entities that the search found; each is written as the list has it, however it was spelled."""
    ranges = [(first, end) for _, first, end in hypothesis.words_in(tokens)]
    # From the last one, so that the places of those still to come stay what they are.
    for span in reversed(hypothesis.entities):
        stretch = _spanned(span, reading, ranges, hypothesis.tokens, tokens)
        if stretch is not None:
            reading = _put(reading, stretch, span.entity, span.why, span.gain, context)
    return reading


def _spanned(
    span: EntitySpan, reading: Reading, ranges: Sequence[Tuple[int, int]], hypothesis: Sequence[int], tokens: TokenTable
) -> Optional[Stretch]:
    """The stretch of words that a span covers; None where it covers none."""
    inside = [place for place, (first, end) in enumerate(ranges) if first < span.end and span.first < end]
    if not inside:
        return None
    words = (inside[0], inside[-1] + 1)
    sides = range(ranges[inside[0]][0], span.first), range(span.end, ranges[inside[-1]][1])
    prefix, suffix = (_text_of([hypothesis[place] for place in side], tokens) for side in sides)
    whole = joined(reading.words[slice(*words)])
    return Stretch(words, prefix, whole[len(prefix) : len(whole) - len(suffix)], suffix)


def _put(reading: Reading, stretch: Stretch, entity: int, why: Tuple[str, ...], gain: float, context: Context) -> Reading:
    """The reading with an entity in a stretch of it; unchanged where the stretch holds more than the name beside signs."""
    words, prefix, text, suffix = stretch
    if not _stands_alone(stretch, has_possessives(context.setting.spelling.writing.language)):
        return reading
    if text in context.variants_of(entity):
        why += (FROM_VARIANT,)
    printed = context.printed(entity, text)
    old = reading.words[slice(*words)]
    found = FoundEntity(
        context.entities[entity].text, entity, words, old[0].start, old[-1].end, why, gain,
        None if printed == text else text, prefix, suffix,
    )
    return put(reading, found, f"{prefix}{printed}{behind(printed, suffix)}")


def _stands_alone(stretch: Stretch, possessives: bool) -> bool:
    """Whether there is nothing beside a name but punctuation and, where the language has them, a possessive.

    An apostrophe behind it that is no possessive is a letter left out (*po'*), unless it ends a quotation of the name.
    """
    prefix, suffix = stretch.prefix, stretch.suffix
    if possessives:
        suffix = suffix[len(_possessive(stretch)) :]
    elides = suffix.startswith(tuple(APOSTROPHES)) and not any(sign in prefix for sign in APOSTROPHES)
    return not elides and all(is_punctuation(side) for side in (prefix, suffix) if side)


def _possessive(stretch: Stretch) -> str:
    """The possessive that the suffix begins with."""
    found = (possessive_of(stretch.text[-3:] + stretch.suffix[:count]) for count in (2, 1))
    return next((one for one in found if one and stretch.suffix.startswith(one)), "")


def _text_of(part: Sequence[int], tokens: TokenTable) -> str:
    return "".join(word for word, _, _ in tokens.words(part))
