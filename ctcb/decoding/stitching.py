"""Transcripts of long recordings: stretches decoded one by one, put together again."""
from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any, Dict, Iterable, Iterator, List, Sequence

from ctcb.decoding.pipeline import Decoded
from ctcb.transcript.hypothesis import FoundEntity, Word
from ctcb.transcript.transcript import Alternative, Transcript


def together(parts: Sequence[Transcript], starts: Sequence[float]) -> Transcript:
    """One transcript of stretches that begin at ``starts`` seconds, in order.

    Scores are added up. There is no n-best list of several stretches.
    """
    if len(parts) == 1 and not starts[0]:
        return parts[0]
    words: List[Word] = []
    entities: List[FoundEntity] = []
    taken_back: List[FoundEntity] = []
    for part, start in zip(parts, starts):
        before = len(words)
        words += (replace(word, start=word.start + start, end=word.end + start) for word in part.words)
        entities += (_later(found, before, start) for found in part.entities)
        taken_back += (_later(found, before, start) for found in part.taken_back)
    whole = Transcript(
        parts[0].utt_id, " ".join(word.word for word in words), sum(part.score for part in parts), tuple(words), tuple(entities),
        (), starts[-1] + parts[-1].seconds, taken_back=tuple(taken_back),
    )
    if parts[0].before is None:
        return whole
    return replace(whole, before=" ".join(filter(None, (part.before for part in parts))))


def _later(found: FoundEntity, words: int, seconds: float) -> FoundEntity:
    """An entity behind so many words and seconds."""
    places = found.words[0] + words, found.words[1] + words
    return replace(found, words=places, start=found.start + seconds, end=found.end + seconds)


def to_plain(transcript: Transcript) -> Dict[str, Any]:
    """All of a transcript as plain values, to be kept in JSON."""
    return asdict(transcript)


def from_plain(data: Dict[str, Any]) -> Transcript:
    """What :func:`to_plain` made, also after JSON. Raises TypeError and KeyError for anything else."""
    words = tuple(Word(**word) for word in data["words"])
    entities, taken_back = (
        tuple(FoundEntity(**{**found, "words": tuple(found["words"]), "why": tuple(found["why"])}) for found in data[name])
        for name in ("entities", "taken_back")
    )
    nbest = tuple(Alternative(**other) for other in data["nbest"])
    return Transcript(**{**data, "words": words, "entities": entities, "taken_back": taken_back, "nbest": nbest})


def in_one(decoded: Iterable[Decoded]) -> Iterator[Decoded]:
    """The stretches of each recording as one; with an error in any of them, that error."""
    parts: List[Decoded] = []
    for one in decoded:
        parts.append(one)
        if not one.last:
            continue
        error = next((part.error for part in parts if part.error is not None), None)
        if error is None:
            yield replace(one, transcript=together([part.transcript for part in parts], [part.start for part in parts]), start=0.0)
        else:
            yield replace(one, transcript=None, error=error, start=0.0)
        parts = []
