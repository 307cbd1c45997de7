"""What recognition hands out: a transcript an utterance, with its words' times and confidences."""
from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, Dict, List, Optional, Sequence, Tuple

from ctcb.search.options import Hypothesis
from ctcb.text.tokens import TokenTable


@dataclass(frozen=True)
class Word:
    """One recognised word."""

    word: str
    start: float  # seconds from the utterance's start
    end: float
    conf: float  # 0 to 1: the least of its tokens' highest posteriors


@dataclass(frozen=True)
class FoundEntity:
    """A listed entity that was recognised."""

    entity: str  # in the form in which the list prints it
    place: int  # among the entities leaned toward
    words: Tuple[int, int]  # it is the reading's words[first:end]
    start: float  # seconds from the utterance's start
    end: float
    why: Tuple[str, ...]  # the techniques that spoke for it
    bonus: float  # what these added to the score
    replaced: Optional[str] = None  # the words that it was put in place of
    sure: Optional[float] = None  # how likely it was said, by its phones, where that was looked at


@dataclass(frozen=True)
class Reading:
    """One way to read an utterance."""

    words: Tuple[Word, ...]
    score: float  # log-probability, and what techniques added to it
    entities: Tuple[FoundEntity, ...] = ()  # in the order of their words
    taken_back: Tuple[FoundEntity, ...] = ()  # the words there are others again

    @property
    def text(self) -> str:
        """Lower-case words, one space apart."""
        return " ".join(word.word for word in self.words)


@dataclass(frozen=True)
class Alternative:
    """Another reading of the utterance, or the best one, in an n-best list."""

    text: str
    score: float


@dataclass(frozen=True)
class Transcript:
    """One recognised utterance; a line of ``hyps.jsonl``."""

    utt_id: str
    text: str  # lower-case words, one space apart
    score: float  # log-probability, and the entities' bonuses
    words: Tuple[Word, ...]
    entities: Tuple[FoundEntity, ...] = ()  # in the order of their times
    nbest: Tuple[Alternative, ...] = ()  # different texts, best first, where more than one was asked for
    seconds: float = 0.0  # of audio
    before: Optional[str] = None  # the text without the list, where that was asked for
    taken_back: Tuple[FoundEntity, ...] = ()  # entities of which the phones were not sure enough; their words are others again

    @property
    def shown(self) -> Tuple[Word, ...]:
        """The words as people read them: each entity is one, in the form in which the list prints it."""
        units: List[Word] = []
        place = 0
        for found in self.entities:
            first, end = found.words
            units += self.words[place:first]
            units.append(Word(found.entity, found.start, found.end, self.conf_of(found)))
            place = end
        return (*units, *self.words[place:])

    def conf_of(self, found: FoundEntity) -> float:
        """The least of the confidences of an entity's words."""
        return min((word.conf for word in self.words[slice(*found.words)]), default=0.0)

    def to_dict(self) -> Dict[str, Any]:
        """The line of ``hyps.jsonl`` as plain values, times in seconds."""
        return {
            "id": self.utt_id,
            "text": self.text,
            **({} if self.before is None else {"before": self.before}),
            "shown": " ".join(unit.word for unit in self.shown),
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
                    **({} if e.sure is None else {"sure": round(e.sure, 3)}),
                }
                for e in self.entities
            ],
            **({"taken_back": [
                {
                    "entity": e.entity, "start": round(e.start, 3), "end": round(e.end, 3), "why": list(e.why),
                    "bonus": round(e.bonus, 3), "sure": None if e.sure is None else round(e.sure, 3),
                }
                for e in self.taken_back
            ]} if self.taken_back else {}),
            "nbest": [{"text": other.text, "score": round(other.score, 3)} for other in self.nbest],
        }  # fmt: skip

    def to_json(self) -> str:
        """The line of ``hyps.jsonl``."""
        return json.dumps(self.to_dict(), ensure_ascii=False)


def spoken_words(hypothesis: Hypothesis, tokens: TokenTable, frame_shift: float) -> Tuple[Word, ...]:
    """The words that a hypothesis spells; ``frame_shift`` in seconds.

    A word lasts from its first token's first frame to its last token's last frame.
    """
    return tuple(
        Word(
            word,
            hypothesis.token_frames[first] * frame_shift,
            hypothesis.token_ends[end - 1] * frame_shift,
            min(1.0, math.exp(min(hypothesis.token_log_probs[first:end]))),
        )
        for word, first, end in hypothesis.words_in(tokens)
    )


def put(reading: Reading, found: FoundEntity, text: str) -> Reading:
    """A reading with an entity's ``text`` instead of the words ``found.words``.

    Word for word where there are as many; else the time that the old words took is shared out.
    ``found.words``, and those of the entities behind, are adjusted.
    """
    first, end = found.words
    old, new = reading.words[first:end], text.split()
    if len(old) == len(new):
        words = tuple(replace(word, word=text) for word, text in zip(old, new))
    else:
        words = _shared_out(new, old[0].start, old[-1].end, min(word.conf for word in old))
    found = replace(found, words=(first, first + len(new)))
    more = len(new) - len(old)
    before = tuple(one for one in reading.entities if one.words[1] <= first)
    behind = tuple(
        replace(one, words=(one.words[0] + more, one.words[1] + more)) for one in reading.entities if one.words[0] >= end
    )
    words = reading.words[:first] + words + reading.words[end:]
    return replace(reading, words=words, entities=(*before, found, *behind))


def timed(reading: Reading, words: Tuple[int, int], start: float, end: float) -> Reading:
    """A reading in which ``words[first:end]``, a word or an entity, were said from ``start`` to ``end`` seconds."""
    first, last = words
    old = reading.words[first:last]
    new = _shared_out([word.word for word in old], start, end)
    new = tuple(replace(word, conf=before.conf) for word, before in zip(new, old))
    entities = tuple(replace(one, start=start, end=end) if one.words == words else one for one in reading.entities)
    return replace(reading, words=reading.words[:first] + new + reading.words[last:], entities=entities)


def _shared_out(words: Sequence[str], start: float, end: float, conf: float = 1.0) -> Tuple[Word, ...]:
    """Words one after another, each as long as it has letters."""
    letters = [0, *accumulate(map(len, words))]
    at = [start + (end - start) * before / letters[-1] for before in letters]
    return tuple(Word(word, begin, stop, conf) for word, begin, stop in zip(words, at, at[1:]))


def transcript(utt_id: str, reading: Reading, nbest: Sequence[Alternative] = (), seconds: float = 0.0) -> Transcript:
    """What is handed out of an utterance's best reading."""
    return Transcript(
        utt_id, reading.text, reading.score, reading.words, reading.entities, tuple(nbest), seconds, taken_back=reading.taken_back
    )
