"""Long recordings: decoded once, block by block, and read a stretch at a time."""
from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Iterator, Optional, Tuple

import numpy as np
import soundfile

from ctcb.data.audio import SAMPLE_RATE, claimed_frames, conversions, is_cut_off, opened, to_mono
from ctcb.errors import InputError
from ctcb.io import PathOrStr

BLOCK = 1 << 18  # samples of a channel that are decoded at a time
FLOAT = np.dtype("<f4")


@dataclass(frozen=True)
class Recording:
    """16 kHz mono samples on disk."""

    file: IO[bytes]
    samples: int
    conversions: Tuple[str, ...]

    def read(self, first: int, last: int) -> np.ndarray:
        """``samples[first:last]``, float32."""
        self.file.seek(first * FLOAT.itemsize)
        return np.frombuffer(self.file.read((last - first) * FLOAT.itemsize), FLOAT).copy()  # writable


@contextmanager
def recorded(path: PathOrStr, start: float = 0.0, duration: Optional[float] = None) -> Iterator[Recording]:
    """A file, or the stretch of it that starts at ``start`` seconds, in a temporary file of 230 MB an hour.

    Holds a few seconds of it in memory at a time. Raises InputError as ``read_audio`` does, but takes a
    file that is cut off as it is, and says so among its conversions.
    """
    path = Path(path)
    with tempfile.TemporaryFile(prefix="ctcb-") as spool:
        with opened(path) as file:
            rate, channels = file.samplerate, file.channels
            first = round(start * rate)
            claimed = claimed_frames(file) - first
            if first and claimed <= 0:
                raise InputError(f"a cut starts at {start:.2f} s, behind the audio's end", file=path, hint="correct the cut")
            if duration is not None:
                claimed = min(claimed, round(duration * rate))
            file.seek(first)
            count = 0
            for block in _resampled(_mono(file, path, duration), rate):
                spool.write(block.astype(FLOAT).tobytes())
                count += len(block)
        if not count:
            raise InputError("the audio holds no samples", file=path, hint="leave it out or record it again")
        spool.flush()
        done = conversions(rate, channels)
        if is_cut_off(round(count * rate / SAMPLE_RATE), claimed):
            done += ("cut off before the end that the header names, and taken as it is,",)
        yield Recording(spool, count, done)


def _mono(file: soundfile.SoundFile, path: Path, duration: Optional[float]) -> Iterator[np.ndarray]:
    left = None if duration is None else round(duration * file.samplerate)
    while left is None or left > 0:
        block = file.read(BLOCK if left is None else min(BLOCK, left), dtype="float32", always_2d=True)
        if not len(block):
            return
        left = None if left is None else left - len(block)
        yield to_mono(block, path)


def _resampled(blocks: Iterator[np.ndarray], rate: int) -> Iterator[np.ndarray]:
    if rate == SAMPLE_RATE:
        yield from blocks
        return
    import soxr

    stream = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")
    for block in blocks:
        yield stream.resample_chunk(np.ascontiguousarray(block))
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)
