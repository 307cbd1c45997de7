"""The inputs of a command line as a list of utterances."""
from __future__ import annotations

import math
import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Optional, Sequence

from ctcb.data import ffmpeg
from ctcb.data.audio import AUDIO_SUFFIXES, FFMPEG_SUFFIXES
from ctcb.data.manifest import SAFE_ID, read_manifest
from ctcb.errors import InputError
from ctcb.io import PathOrStr


@dataclass(frozen=True)
class Utterance:
    """A stretch of an audio file."""

    utt_id: str
    audio: Path
    start: float = 0.0  # seconds
    duration: Optional[float] = None  # seconds; None: to the file's end
    speaker: Optional[str] = None
    known: float = 0.0  # seconds from its start that are decoded already, inf for all


def find_utterances(inputs: Sequence[PathOrStr]) -> List[Utterance]:
    """Audio files, folders of them, ``manifest.tsv`` and lhotse cuts (``.jsonl[.gz]``) to utterances.

    A file's id is its name without the suffix; where two files share it, their path without the
    suffix, slashes turned to hyphens; underscores stand for white space and control characters in it.
    A folder is searched for audio files at any depth.

    Raises
    ------
    InputError : something named does not exist or holds no utterance, or two utterances share an id.
    """
    utterances: List[Utterance] = []
    files: List[Path] = []
    for name in map(Path, inputs):
        if name.is_dir():
            files += _in_folder(name)
        elif not os.path.lexists(name):
            raise InputError("no such file", file=name, hint="name audio files, folders, a manifest.tsv or lhotse cuts")
        elif name.suffix == ".tsv":
            utterances += [Utterance(row.utt_id, row.audio, speaker=row.speaker) for row in read_manifest(name)]
        elif name.name.endswith((".jsonl", ".jsonl.gz")):
            utterances += _from_cuts(name)
        else:
            files.append(name)
    stems = Counter(file.stem for file in files)
    utterances += [Utterance(_safe(file.stem if stems[file.stem] == 1 else _path_id(file)), file) for file in files]
    _check_ids(utterances)
    return utterances


def _in_folder(folder: Path) -> List[Path]:
    suffixes = AUDIO_SUFFIXES | FFMPEG_SUFFIXES if ffmpeg.installed() else AUDIO_SUFFIXES

    def closed(error: OSError) -> None:
        raise InputError(f"cannot be looked into ({error.strerror})", file=error.filename, hint="check its permissions")

    # Links that lead nowhere are among them: they are reported in their turn.
    files = sorted(
        Path(place) / name for place, _, names in os.walk(folder, onerror=closed) for name in names
        if os.path.splitext(name)[1].lower() in suffixes
    )  # fmt: skip
    if not files:
        raise InputError("no audio file in this folder", file=folder, hint=f"looked for {' '.join(sorted(suffixes))}")
    return files


def _path_id(file: Path) -> str:
    return "-".join(part for part in file.with_suffix("").parts if part not in ("/", "..", "."))


def _safe(utt_id: str) -> str:
    """An id out of a file's name, which may hold anything."""
    kept = "".join(char if char == "_" or SAFE_ID.fullmatch(f"_{char}") else "_" for char in utt_id)
    return re.sub(r"^\.", "_", kept)


def _from_cuts(path: Path) -> List[Utterance]:
    from lhotse import CutSet  # here: the other inputs do without it

    try:
        cuts = list(CutSet.from_file(path))
    except Exception as error:  # lhotse raises whatever its parsers do
        raise InputError(f"not a manifest of lhotse cuts ({type(error).__name__}: {error})", file=path, hint="see `lhotse validate`") from None
    utterances = []
    for number, cut in enumerate(cuts, start=1):
        sources = cut.recording.sources if getattr(cut, "recording", None) is not None else []
        if len(sources) != 1 or sources[0].type != "file":
            raise InputError(f"cut {cut.id!r} is not from one audio file", file=path, line=number, hint="give cuts of single recordings")
        # Slashes are usual in the ids of some corpora.
        if not isinstance(cut.id, str) or not all(map(SAFE_ID.fullmatch, cut.id.split("/"))):
            raise InputError(
                f"the cut's id {cut.id!r} is empty or holds white space, a control character, or a part that begins with a dot", file=path,
                line=number, hint="rename it",
            )
        for name, value in (("start", cut.start), ("duration", cut.duration)):
            if not isinstance(value, (int, float)) or not 0 <= value < math.inf:
                raise InputError(f"cut {cut.id!r} has the {name} {value!r}", file=path, line=number, hint="give seconds")
        if not isinstance(sources[0].source, str) or not sources[0].source.isprintable():
            raise InputError(f"cut {cut.id!r} names no file: {sources[0].source!r}", file=path, line=number, hint="correct its recording")
        speaker = cut.supervisions[0].speaker if cut.supervisions else None
        utterances.append(Utterance(cut.id, Path(sources[0].source), cut.start, cut.duration, speaker))
    if not utterances:
        raise InputError("no cut in this file", file=path, hint="name a file of cuts")
    return utterances


def _check_ids(utterances: Sequence[Utterance]) -> None:
    seen: Dict[str, Utterance] = {}
    for utterance in utterances:
        other = seen.setdefault(utterance.utt_id, utterance)
        if other is not utterance:
            raise InputError(
                f"the id {utterance.utt_id!r} is also that of {other.audio}", file=utterance.audio, hint="rename one of them"
            )
