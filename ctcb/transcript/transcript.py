"""What recognition hands out: a transcript an utterance, with its words' times and confidences."""
from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence, Tuple

from ctcb.errors import CtcbError
from ctcb.moved import warn_renamed
from ctcb.transcript.explained import ExplainedName
from ctcb.transcript.hypothesis import FoundEntity, Reading, Word, behind, joined


@dataclass(frozen=True)
class Alternative:
    """Another reading of the utterance, or the best one, in an n-best list."""

    text: str
    score: float


@dataclass(frozen=True)
class Segment:
    """A stretch of a long recording, from one pause to another."""

    start: float  # seconds from the recording's start
    end: float
    text: str
    score: float = 0.0  # as a transcript's
    words: Tuple[int, int] = (0, 0)  # it is the transcript's words[first:end]
    nbest: Tuple[Alternative, ...] = ()  # as a transcript's
    speaker: Optional[str] = None

    def to_dict(self) -> Dict[str, Any]:
        """Plain values, times in seconds."""
        return {
            "start": round(self.start, 3), "end": round(self.end, 3), "text": self.text, "score": round(self.score, 3),
            **({} if self.speaker is None else {"speaker": self.speaker}),
            "nbest": [{"text": other.text, "score": round(other.score, 3)} for other in self.nbest],
        }  # fmt: skip


@dataclass(frozen=True)
class Transcript:
    """One recognised utterance; a line of ``hyps.jsonl``."""

    utt_id: str
    text: str  # in the model's own writing
    score: float  # log-probability, and the entities' bonuses
    words: Tuple[Word, ...]
    entities: Tuple[FoundEntity, ...] = ()  # in the order of their times
    nbest: Tuple[Alternative, ...] = ()  # different texts, best first, where more than one was asked for
    seconds: float = 0.0  # of audio
    before: Optional[str] = None  # the text without the list, where that was asked for
    withdrawn: Tuple[FoundEntity, ...] = ()  # entities that were verified and failed; their words are others
    segments: Tuple[Segment, ...] = ()  # of a recording that was decoded in several, in order
    channel: Optional[int] = None  # of the file, counted from 0, where one was taken
    speaker: Optional[str] = None  # where one is known
    explained: Tuple[ExplainedName, ...] = ()  # names that were asked about, by name and time
    recording: Optional[str] = None  # the id that it shares with the other channels of a file, where these are kept apart

    @property
    def stretches(self) -> Tuple[Segment, ...]:
        """The segments; of what was decoded at once, the whole as one."""
        whole = Segment(0.0, self.seconds, self.text, self.score, (0, len(self.words)), self.nbest, self.speaker)
        return self.segments or (whole,)

    @property
    def shown(self) -> Tuple[Word, ...]:
        """The words as people read them: each entity is one, in the form in which the list prints it."""
        units: List[Word] = []
        place = 0
        for found in self.entities:
            first, end = found.words
            units += self.words[place:first]
            name = f"{found.prefix}{found.entity}{behind(found.entity, found.suffix)}"
            units.append(Word(name, found.start, found.end, self.conf_of(found), self.words[first].spaced))
            place = end
        return (*units, *self.words[place:])

    @property
    def taken_back(self) -> Tuple[FoundEntity, ...]:
        """The old name of ``withdrawn``, for one release."""
        warn_renamed("Transcript.taken_back", "Transcript.withdrawn")
        return self.withdrawn

    def conf_of(self, found: FoundEntity) -> float:
        """The least of the confidences of an entity's words."""
        return min((word.conf for word in self.words[slice(*found.words)]), default=0.0)

    def to_dict(self) -> Dict[str, Any]:
        """The line of ``hyps.jsonl`` as plain values, times in seconds."""
        return {
            "id": self.utt_id,
            **({} if self.recording is None else {"recording": self.recording}),
            **({} if self.channel is None else {"channel": self.channel}),
            **({} if self.speaker is None else {"speaker": self.speaker}),
            "text": self.text,
            **({} if self.before is None else {"before": self.before}),
            "shown": joined(self.shown),
            "seconds": round(self.seconds, 3),
            "score": round(self.score, 3),
            "words": [
                {"word": w.word, "start": round(w.start, 3), "end": round(w.end, 3), "conf": round(w.conf, 3)}
                for w in self.words
            ],
            "entities": [
                {
                    "entity": e.entity, "start": round(e.start, 3), "end": round(e.end, 3), "why": list(e.why),
                    "replaced": e.replaced, "bonus": round(e.bonus, 3), "conf": round(self.conf_of(e), 3),
                    **({} if e.confidence is None else {"confidence": round(e.confidence, 3)}),
                }
                for e in self.entities
            ],
            **({"withdrawn": [
                {
                    "entity": e.entity, "start": round(e.start, 3), "end": round(e.end, 3), "why": list(e.why),
                    "bonus": round(e.bonus, 3), "confidence": None if e.confidence is None else round(e.confidence, 3),
                }
                for e in self.withdrawn
            ]} if self.withdrawn else {}),
            **({"explained": [one.to_dict() for one in self.explained]} if self.explained else {}),
            **({"segments": [segment.to_dict() for segment in self.segments]} if self.segments else {}),
            "nbest": [{"text": other.text, "score": round(other.score, 3)} for other in self.nbest],
        }  # fmt: skip

    def to_json(self) -> str:
        """The line of ``hyps.jsonl``."""
        return json.dumps(self.to_dict(), ensure_ascii=False)


@dataclass(frozen=True)
class Decoded:
    """The transcript of an utterance, or of a stretch of it, or why there is none."""

    utt_id: str
    transcript: Optional[Transcript] = None
    error: Optional[CtcbError] = None
    start: float = 0.0  # seconds from the utterance's start, where it is a stretch of it,
    last: bool = True  # and whether nothing follows


def transcript(utt_id: str, reading: Reading, nbest: Sequence[Alternative] = (), seconds: float = 0.0) -> Transcript:
    """The transcript of an utterance's best reading."""
    return Transcript(
        utt_id, reading.text, reading.score, reading.words, reading.entities, tuple(nbest), seconds, withdrawn=reading.withdrawn
    )
