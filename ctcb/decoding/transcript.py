"""What recognition hands out: a transcript an utterance, with its words' times and confidences."""
from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, Dict, Optional, Sequence, Tuple

from ctcb.decoding.options import Hypothesis
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
    start: float  # seconds from the utterance's start
    end: float
    why: Tuple[str, ...]  # the techniques that spoke for it
    bonus: float  # what these added to the score
    replaced: Optional[str] = None  # the words that it was put in place of


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

    def to_dict(self) -> Dict[str, Any]:
        """The line of ``hyps.jsonl`` as plain values, times in seconds."""
        return {
            "id": self.utt_id,
            "text": self.text,
            "score": round(self.score, 3),
            "words": [
                {"word": w.word, "start": round(w.start, 3), "end": round(w.end, 3), "conf": round(w.conf, 3)}
                for w in self.words
            ],
            "entities": [
                {
                    "entity": e.entity, "start": round(e.start, 3), "end": round(e.end, 3), "why": list(e.why),
                    "replaced": e.replaced, "bonus": round(e.bonus, 3),
                }
                for e in self.entities
            ],
            "nbest": [{"text": other.text, "score": round(other.score, 3)} for other in self.nbest],
        }  # fmt: skip

    def to_json(self) -> str:
        """The line of ``hyps.jsonl``."""
        return json.dumps(self.to_dict(), ensure_ascii=False)


def transcript(
    utt_id: str, hypothesis: Hypothesis, tokens: TokenTable, frame_shift: float,
    entities: Sequence[FoundEntity] = (), nbest: Sequence[Alternative] = (),
) -> Transcript:
    """The words that a hypothesis spells; ``frame_shift`` in seconds.

    A word lasts from its first token's first frame to its last token's last frame.
    """
    words = tuple(
        Word(
            word,
            hypothesis.token_frames[first] * frame_shift,
            hypothesis.token_ends[end - 1] * frame_shift,
            min(1.0, math.exp(min(hypothesis.token_log_probs[first:end]))),
        )
        for word, first, end in hypothesis.words_in(tokens)
    )
    text = " ".join(word.word for word in words)
    return Transcript(utt_id, text, hypothesis.score, words, tuple(entities), tuple(nbest))
