"""Transcripts in the formats that people and programs read, in one table, and names of files for single ones."""
from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Callable, Dict, Optional
from urllib.parse import quote

from ctcb.transcript.explain import as_explanation
from ctcb.transcript.subtitles import as_srt, as_vtt
from ctcb.transcript.textgrid import as_textgrid
from ctcb.transcript.transcript import Transcript

LONGEST_NAME = 150  # bytes; file systems take 255, and suffixes and temporary files' marks want room


def file_name(utt_id: str) -> str:
    """An utterance's id as the name of a file, below the folder where it is put; ids that differ have names that do."""
    name = re.sub(r"[^\w.-]", lambda found: quote(found[0], safe="", errors="replace"), utt_id)
    if len(name.encode("utf-8", "replace")) <= LONGEST_NAME:
        return name
    return f"{name[: LONGEST_NAME // 6]}-{sha256(utt_id.encode('utf-8', 'replace')).hexdigest()[:32]}"


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


@dataclass(frozen=True)
class Format:
    """How transcripts are written."""

    write: Callable[[Transcript], str]
    file: Optional[str] = None  # that all transcripts share in an output folder; None: each has one of its own,
    suffix: str = ""  # with this behind its id


FORMATS: Dict[str, Format] = {
    "text": Format(as_text, "text"),
    "jsonl": Format(as_jsonl, "hyps.jsonl"),
    "ctm": Format(as_ctm, "hyps.ctm"),
    "srt": Format(as_srt, suffix=".srt"),
    "vtt": Format(as_vtt, suffix=".vtt"),
    "textgrid": Format(as_textgrid, suffix=".TextGrid"),
}
EXPLANATION = Format(as_explanation, "explain.txt")
