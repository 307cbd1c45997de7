"""Synthetic speech of many utterances: audio files and their manifest."""
from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Callable, NamedTuple, Sequence

import numpy as np
import soundfile

from ctcb.data.audio import SAMPLE_RATE
from ctcb.data.segments import BYTES_A_SECOND, COLUMNS
from ctcb.io import atomic_write, require_space
from ctcb.progress import progress


class Spoken(NamedTuple):
    """An utterance to synthesise, and its fields in the manifest."""

    utt_id: str
    prompt: Any  # what the voice takes
    speaker: str
    source: str
    license: str
    text: str  # normalised
    orig_text: str


def write_speech(folder: Path, utterances: Sequence[Spoken], say: Callable[[Any], np.ndarray], jobs: int) -> float:
    """Synthesise what has no audio yet, ``jobs`` at a time, and write the manifest last. Returns the seconds of all.

    ``say`` gives a prompt's ``[N]`` samples at 16 kHz. A function of a module, so that other processes find it.
    """
    (folder / "audio").mkdir(parents=True, exist_ok=True)
    require_space(folder, BYTES_A_SECOND * 4.0 * len(utterances))
    total = 0.0
    with ProcessPoolExecutor(jobs) as pool, atomic_write(folder / "manifest.tsv") as file:
        file.write("\t".join(COLUMNS) + "\n")
        durations = pool.map(partial(_synthesise, folder, say), utterances, chunksize=20)
        for one, seconds in zip(utterances, progress(durations, f"synthesising {folder.name}", total=len(utterances))):
            total += seconds
            fields = (one.utt_id, str(_audio(one)), f"{seconds:.3f}", one.speaker, one.source, one.license, one.text, one.orig_text)
            file.write("\t".join(fields) + "\n")
    return total


def _audio(one: Spoken) -> Path:
    return Path("audio", f"{one.utt_id}.flac")


def _synthesise(folder: Path, say: Callable[[Any], np.ndarray], one: Spoken) -> float:
    path = folder / _audio(one)
    if not path.exists():
        part = path.with_name(f".part.{os.getpid()}.{path.name}")
        soundfile.write(str(part), say(one.prompt), SAMPLE_RATE, format="FLAC")
        part.replace(path)
    return soundfile.info(str(path)).duration
