"""The inputs of a command line as a list of utterances."""
from __future__ import annotations

import os
import re
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Dict, Iterator, List, Sequence

from ctcb.data import ffmpeg
from ctcb.data.audio import AUDIO_SUFFIXES, FFMPEG_SUFFIXES
from ctcb.data.channels import MIX, Channel, require_channel
from ctcb.data.cuts import read_cuts
from ctcb.data.manifest import SAFE_ID, read_manifest
from ctcb.data.source import STDIN, STDIN_NAME, AudioBytes, AudioGiven, as_bytes, standard_input
from ctcb.data.utterance import Utterance, in_channels
from ctcb.errors import InputError


def find_utterances(inputs: Sequence[AudioGiven], channel: Channel = MIX) -> List[Utterance]:
    """Audio files, folders of them, ``manifest.tsv`` and lhotse cuts (``.jsonl[.gz]``) to utterances.

    A file's id is its name without the suffix; where two files share it, their path without the
    suffix, slashes turned to hyphens; underscores stand for white space and control characters in it.
    A folder is searched for audio files at any depth. ``-`` is standard input, with the id ``stdin``; a file's bytes and
    open binary files are called ``audio``, or ``audio-1``, ``audio-2`` ... where they are several.

    Parameters
    ----------
    channel : a number, counted from 0; ``"mix"`` of all; or ``"each"``: an utterance a channel, whose ids end in ``-ch0``,
        ``-ch1`` and so on. Cuts of one channel are of that channel.

    Raises
    ------
    InputError : something named does not exist or holds no utterance, two utterances share an id, a cut is of another
        channel than the one that is asked for, or has a transform that cannot be applied.
    """
    channel = require_channel(channel)
    utterances: List[Utterance] = []
    files: List[Path] = []
    held: List[AudioBytes] = []
    for given in inputs:
        if given == STDIN:
            if any(isinstance(one, AudioBytes) and one.name == STDIN_NAME for one in held):
                raise InputError("- stands among the inputs twice", hint="standard input can be read once")
            held.append(standard_input())
            continue
        if not isinstance(given, (str, os.PathLike)):
            held.append(as_bytes(given))
            continue
        name = Path(given)
        if name.is_dir():
            files += _in_folder(name)
        elif not os.path.lexists(name):
            raise InputError("no such file", file=name, hint="name audio files, folders, a manifest.tsv, lhotse cuts, or - for standard input")
        elif name.suffix == ".tsv":
            rows = (Utterance(row.utt_id, row.audio, speaker=row.speaker) for row in read_manifest(name))
            utterances += chain.from_iterable(in_channels(row, channel) for row in rows)
        elif name.name.endswith((".jsonl", ".jsonl.gz")):
            utterances += read_cuts(name, channel)
        else:
            files.append(name)
    stems = Counter(file.stem for file in files)
    found = [Utterance(_safe(file.stem if stems[file.stem] == 1 else _path_id(file)), file) for file in files]
    found += [Utterance(name, source) for name, source in zip(_names_of(held), held)]
    utterances += chain.from_iterable(in_channels(one, channel) for one in found)
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


def _names_of(held: Sequence[AudioBytes]) -> Iterator[str]:
    several = sum(one.name != STDIN_NAME for one in held) > 1
    number = 0
    for one in held:
        if one.name == STDIN_NAME:
            yield "stdin"
        else:
            number += 1
            yield f"audio-{number}" if several else "audio"


def _path_id(file: Path) -> str:
    return "-".join(part for part in file.with_suffix("").parts if part not in ("/", "..", "."))


def _safe(utt_id: str) -> str:
    """An id out of a file's name, which may hold anything."""
    kept = "".join(char if char == "_" or SAFE_ID.fullmatch(f"_{char}") else "_" for char in utt_id)
    return re.sub(r"^\.", "_", kept)


def _check_ids(utterances: Sequence[Utterance]) -> None:
    seen: Dict[str, Utterance] = {}
    for utterance in utterances:
        other = seen.setdefault(utterance.utt_id, utterance)
        if other is not utterance:
            raise InputError(
                f"the id {utterance.utt_id!r} is also that of {other.audio}", file=str(utterance.audio), hint="rename one of them"
            )
