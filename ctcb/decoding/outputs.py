"""Transcripts as text, JSON lines or CTM."""
from __future__ import annotations

from typing import Callable, Dict

from ctcb.decoding.transcript import Transcript


def as_text(result: Transcript) -> str:
    """Kaldi's ``text``: id and words."""
    return f"{result.utt_id} {result.text}".rstrip() + "\n"


def as_jsonl(result: Transcript) -> str:
    """A line of ``hyps.jsonl``."""
    return result.to_json() + "\n"


def as_ctm(result: Transcript) -> str:
    """NIST's CTM: id, channel, start, duration, word, confidence; a line a word."""
    return "".join(
        f"{result.utt_id} 1 {word.start:.2f} {word.end - word.start:.2f} {word.word} {word.conf:.2f}\n"
        for word in result.words
    )


# format -> (how it is written, its file in an output folder)
FORMATS: Dict[str, Callable[[Transcript], str]] = {"text": as_text, "jsonl": as_jsonl, "ctm": as_ctm}
FILES = {"text": "text", "jsonl": "hyps.jsonl", "ctm": "hyps.ctm"}
