"""Long recordings and the stretches of them that are utterances -> a folder with a ``manifest.tsv``.

Corpora of sittings and interviews come as recordings of minutes to hours. Each utterance is cut out
into a FLAC file of its own, once, so that everything after this reads utterances whatever the corpus was.
"""
from __future__ import annotations

import os
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Dict, Iterable, List, Sequence, Tuple, Union

import numpy as np
import soundfile

from ctcb.data.audio_file import one_way
from ctcb.data.manifest import SAFE_ID
from ctcb.errors import InputError
from ctcb.io import PathOrStr, atomic_write, require_space
from ctcb.progress import progress

COLUMNS = ("utt_id", "audio", "duration_s", "speaker", "source", "license", "text", "orig_text")
BYTES_A_SECOND = 20_000  # of 16 kHz mono FLAC, about
BLOCK = 10.0  # seconds decoded at once where nothing is wanted
TOLERANCE = 0.1  # seconds by which a piece may reach beyond its recording's end


@dataclass(frozen=True)
class Segment:
    """An utterance: pieces of one recording, put together."""

    utt_id: str
    recording: Path
    pieces: Tuple[Tuple[float, float], ...]  # seconds: start, end
    text: str
    speaker: str = ""
    orig_text: str = ""  # with its capitals, where the corpus has it
    source: str = ""
    license: str = ""

    @property
    def seconds(self) -> float:
        """The sum of the pieces' durations."""
        return sum(end - start for start, end in self.pieces)


@dataclass(frozen=True)
class CutReport:
    """The result of :func:`cut_segments`."""

    utterances: int
    seconds: float
    rejected: Tuple[Tuple[str, str], ...]  # utterance, reason

    def summary(self) -> str:
        """One line for the terminal."""
        left_out = f"{len(self.rejected)} left out (rejected.tsv)" if self.rejected else "none left out"
        return f"{self.utterances} utterances, {self.seconds / 3600:.2f} h; {left_out}"


def cut_segments(segments: Iterable[Segment], folder: PathOrStr, jobs: int = 2) -> CutReport:
    """Write ``audio/RECORDING/UTT_ID.flac`` and ``manifest.tsv`` below ``folder``.

    What was cut before stays, so that an interrupted run goes on; the manifest is written last.
    Segments whose recording cannot be read or ends before them are named in ``rejected.tsv``.

    Raises
    ------
    InputError : two segments share an id, an id is unsafe as a name, or no segment can be used.
    RunError : there is no room for the audio.
    """
    folder = Path(folder)
    by_recording = _by_recording(segments)
    needed = BYTES_A_SECOND * sum(segment.seconds for group in by_recording for segment in group)
    standing = sum(file.stat().st_size for file in folder.glob("audio/*/*.flac"))
    require_space(folder, needed - standing)
    written, rejected, seconds = 0, [], 0.0
    with ProcessPoolExecutor(jobs) as pool, atomic_write(folder / "manifest.tsv") as manifest:
        manifest.write("\t".join(COLUMNS) + "\n")
        results = pool.map(partial(_cut_recording, folder), by_recording)
        for group, found in zip(by_recording, progress(results, "cutting recordings", total=len(by_recording))):
            for segment, result in zip(group, found):
                if isinstance(result, str):
                    rejected.append((segment.utt_id, result))
                else:
                    manifest.write(_row(segment, folder, result))
                    written, seconds = written + 1, seconds + result
        if not written:
            reason = rejected[0][1] if rejected else "there are none"
            raise InputError(f"no usable segment ({reason})", file=folder, hint="check the corpus")
    with atomic_write(folder / "rejected.tsv") as file:
        file.write("utt_id\treason\n")
        file.writelines(f"{utt_id}\t{_flat(reason)}\n" for utt_id, reason in rejected)
    return CutReport(written, seconds, tuple(rejected))


def _by_recording(segments: Iterable[Segment]) -> List[List[Segment]]:
    groups: Dict[Path, List[Segment]] = defaultdict(list)
    seen = set()
    for segment in segments:
        if not SAFE_ID.fullmatch(segment.utt_id):
            raise InputError(f"the id {segment.utt_id!r} is no name for a file", file=segment.recording)
        if segment.utt_id in seen:
            raise InputError(f"the id {segment.utt_id!r} comes twice", file=segment.recording)
        seen.add(segment.utt_id)
        groups[segment.recording].append(segment)
    return list(groups.values())


def _audio_path(folder: Path, segment: Segment) -> Path:
    return folder / "audio" / segment.recording.stem / f"{segment.utt_id}.flac"


class _Forward:
    """Reads stretches of a recording by decoding it from its start: libsndfile's jumps in Vorbis and MP3 are inexact."""

    def __init__(self, path: Path) -> None:
        self.path, self.file, self.at = path, one_way(soundfile.SoundFile(str(path))), 0  # frames decoded so far
        self.rate, self.seconds = self.file.samplerate, self.file.frames / self.file.samplerate

    def read(self, start: float, end: float) -> np.ndarray:
        """``[N]`` float32 mono samples of the seconds; fewer where the recording breaks off. Quick in rising order."""
        first, last = int(start * self.rate), int(end * self.rate)
        if first < self.at:
            self.close()
            self.file, self.at = one_way(soundfile.SoundFile(str(self.path))), 0
        while self.at < first and len(self._decode(min(first - self.at, int(BLOCK * self.rate)))):
            pass
        return self._decode(last - first).mean(axis=1)

    def _decode(self, count: int) -> np.ndarray:
        samples = self.file.read(count, dtype="float32", always_2d=True)
        self.at += len(samples)
        return samples

    def close(self) -> None:
        self.file.close()


def _cut_recording(folder: Path, group: Sequence[Segment]) -> List[Union[float, str]]:
    """Seconds written of each segment, or why it was not."""
    results: Dict[str, Union[float, str]] = {}
    todo = []
    for segment in group:
        path = _audio_path(folder, segment)
        if path.exists():
            results[segment.utt_id] = soundfile.info(str(path)).duration
        else:
            todo.append(segment)
    if todo:
        try:
            recording = _Forward(group[0].recording)
        except (soundfile.LibsndfileError, RuntimeError, OSError) as error:
            results.update((segment.utt_id, f"{segment.recording} cannot be read ({error})") for segment in todo)
        else:
            for segment in sorted(todo, key=lambda segment: segment.pieces):
                results[segment.utt_id] = _cut(recording, segment, _audio_path(folder, segment))
            recording.close()
    return [results[segment.utt_id] for segment in group]


def _cut(recording: _Forward, segment: Segment, path: Path) -> Union[float, str]:
    parts = []
    for start, end in segment.pieces:
        if end > recording.seconds + TOLERANCE:
            return f"ends at {end:.2f} s, and {segment.recording} has {recording.seconds:.2f} s"
        try:
            part = recording.read(start, end)
        except (soundfile.LibsndfileError, RuntimeError) as error:
            return f"{segment.recording} cannot be read at {start:.2f} s ({error})"
        if len(part) / recording.rate < end - start - TOLERANCE:
            return f"{segment.recording} breaks off at {start + len(part) / recording.rate:.2f} s"
        parts.append(part)
    samples = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    if not len(samples):
        return "holds no samples"
    path.parent.mkdir(parents=True, exist_ok=True)
    part_path = path.with_name(f".part.{os.getpid()}.{path.name}")
    soundfile.write(str(part_path), samples, recording.rate, format="FLAC")
    part_path.replace(path)
    return len(samples) / recording.rate


def _row(segment: Segment, folder: Path, seconds: float) -> str:
    audio = _audio_path(folder, segment).relative_to(folder)
    fields = (segment.utt_id, str(audio), f"{seconds:.3f}", segment.speaker, segment.source, segment.license,
              segment.text, segment.orig_text)  # fmt: skip
    return "\t".join(map(_flat, fields)) + "\n"


def _flat(text: str) -> str:
    return " ".join(text.split())
