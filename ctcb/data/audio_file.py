"""An audio file to its end, whatever it is made of: one recording, or several that were joined."""
from __future__ import annotations

import mmap
import os
import re
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Iterator, Optional, Sequence, Tuple, Union

import numpy as np
import soundfile

from ctcb.data import ffmpeg
from ctcb.data.chunks import STREAMED
from ctcb.data.mpeg import Buffer
from ctcb.data.parts import Part, Spliced, parts_of
from ctcb.data.source import AudioSource
from ctcb.errors import InputError, unreadable

LOWEST_RATE, HIGHEST_RATE = 1000, 768_000  # Hz, of files: a header that names less or more is wrong
FALLBACK_RATE = 16_000  # Hz, of what ffmpeg converts
# What an MP3 frame codes may begin 255 bytes before it, in as many as 11 frames of 24 bytes (511 bytes: 6 frames of 96).
PREROLL = 16 * 1152  # samples that are decoded before those that are wanted
BLOCK = 1 << 18  # samples of a channel that are decoded at a time where not all are
_SHORTER = re.compile(r"^\s*(?:data|SSND|riff|Data Size)\s*:\s*(\d+) \(should be (\d+)\)", re.M)
_SHORTER_RF64 = re.compile(r"Calculated frame count \d+ does not match value from 'ds64' chunk of (\d+)")


class AudioFile:
    """An open audio file: its recordings one behind the other, at the rate and with the channels of the first."""

    def __init__(self, recordings: Sequence[_Recording], notes: Sequence[str] = ()) -> None:
        self._recordings = list(recordings)
        self.samplerate: int = recordings[0].file.samplerate
        self.channels: int = recordings[0].file.channels
        self.notes = tuple(notes)  # what is to be said of it

    @property
    def frames(self) -> int:
        """The samples of a channel, as far as the headers name them; 2**62 and more where one does not."""
        return sum(self._here(one.frames, one) for one in self._recordings)

    @property
    def claimed(self) -> int:
        """The same, though the file may end before; 0 where a header does not give it, as in a stream's."""
        claims = [one.claimed for one in self._recordings]
        return sum(self._here(claim, one) for claim, one in zip(claims, self._recordings)) if all(claims) else 0

    def blocks(self, first: int = 0, count: Optional[int] = None, size: Optional[int] = None) -> Iterator[np.ndarray]:
        """``[n, channels]`` float32 samples from ``first`` on, at most ``count``; about ``size`` at a time, by default all."""
        left = count
        for number, one in enumerate(self._recordings):
            frames = self._here(one.frames, one)
            if first >= frames and number + 1 < len(self._recordings):
                first -= frames
                continue
            one.seek(round(first * one.file.samplerate / self.samplerate))
            first = 0
            for block in self._converted(one, size):
                if left is not None:
                    block = block[:left]
                    left -= len(block)
                yield block
                if left == 0:
                    return

    def _here(self, frames: int, one: _Recording) -> int:
        """Samples of one recording, as many as they are at the rate of the first."""
        return frames if one.file.samplerate == self.samplerate else round(frames * self.samplerate / one.file.samplerate)

    def _converted(self, one: _Recording, size: Optional[int]) -> Iterator[np.ndarray]:
        blocks = (_with_channels(block, self.channels) for block in one.blocks(size))
        return resampled(blocks, one.file.samplerate, self.samplerate, self.channels)


class _Recording:
    """A recording that libsndfile reads, the samples before ``skip`` left out."""

    def __init__(self, file: soundfile.SoundFile, samples: Optional[int] = None) -> None:
        """``samples`` are at the end of it, where not all are wanted."""
        self.file = one_way(file)
        self._skip = 0 if samples is None else max(0, file.frames - samples)
        self._at = 0  # samples that are decoded

    @property
    def frames(self) -> int:
        return self.file.frames - self._skip

    @property
    def claimed(self) -> int:
        return max(0, claimed_frames(self.file) - self._skip)

    def seek(self, frame: int) -> None:
        frame += self._skip
        if frame != self._at:
            before = min(frame, PREROLL) if self.file.format == "MP3" else 0
            self._at = self.file.seek(frame - before)
            self._at += len(self.file.read(before, dtype="float32"))

    def blocks(self, size: Optional[int]) -> Iterator[np.ndarray]:
        known = self.file.frames < 2**62
        while True:
            left = self.file.frames - self._at
            block = self.file.read(left if known and size is None else min(size or BLOCK, left), dtype="float32", always_2d=True)
            if not len(block):
                return
            self._at += len(block)
            yield block


def one_way(file: soundfile.SoundFile) -> soundfile.SoundFile:
    """The file, read on where a block ended. soundfile jumps there behind each block, and an MP3 is not whole behind a jump."""
    file.seekable = lambda: False
    return file


def _with_channels(block: np.ndarray, channels: int) -> np.ndarray:
    """``[N, other]`` samples as ``[N, channels]``: where the numbers differ, the mix in each."""
    if block.shape[1] == channels:
        return block
    return np.repeat(block.mean(axis=1, keepdims=True), channels, axis=1)


def resampled(blocks: Iterator[np.ndarray], rate: int, wanted: int, channels: int) -> Iterator[np.ndarray]:
    """Blocks ``[n, channels]`` at ``rate`` Hz as blocks at the ``wanted`` rate, without seams."""
    if rate == wanted:
        yield from blocks
        return
    import soxr  # here, so that reading 16 kHz audio does not wait for it

    stream = soxr.ResampleStream(rate, wanted, channels, dtype="float32")
    for block in blocks:
        yield stream.resample_chunk(np.ascontiguousarray(block))
    yield stream.resample_chunk(np.zeros((0, channels), np.float32), last=True)


def claimed_frames(file: soundfile.SoundFile) -> int:
    """The samples of a file by its header, though it may end before; 0 where the header does not give it, as in a stream's."""
    if file.frames >= 2**62:
        return 0
    # libsndfile takes a WAV that is cut off for a whole one, and only notes it.
    large = _SHORTER_RF64.search(file.extra_info)
    if large is not None:
        return int(large[1])
    noted = _SHORTER.search(file.extra_info)
    if noted is None or int(noted[1]) >= STREAMED or noted[2] == "0":
        return file.frames
    return round(file.frames * int(noted[1]) / int(noted[2]))


@contextmanager
def opened(source: AudioSource, mixed: bool = True, convert: bool = True) -> Iterator[AudioFile]:
    """An audio file to read from; with ``convert``, through ffmpeg where libsndfile does not know its format.

    ``mixed``: channels may be mixed, as ffmpeg does it.
    Raises InputError where it is missing, empty, a folder, or not audio; also for what fails in the block.
    """
    name = str(source)
    try:
        with ExitStack() as files:
            try:
                file = _open(source, files)
            except soundfile.LibsndfileError:
                if not (convert and ffmpeg.installed()):
                    raise
                wav = files.enter_context(ffmpeg.converted(source, FALLBACK_RATE, mixed))
                file = AudioFile([_Recording(files.enter_context(soundfile.SoundFile(str(wav))))])
            yield file
    except OSError as error:
        raise unreadable(error, name) from None
    except (soundfile.LibsndfileError, RuntimeError) as error:
        hint = "give WAV, FLAC, Ogg/Opus or MP3" + ("" if ffmpeg.installed() else ", or install ffmpeg, which reads the others")
        raise InputError(f"not readable as audio ({_reason(error)})", file=name, hint=hint) from None


def _open(source: AudioSource, files: ExitStack) -> AudioFile:
    parts, data = _parts(source)
    if parts is None:
        where: Union[str, bytes, Spliced] = _name(source) if isinstance(source, Path) else Spliced(data, Part(((0, len(data)),)))
        recordings = [_Recording(files.enter_context(soundfile.SoundFile(where)))]
        _require_rate(recordings[0], source)
        return AudioFile(recordings)
    recordings, notes = [], [note for part in parts for note in part.notes]
    for part in parts:
        try:
            one = _Recording(files.enter_context(soundfile.SoundFile(Spliced(data, part))), part.samples)
        except soundfile.LibsndfileError as error:
            if not recordings:
                raise
            notes.append(f"a part behind the first that is not readable ({_reason(error)}) left out")
            continue
        _require_rate(one, source)
        recordings.append(one)
    if len(recordings) > 1:
        notes.append(f"{len(recordings)} recordings, joined in one file, read one behind the other")
    return AudioFile(recordings, list(dict.fromkeys(notes)))


def _require_rate(one: _Recording, source: AudioSource) -> None:
    rate = one.file.samplerate
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        problem = f"the header names {rate} samples a second"
        raise InputError(problem, file=str(source), hint=f"give audio of {LOWEST_RATE} to {HIGHEST_RATE} Hz")


def _parts(source: AudioSource) -> Tuple[Optional[Sequence[Part]], Buffer]:
    """The recordings in a file, where it has several or has to be mended, and its bytes where these are needed."""
    if not isinstance(source, Path):
        if not len(source.data):
            raise InputError("holds 0 bytes", file=str(source), hint="leave it out, or see what was to write it")
        return parts_of(source.data), source.data
    state = source.stat()
    if S_ISDIR(state.st_mode):
        raise InputError("this is a folder", file=source, hint="name an audio file")
    if not S_ISREG(state.st_mode):  # a pipe keeps its reader waiting
        raise InputError("is no regular file", file=source, hint="copy what it gives to a file, or give it as -, standard input")
    if state.st_size == 0:
        raise InputError("the file is empty (0 bytes)", file=source, hint="leave it out or copy it again")
    parts = _parts_of_file(source, state.st_size, state.st_mtime_ns)
    return parts, b"" if parts is None else _mapped(source)


@lru_cache(maxsize=256)
def _parts_of_file(path: Path, size: int, changed: int) -> Optional[Sequence[Part]]:
    """A file of many cuts is looked through once. ``size`` and ``changed`` tell it from another one of the name."""
    return parts_of(_mapped(path))


def _mapped(path: Path) -> Buffer:
    with open(path, "rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _reason(error: Exception) -> str:
    return str(error).split(":")[-1].strip() or "unknown format"


def _name(path: Path) -> Union[str, bytes]:
    """A path as soundfile takes it: names may hold bytes that are no text."""
    return str(path) if os.name == "nt" else os.fsencode(path)
