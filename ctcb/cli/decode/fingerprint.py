"""What the results of a run depend on, so that ``--resume`` goes on with the same run only."""
from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Dict, Iterator, List

import click

from ctcb import __version__
from ctcb.data.audio import AUDIO_SUFFIXES, FFMPEG_SUFFIXES
from ctcb.search.find_lm import NO_LM

# Options that change nothing in what is recognised, and those that name what is written.
WITHOUT_EFFECT = ("out", "forms", "segments", "resume", "jobs", "batch_seconds", "failed")
WRITTEN = ("out", "attention_plot", "failed")


def fingerprint(context: click.Context) -> str:
    """A digest of a command's options, and of size and time of the files that they name.

    Only options and arguments whose declared type is a path name files: what another one says may be the name of a
    file by chance. Of INPUTS that are folders the audio files count, at any depth.
    """
    given = {name: value for name, value in context.params.items() if name not in WITHOUT_EFFECT}
    files: Dict[str, List[int]] = {}
    for path in _read(context):
        state = path.stat()
        files[str(path)] = [state.st_size, state.st_mtime_ns]
    return sha256(json.dumps([__version__, given, files], default=str, sort_keys=True).encode()).hexdigest()


def _read(context: click.Context) -> Iterator[Path]:
    """The files that a command's options and arguments name for reading."""
    for param in context.command.params:
        value = context.params.get(param.name)
        if not isinstance(param.type, click.Path) or param.name in WRITTEN or value is None:
            continue
        for name in value if isinstance(value, tuple) else (value,):
            yield from _files_of(param.name, str(name))


def _files_of(option: str, name: str) -> Iterator[Path]:
    if option == "lm" and name == NO_LM:
        return
    if option == "model":
        from ctcb.acoustic.open import is_foreign

        name = name.partition(":")[2] if is_foreign(name) else name  # a folder or a file may stand behind the colon
        if not name:
            return
    path = Path(name)
    audio = AUDIO_SUFFIXES | FFMPEG_SUFFIXES if option == "inputs" else None
    inside = sorted(path.rglob("*")) if path.is_dir() else [path]
    yield from (file for file in inside if file.is_file() and (file == path or audio is None or file.suffix.lower() in audio))
