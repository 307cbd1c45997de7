"""Reading references and hypotheses in the formats below, which are told apart by content where it leaves no doubt.

======== ===================================================================================================================
jsonl    ``hyps.jsonl``: one JSON object on each line, with the strings ``id`` and ``text``. The file's name ends in
         ``.jsonl``, or the first line begins with ``{"``.
manifest ``manifest.tsv``: the first line is a header that names at least two of the manifest's columns.
is21     A reference table of is21_deep_bias: tab-separated id, text and one or two JSON lists.
ctm, stm NIST's formats (:mod:`ctcb.scoring.timed`): the file's name ends in ``.ctm`` or ``.stm``, or the lines have times.
trn      SCTK's transcripts, ``words (utt_id)``: the name ends in ``.trn``, or every line ends in an id.
kaldi    Kaldi ``text``, ``utt_id words``: every line begins with an id. An id alone is an empty text.
plain    A text a line, without ids: never guessed, always to be named.
======== ===================================================================================================================

Where ids could be words (:mod:`ctcb.scoring.recognition`), the format is open: it is settled by the ids of the file that it
is compared with (:func:`ctcb.scoring.transcripts.settle`), and otherwise must be named.
"""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

from ctcb.data.manifest import read_manifest
from ctcb.entities.per_utt import is_is21_line
from ctcb.errors import InputError
from ctcb.io import PathOrStr, read_lines
from ctcb.scoring import recognition
from ctcb.scoring.recognition import CTM, FORMATS, IS21, JSONL, KALDI, MANIFEST, PLAIN, STM, TRN
from ctcb.scoring.timed import COMMENT, TimedText, content, read_ctm, read_stm, segment_ids
from ctcb.scoring.transcripts import Transcripts, joined

_MANIFEST_COLUMNS = {"utt_id", "audio", "duration_s", "speaker", "source", "license", "text"}
def read_transcripts(path: PathOrStr, format: Optional[str] = None) -> Transcripts:
    """Read a file of references or hypotheses.

    Parameters
    ----------
    path : the file.
    format : one of ``recognition.FORMATS``; by default the content tells, where it leaves no doubt.

    Raises
    ------
    InputError : an unreadable or empty file, a repeated id, a line that does not fit the format, an unknown format. Where the
        format is open, the result raises it at the first access, unless :func:`~ctcb.scoring.transcripts.settle` finds the ids.
    """
    path = Path(path)
    every = read_lines(path)
    lines = [(number, line) for number, line in every if line.strip()]
    if not lines:
        raise InputError("the file is empty", file=path, hint="it needs one utterance a line, such as 'utt-id words'")
    if format is None:
        format = _recognised(path, lines)
    if format is None:
        return _open(path, every, lines)
    if format == JSONL:
        return _from_jsonl(path, lines)
    if format == MANIFEST:
        return _from_manifest(path)
    if format == IS21:
        return Transcripts(_collect(_read_is21(path, lines), path), path, format=IS21)
    if format == CTM:
        return _from_ctm(path, content(lines))
    if format == STM:
        return _from_stm(path, content(lines))
    if format == TRN:
        return Transcripts(_collect(_read_trn(path, lines), path), path, alternatives=True, format=TRN)
    if format == PLAIN:
        return Transcripts(_numbered(every), path, own_ids=False, format=PLAIN)
    if format == KALDI:
        return Transcripts(_collect(_read_kaldi(lines), path), path)
    raise InputError(f"{format!r} is no format of transcripts", hint=f"choose from {', '.join(FORMATS)}")


def _recognised(path: Path, lines: List[Tuple[int, str]]) -> Optional[str]:
    """The format, where name and content leave no doubt."""
    first = lines[0][1]
    by_name = {f".{name}": name for name in (JSONL, CTM, STM, TRN)}
    if path.suffix.lower() in by_name:
        return by_name[path.suffix.lower()]
    if first.lstrip().startswith(("{\"", "{ \"", "{}")) or first.strip() == "{":
        return JSONL
    if len(_MANIFEST_COLUMNS.intersection(first.split("\t"))) > 1:
        return MANIFEST
    if is_is21_line(first):
        return IS21
    timed = content(lines)
    if timed and (found := recognition.timed_format(timed)):
        return found
    rows = recognition.trn_rows(lines)
    behind = rows is not None and recognition.have_ids([utterance for _, utterance, _ in rows])
    before = recognition.have_ids([line.split(None, 1)[0] for _, line in lines]) and not all(line.count("\t") > 1 for _, line in lines)
    if behind != before:
        return TRN if behind else KALDI
    return None


def _open(path: Path, every: List[Tuple[int, str]], lines: List[Tuple[int, str]]) -> Transcripts:
    """Transcripts of an open format: what they are in each that is possible."""
    possible: Dict[str, Dict[str, str]] = {}
    for name, rows in ((KALDI, list(_read_kaldi(lines))), (TRN, recognition.trn_rows(lines))):
        if rows and len({utterance for _, utterance, _ in rows}) == len(rows):
            possible[name] = {utterance: text for _, utterance, text in rows}
    possible[PLAIN] = _numbered(every)
    return Transcripts({}, path, possible=possible, format=next(iter(possible)))


def _from_ctm(path: Path, lines: Sequence[Tuple[int, str]]) -> Transcripts:
    words = read_ctm(lines, path)
    if not words:
        raise InputError("the file holds no word", file=path, hint="it needs a line a word, such as 'recording 1 0.25 0.40 word'")
    channels: Dict[str, Set[str]] = {}
    for word in words:
        channels.setdefault(word.recording, set()).add(word.channel)
    several = {recording for recording, names in channels.items() if len(names) > 1}
    return joined(words, Transcripts({}, path, words=words, alternatives=True, format=CTM), several)


def _from_stm(path: Path, lines: Sequence[Tuple[int, str]]) -> Transcripts:
    segments = read_stm(lines, path)
    by_id = segment_ids(segments, path)
    if not by_id:
        raise InputError("the file holds no segment to score", file=path, hint="it needs lines such as 'recording 1 speaker 0.00 2.50 words'")
    return Transcripts(
        {name: one.text for name, one in by_id.items()}, path, {name: one.end - one.start for name, one in by_id.items()},
        {name: str(one.speaker) for name, one in by_id.items()}, segments=segments, own_ids=False, alternatives=True,
        format=STM,
    )  # fmt: skip


def _from_manifest(path: Path) -> Transcripts:
    rows = read_manifest(path)
    seconds = {row.utt_id: row.duration for row in rows if row.duration is not None}
    speakers = {row.utt_id: row.speaker for row in rows if row.speaker}
    return Transcripts({row.utt_id: row.text for row in rows}, path, seconds, speakers or None, format=MANIFEST)


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
            return Transcripts(texts, path, speakers=speakers or None, format=JSONL)
        words += times
    return Transcripts(texts, path, speakers=speakers or None, words=tuple(words), format=JSONL)


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


def _read_trn(path: Path, lines: List[Tuple[int, str]]) -> Iterator[Tuple[int, str, str]]:
    for number, line in lines:
        rows = recognition.trn_rows([(number, line)])
        if rows:
            yield rows[0]
        elif not line.startswith(COMMENT):
            raise InputError("no id in parentheses at the end", file=path, line=number, hint="write 'words (utt_id)' on each line")


def _numbered(lines: Iterable[Tuple[int, str]]) -> Dict[str, str]:
    """Plain text: the lines by their numbers. An empty line is an utterance without words."""
    return {str(number): line.strip() for number, line in lines}
