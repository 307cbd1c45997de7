"""What recognition hands out: a transcript an utterance, with its words' times and confidences."""
from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Dict, List, Sequence, Tuple

from ctcb.decoding.greedy import BestPath

WORD_START = "▁"


@dataclass(frozen=True)
class Word:
    """One recognised word."""

    word: str
    start: float  # seconds from the utterance's start
    end: float
    conf: float  # 0 to 1: the least of its tokens' highest posteriors


@dataclass(frozen=True)
class Transcript:
    """One recognised utterance; a line of ``hyps.jsonl``."""

    utt_id: str
    text: str
    score: float  # log-probability
    words: Tuple[Word, ...]

    def to_json(self) -> str:
        """The line of ``hyps.jsonl``, times in seconds."""
        data: Dict[str, Any] = {
            "id": self.utt_id,
            "text": self.text,
            "score": round(self.score, 3),
            "words": [
                {"word": w.word, "start": round(w.start, 3), "end": round(w.end, 3), "conf": round(w.conf, 3)}
                for w in self.words
            ],
            "entities": [],
            "nbest": [],
        }
        return json.dumps(data, ensure_ascii=False)


def transcript(utt_id: str, path: BestPath, pieces: Sequence[str], frame_shift: float) -> Transcript:
    """Join the pieces of a best path to words; ``frame_shift`` in seconds.

    A word lasts from its first token's first frame to its last token's last frame.
    """
    words: List[Word] = []
    group: List[int] = []

    def close() -> None:
        text = "".join(pieces[path.tokens[i]] for i in group).replace(WORD_START, "")
        if text:
            start, end = path.frames[group[0]] * frame_shift, path.ends[group[-1]] * frame_shift
            words.append(Word(text, start, end, min(path.confidences[i] for i in group)))
        group.clear()

    for index, token in enumerate(path.tokens):
        if group and pieces[token].startswith(WORD_START):
            close()
        group.append(index)
    if group:
        close()
    return Transcript(utt_id, " ".join(word.word for word in words), path.score, tuple(words))
