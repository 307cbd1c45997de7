"""Tables beside the references: each utterance's rare words, duration or speaker.

They, and the lists that :mod:`ctcb.entities.per_utt` reads, may have more utterances than are scored. A
scored utterance that is missing in a table is an error.
"""
from __future__ import annotations

import math
from typing import Dict, FrozenSet, Iterable, Mapping, Optional

from ctcb.entities.per_utt import read_is21
from ctcb.errors import InputError
from ctcb.io import PathOrStr
from ctcb.scoring.readers import read_transcripts
from ctcb.scoring.recognition import KALDI
from ctcb.scoring.transcripts import Transcripts

_DURATIONS_HINT = "write 'utt-id seconds' on each line"


def read_biasing_list(path: PathOrStr) -> Dict[str, FrozenSet[str]]:
    """Read a table of is21_deep_bias: utterance id -> the rare words of its reference. Raises InputError."""
    return {utterance: frozenset(row.rare) for utterance, row in read_is21(path).items()}


def read_durations(path: PathOrStr) -> Dict[str, float]:
    """Read a ``manifest.tsv`` or Kaldi's ``utt2dur`` (id, seconds): utterance id -> seconds.

    Raises InputError for a file that cannot be read, and for a duration that is not a positive number.
    """
    transcripts = _read(path)
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
                f"{value!r} is not a positive number of seconds (utterance {utterance!r})", file=path, hint=_DURATIONS_HINT
            )
    return seconds


def read_speakers(path: PathOrStr) -> Dict[str, str]:
    """Read a file that names speakers (``manifest.tsv``, STM) or Kaldi's ``utt2spk`` (id, speaker): utterance id -> speaker.

    Raises InputError for a file that cannot be read, and for a line without a speaker or with several words.
    """
    transcripts = _read(path)
    if transcripts.speakers is not None:
        return dict(transcripts.speakers)
    for utterance, speaker in transcripts.items():
        if len(speaker.split()) != 1 or transcripts.seconds is not None:
            raise InputError(f"{utterance!r} has no speaker", file=path, hint="write 'utt-id speaker' on each line, or a column speaker")
    return {utterance: speaker.strip() for utterance, speaker in transcripts.items()}


def require_all(
    table: Mapping[str, object], utterances: Iterable[str], content: str, path: Optional[PathOrStr] = None
) -> None:
    """Raise InputError where ``table``, read from ``path``, lacks one of the utterances; ``content`` names what it holds."""
    absent = [utterance for utterance in utterances if utterance not in table]
    if absent:
        raise InputError(
            f"no {content} for {len(absent)} of the references, the first is {absent[0]!r}", file=path,
            hint="add a line for each" if content in ("duration", "speaker") else "add a line for each, with an empty list where it has none",
        )


def _read(path: PathOrStr) -> Transcripts:
    """A table of ids, or a file of transcripts that is certain to be one."""
    found = read_transcripts(path)
    return read_transcripts(path, KALDI) if found.possible else found
