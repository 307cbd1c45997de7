"""Tables that come beside references: each utterance's own entities, rare words, or duration.

They may speak of more utterances than are scored; one that is scored and missing there is an error.
"""
from __future__ import annotations

import json
import math
from typing import Dict, FrozenSet, Iterable, List, Mapping, Optional, Tuple

from ctcb.errors import InputError
from ctcb.io import PathOrStr, read_lines
from ctcb.scoring.readers import is_is21_line, read_transcripts

_DURATIONS_MEND = "write 'utt-id seconds' on each line"


def read_entities_per_utt(path: PathOrStr) -> Dict[str, Tuple[str, ...]]:
    """Read ``utt_id TAB entity|entity|...`` (nothing after the tab: none): id -> its list of entities."""
    lists: Dict[str, Tuple[str, ...]] = {}
    for number, line in _rows(path):
        utterance, _, names = line.partition("\t")
        if "\t" in names:
            raise InputError(
                "more than two tab-separated fields", file=path, line=number, mend="join the entities of an utterance by |"
            )
        if "\t" not in line and len(line.split()) > 1:
            raise InputError(
                "no tab between the utterance and its entities", file=path, line=number, mend="write utt_id TAB entity|entity"
            )
        _add(lists, utterance.strip(), tuple(" ".join(name.split()) for name in names.split("|") if name.strip()), path, number)
    return lists


def read_biasing_list(path: PathOrStr) -> Dict[str, FrozenSet[str]]:
    """Read the rare words of each reference from a table of is21_deep_bias: id -> its rare words.

    Tab-separated: id, reference, JSON list of the rare words in the reference and, not read, the JSON
    list of all words toward which a recogniser is to lean.
    """
    lists: Dict[str, FrozenSet[str]] = {}
    for number, line in _rows(path):
        mend = 'write utt_id TAB reference TAB ["rare", "words"] (TAB ["the", "whole", "list"])'
        if not is_is21_line(line):
            raise InputError("no line of an is21 biasing list", file=path, line=number, mend=mend)
        utterance, _, words = line.split("\t")[:3]
        try:
            rare = json.loads(words)
        except json.JSONDecodeError as error:
            raise InputError(
                f"the third field is no JSON ({error.msg}, column {error.colno})", file=path, line=number, mend=mend
            ) from None
        if not all(isinstance(word, str) for word in rare):
            raise InputError("the third field is no list of strings", file=path, line=number, mend=mend)
        _add(lists, utterance.strip(), frozenset(rare), path, number)
    return lists


def read_durations(path: PathOrStr) -> Dict[str, float]:
    """Read durations in seconds, from a ``manifest.tsv`` or Kaldi's ``utt2dur`` (id, seconds)."""
    transcripts = read_transcripts(path)
    if transcripts.seconds is not None:
        return dict(transcripts.seconds)
    seconds: Dict[str, float] = {}
    for utterance, value in transcripts.items():
        try:
            seconds[utterance] = float(value)
        except ValueError:
            seconds[utterance] = math.nan
        if not 0.0 < seconds[utterance] < math.inf:
            raise InputError(
                f"{value!r} is no positive number of seconds (utterance {utterance!r})", file=path, mend=_DURATIONS_MEND
            )
    return seconds


def require_all(
    table: Mapping[str, object], utterances: Iterable[str], what: str, path: Optional[PathOrStr] = None
) -> None:
    """Raise InputError where ``table``, read from ``path``, has no ``what`` for one of the utterances."""
    absent = [utterance for utterance in utterances if utterance not in table]
    if absent:
        raise InputError(
            f"no {what} for {len(absent)} of the references, the first is {absent[0]!r}", file=path,
            mend="add a line for each" if what == "duration" else "add a line for each, with an empty list where it has none",
        )


def _rows(path: PathOrStr) -> List[Tuple[int, str]]:
    rows = [(number, line) for number, line in read_lines(path) if line.strip()]
    if not rows:
        raise InputError("the file is empty", file=path, mend="it needs one utterance a line")
    return rows


def _add(table: Dict, utterance: str, value: object, path: PathOrStr, number: int) -> None:
    if not utterance:
        raise InputError("no utterance id before the tab", file=path, line=number, mend="begin the line with the id")
    if utterance in table:
        raise InputError(f"utterance {utterance!r} stands there already", file=path, line=number, mend="keep one line of it")
    table[utterance] = value
