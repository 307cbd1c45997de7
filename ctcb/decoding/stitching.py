"""Transcripts of long recordings: stretches decoded one by one, put together again."""
from __future__ import annotations

import math
from dataclasses import asdict, replace
from itertools import accumulate, product
from typing import Any, Dict, Iterable, Iterator, List, Sequence, Tuple

from ctcb.transcript.explained import RECOGNISED, ExplainedName
from ctcb.transcript.hypothesis import FoundEntity, Word, joined
from ctcb.transcript.transcript import Alternative, Decoded, Segment, Transcript

OLD_NAMES = {"taken_back": "withdrawn", "sure": "confidence"}  # of fields, in 0.1.0


def together(parts: Sequence[Transcript], starts: Sequence[float], nbest: int = 1) -> Transcript:
    """One transcript of stretches that begin at ``starts`` seconds, in order.

    Scores are added up, and the stretches become its segments. With ``nbest`` above 1 the whole has so many different texts, made of those of the parts
    (:func:`combined`).
    """
    if len(parts) == 1 and not starts[0]:
        return parts[0]
    words: List[Word] = []
    entities: List[FoundEntity] = []
    withdrawn: List[FoundEntity] = []
    explained: List[ExplainedName] = []
    segments: List[Segment] = []
    for part, start in zip(parts, starts):
        before = len(words)
        words += (replace(word, start=word.start + start, end=word.end + start) for word in part.words)
        entities += (_later(found, before, start) for found in part.entities)
        withdrawn += (_later(found, before, start) for found in part.withdrawn)
        explained += (replace(one, start=one.start + start, end=one.end + start) for one in part.explained)
        segments.append(Segment(start, start + part.seconds, part.text, part.score, (before, len(words)), part.nbest))
    whole = Transcript(
        parts[0].utt_id, joined(words), sum(part.score for part in parts), tuple(words), tuple(entities),
        combined(parts, nbest) if nbest > 1 else (), starts[-1] + parts[-1].seconds, withdrawn=tuple(withdrawn), segments=tuple(segments),
        explained=_nearest(explained),
    )
    if parts[0].before is None:
        return whole
    return replace(whole, before=" ".join(filter(None, (part.before for part in parts))))


def combined(parts: Sequence[Transcript], nbest: int) -> Tuple[Alternative, ...]:
    """The n-best list of a whole whose parts were decoded apart: the ``nbest`` different texts that lose least.

    A text of the whole takes one text of each part; its score is the sum of theirs. What a part's text loses is how far
    its score is below that of the part's first, but at least what the one before it in the part's list loses: the order
    in which techniques left a part's texts is kept, and the first of the whole is made of the first of each part.
    """
    best = [(0.0, Alternative("", 0.0))]
    for part in parts:
        own = part.nbest or (Alternative(part.text, part.score),)
        losses = accumulate((max(0.0, own[0].score - other.score) for other in own), max)
        ways = [(loss + less, first, other) for (loss, first), (less, other) in product(best, list(zip(losses, own)))]
        found: Dict[str, Tuple[float, Alternative]] = {}
        for loss, first, other in sorted(ways, key=lambda way: way[0]):
            text = " ".join(filter(None, (first.text, other.text)))
            found.setdefault(text, (loss, Alternative(text, first.score + other.score)))
            if len(found) == nbest:
                break
        best = list(found.values())
    return tuple(alternative for _, alternative in best)


def _nearest(explained: Sequence[ExplainedName]) -> Tuple[ExplainedName, ...]:
    """The places of each name in all stretches; of a name that fits nowhere the one where it fits best."""
    by_name: Dict[str, List[ExplainedName]] = {}
    for one in explained:
        by_name.setdefault(one.entity, []).append(one)
    found: List[ExplainedName] = []
    for places in by_name.values():
        near = [one for one in places if one.outcome == RECOGNISED or one.is_missed and one.lost < math.inf]
        found += near or [min(places, key=lambda one: one.lost)]
    return tuple(found)


def _later(found: FoundEntity, words: int, seconds: float) -> FoundEntity:
    """An entity behind so many words and seconds."""
    places = found.words[0] + words, found.words[1] + words
    return replace(found, words=places, start=found.start + seconds, end=found.end + seconds)


def to_plain(transcript: Transcript) -> Dict[str, Any]:
    """All of a transcript as plain values, to be kept in JSON."""
    return asdict(transcript)


def from_plain(data: Dict[str, Any]) -> Transcript:
    """What :func:`to_plain` made, also after JSON, and also by the names of 0.1.0. Raises TypeError and KeyError for
    anything else."""
    data = {OLD_NAMES.get(name, name): value for name, value in data.items()}
    words = tuple(Word(**word) for word in data["words"])
    entities, withdrawn = (
        tuple(_entity_from_plain(found) for found in data[name])
        for name in ("entities", "withdrawn")
    )
    nbest = tuple(Alternative(**other) for other in data["nbest"])
    segments = tuple(_segment_from_plain(segment) for segment in data.get("segments", ()))
    explained = tuple(map(ExplainedName.from_dict, data.get("explained", ())))
    parts = {"words": words, "entities": entities, "withdrawn": withdrawn, "nbest": nbest, "segments": segments, "explained": explained}
    return Transcript(**{**data, **parts})


def _segment_from_plain(data: Dict[str, Any]) -> Segment:
    return Segment(**{**data, "words": tuple(data["words"]), "nbest": tuple(Alternative(**other) for other in data["nbest"])})


def _entity_from_plain(data: Dict[str, Any]) -> FoundEntity:
    data = {OLD_NAMES.get(name, name): value for name, value in data.items()}
    return FoundEntity(**{**data, "words": tuple(data["words"]), "why": tuple(data["why"])})


def in_one(decoded: Iterable[Decoded], nbest: int = 1) -> Iterator[Decoded]:
    """The stretches of each recording as one, as :func:`together` joins them; with an error in any of them, that error."""
    parts: List[Decoded] = []
    for part in decoded:
        parts.append(part)
        if not part.last:
            continue
        error = next((part.error for part in parts if part.error is not None), None)
        if error is None:
            whole = together([part.transcript for part in parts], [part.start for part in parts], nbest)
            yield replace(part, transcript=whole, start=0.0)
        else:
            yield replace(part, transcript=None, error=error, start=0.0)
        parts = []
