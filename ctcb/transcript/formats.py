"""Transcripts in the formats that people and programs read, in one table, and names of files for single ones."""
from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Callable, Dict, Optional, Tuple
from urllib.parse import quote

from ctcb.transcript.explain import as_explanation
from ctcb.transcript.subtitles import as_srt, as_vtt
from ctcb.transcript.textgrid import as_textgrid
from ctcb.transcript.transcript import Segment, Transcript

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


def segment_id(result: Transcript, segment: Segment) -> str:
    """A segment's id in Kaldi's manner: the utterance's, and its start and end in hundredths of a second."""
    return f"{result.utt_id}-{round(100 * segment.start):07d}-{round(100 * segment.end):07d}"


def as_text_of_segments(result: Transcript) -> str:
    """Kaldi's ``text`` with a line a segment."""
    return "".join(f"{segment_id(result, segment)} {segment.text}".rstrip() + "\n" for segment in result.stretches)


def as_segments(result: Transcript) -> str:
    """Kaldi's ``segments``: a segment's id, the utterance's, start and end in seconds."""
    return "".join(
        f"{segment_id(result, segment)} {result.utt_id} {segment.start:.2f} {segment.end:.2f}\n" for segment in result.stretches
    )


def as_stm(result: Transcript) -> str:
    """NIST's STM: recording, channel, speaker, start, end, text; a line a segment. The channel is counted from 1."""
    recording, channel = _place(result)
    return "".join(
        f"{recording} {channel} {_field(segment.speaker)} {segment.start:.2f} {segment.end:.2f} {segment.text}".rstrip() + "\n"
        for segment in result.stretches
    )


def _place(result: Transcript) -> Tuple[str, int]:
    """A recording and its channel as NIST's formats name them: channels are counted from 1."""
    return result.recording or result.utt_id, 1 if result.channel is None else result.channel + 1


def _field(speaker: Optional[str]) -> str:
    return "_".join(speaker.split()) if speaker and speaker.split() else "unknown"


def as_ctm(result: Transcript) -> str:
    """NIST's CTM: recording, channel, start, duration, word, confidence; a line a word. The channel is counted from 1."""
    recording, channel = _place(result)
    return "".join(
        f"{recording} {channel} {word.start:.2f} {word.end - word.start:.2f} {word.word} {word.conf:.2f}\n"
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
    "stm": Format(as_stm, "hyps.stm"),
    "srt": Format(as_srt, suffix=".srt"),
    "vtt": Format(as_vtt, suffix=".vtt"),
    "textgrid": Format(as_textgrid, suffix=".TextGrid"),
}
OF_SEGMENTS = (Format(as_text_of_segments, "text"), Format(as_segments, "segments"))  # in the place of "text"
EXPLANATION = Format(as_explanation, "explain.txt")
