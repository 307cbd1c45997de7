"""Reading references and hypotheses in these formats, distinguished by the file's name and the first line that is not blank.

1.  ``hyps.jsonl``: the file's name ends in ``.jsonl``, or the line begins with ``{``. One JSON object on
    each line, with the strings ``id`` and ``text``.
2.  ``manifest.tsv``: the line is a header that names at least two of the manifest's columns.
3.  A reference table of is21_deep_bias: tab-separated id, text and one or two JSON lists.
4.  NIST's CTM and STM (:mod:`ctcb.scoring.timed`): the file's name ends in ``.ctm`` or ``.stm``, or every line has times
    with decimals in the columns of the format.
5.  Kaldi ``text``: everything else. An id, white space, the words; an id alone is an empty text.
"""
from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

from ctcb.data.manifest import read_manifest
from ctcb.entities.per_utt import is_is21_line
from ctcb.errors import InputError
from ctcb.io import PathOrStr, read_lines
from ctcb.scoring.timed import TimedText, content, is_ctm, is_stm, read_ctm, read_stm, segment_ids

_MANIFEST_COLUMNS = {"utt_id", "audio", "duration_s", "speaker", "source", "license", "text"}


@dataclass(frozen=True, eq=False)
class Transcripts(Mapping[str, str]):
    """A mapping of utterance ids to texts, in the file's order."""

    texts: Dict[str, str]
    path: Optional[Path] = None
    seconds: Optional[Dict[str, float]] = None  # the durations in a manifest or of an STM file's segments, by id
    speakers: Optional[Dict[str, str]] = None  # by id, where the file names them
    words: Optional[Tuple[TimedText, ...]] = None  # of a CTM file, or of a hyps.jsonl with its words' times
    segments: Optional[Tuple[TimedText, ...]] = None  # of an STM file
    own_ids: bool = True  # False where the ids are made of recordings and channels
    alternatives: bool = False  # whether braces hold alternatives

    def __getitem__(self, utterance: str) -> str:
        return self.texts[utterance]

    def __iter__(self) -> Iterator[str]:
        return iter(self.texts)

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def in_order(self) -> Tuple[TimedText, ...]:
        """The segments of an STM file that are scored, in the order of the ids."""
        return tuple(segment for segment in self.segments or () if segment.scored)


def read_transcripts(path: PathOrStr) -> Transcripts:
    """Read a file of references or hypotheses in any of the formats above.

    Raises
    ------
    InputError : an unreadable or empty file, a repeated id, a line that does not fit the format.
    """
    path = Path(path)
    lines = [(number, line) for number, line in read_lines(path) if line.strip()]
    if not lines:
        raise InputError("the file is empty", file=path, hint="it needs one utterance a line, such as 'utt-id words'")
    first = lines[0][1]
    if path.suffix == ".jsonl" or first.lstrip().startswith("{"):
        return _from_jsonl(path, lines)
    if len(_MANIFEST_COLUMNS.intersection(first.split("\t"))) > 1:
        return _from_manifest(path)
    if is_is21_line(first):
        return Transcripts(_collect(_read_is21(path, lines), path), path)
    timed = content(lines)
    if path.suffix.lower() == ".ctm" or is_ctm(timed):
        return _from_ctm(path, timed)
    if path.suffix.lower() == ".stm" or is_stm(timed):
        return _from_stm(path, timed)
    return Transcripts(_collect(_read_kaldi(lines), path), path)


def joined(parts: Sequence[TimedText], source: Transcripts, several: Set[str]) -> Transcripts:
    """The texts of whole recordings, in the order of their parts' times.

    ``several`` names the recordings of which each channel has a text of its own, with the id ``recording-channel``.
    Seconds are summed; a speaker is kept where a recording has one alone.
    """
    by_id: Dict[str, List[TimedText]] = {}
    for part in parts:
        name = f"{part.recording}-{part.channel}" if part.recording in several else part.recording
        by_id.setdefault(name, []).append(part)
    texts = {name: " ".join(part.text for part in sorted(found, key=lambda part: part.start)) for name, found in by_id.items()}
    speakers = {name: {part.speaker for part in found} for name, found in by_id.items()}
    return Transcripts(
        texts, source.path,
        None if source.segments is None else {name: sum(part.end - part.start for part in found) for name, found in by_id.items()},
        {name: str(next(iter(found))) for name, found in speakers.items() if len(found) == 1 and None not in found} or None,
        source.words, own_ids=False, alternatives=source.alternatives,
    )  # fmt: skip


def _from_ctm(path: Path, lines: Sequence[Tuple[int, str]]) -> Transcripts:
    words = read_ctm(lines, path)
    if not words:
        raise InputError("the file holds no word", file=path, hint="it needs a line a word, such as 'recording 1 0.25 0.40 word'")
    channels: Dict[str, Set[str]] = {}
    for word in words:
        channels.setdefault(word.recording, set()).add(word.channel)
    several = {recording for recording, names in channels.items() if len(names) > 1}
    return joined(words, Transcripts({}, path, words=words, alternatives=True), several)


def _from_stm(path: Path, lines: Sequence[Tuple[int, str]]) -> Transcripts:
    segments = read_stm(lines, path)
    by_id = segment_ids(segments, path)
    if not by_id:
        raise InputError("the file holds no segment to score", file=path, hint="it needs lines such as 'recording 1 speaker 0.00 2.50 words'")
    return Transcripts(
        {name: one.text for name, one in by_id.items()}, path, {name: one.end - one.start for name, one in by_id.items()},
        {name: str(one.speaker) for name, one in by_id.items()}, segments=segments, own_ids=False, alternatives=True,
    )  # fmt: skip


def _from_manifest(path: Path) -> Transcripts:
    rows = read_manifest(path)
    seconds = {row.utt_id: row.duration for row in rows if row.duration is not None}
    speakers = {row.utt_id: row.speaker for row in rows if row.speaker}
    return Transcripts({row.utt_id: row.text for row in rows}, path, seconds, speakers or None)


def _collect(rows: Iterator[Tuple[int, str, str]], path: Path) -> Dict[str, str]:
    """The rows (line number, id, text) as a dictionary; a repeated id is an error."""
    texts: Dict[str, str] = {}
    lines: Dict[str, int] = {}
    for number, utterance, text in rows:
        if utterance in texts:
            raise InputError(
                f"utterance {utterance!r} is already in line {lines[utterance]}", file=path, line=number,
                hint="keep one line an utterance",
            )
        texts[utterance], lines[utterance] = text, number
    return texts


def _from_jsonl(path: Path, lines: List[Tuple[int, str]]) -> Transcripts:
    rows = list(_read_jsonl(path, lines))
    texts = _collect(((number, row["id"], row["text"]) for number, row in rows), path)
    speakers = {row["id"]: row["speaker"] for _, row in rows if isinstance(row.get("speaker"), str) and row["speaker"]}
    words: List[TimedText] = []
    for _, row in rows:
        times = _word_times(row)
        if times is None:
            return Transcripts(texts, path, speakers=speakers or None)
        words += times
    return Transcripts(texts, path, speakers=speakers or None, words=tuple(words))


def _word_times(row: Mapping[str, Any]) -> Optional[List[TimedText]]:
    """The words of a line of hyps.jsonl; None where it lacks them or their times."""
    words = row.get("words")
    if not isinstance(words, list) or (not words and row["text"].strip()):
        return None
    found = []
    for word in words:
        if not isinstance(word, dict) or not isinstance(word.get("word"), str) or not all(isinstance(word.get(key), (int, float)) for key in ("start", "end")):
            return None
        found.append(TimedText(row["id"], str(row.get("channel", "1")), float(word["start"]), float(word["end"]), word["word"]))
    return found


def _read_jsonl(path: Path, lines: List[Tuple[int, str]]) -> Iterator[Tuple[int, Dict[str, Any]]]:
    for number, line in lines:
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(
                f"not JSON ({error.msg}, column {error.colno})", file=path, line=number, hint="give one JSON object a line"
            ) from None
        for key in ("id", "text"):
            if not isinstance(row, dict) or not isinstance(row.get(key), str):
                raise InputError(
                    f"no string {key!r}", file=path, line=number, hint='each line needs {"id": "...", "text": "..."}'
                )
        if not row["id"].strip():
            raise InputError("the id is empty", file=path, line=number, hint="give each utterance an id")
        yield number, row


def _read_is21(path: Path, lines: List[Tuple[int, str]]) -> Iterator[Tuple[int, str, str]]:
    for number, line in lines:
        if not is_is21_line(line) or not line.split("\t")[0].strip():
            raise InputError(
                "is not an id, a text and one or two JSON lists, like the lines above it", file=path, line=number,
                hint="separate these fields by single tabs",
            )
        utterance, text = line.split("\t")[:2]
        yield number, utterance.strip(), text


def _read_kaldi(lines: List[Tuple[int, str]]) -> Iterator[Tuple[int, str, str]]:
    for number, line in lines:
        utterance, *text = line.split(None, 1)
        yield number, utterance, text[0] if text else ""
