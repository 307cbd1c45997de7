"""Long recordings: decoded once, block by block, and read a stretch at a time."""
from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Iterator, Optional, Tuple

import numpy as np

from ctcb.data.audio import SAMPLE_RATE, conversions, is_cut_off, read_audio, to_mono
from ctcb.data.audio_file import BLOCK, AudioFile, opened, resampled
from ctcb.data.channels import ALL, Channels
from ctcb.data.source import AudioGiven, AudioSource, as_source
from ctcb.data.transforms import NONE, Transforms
from ctcb.errors import InputError

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
def recorded(
    given: AudioGiven, start: float = 0.0, duration: Optional[float] = None, channels: Channels = ALL, transforms: Transforms = NONE
) -> Iterator[Recording]:
    """A file, or the stretch of it that starts at ``start`` seconds, in a temporary file of 230 MB an hour.

    Holds a few seconds of it in memory at a time, or all of it where there are transforms. Takes what ``read_audio`` takes and
    raises InputError as that does, but takes a file that is cut off as it is, and says so among its conversions.
    """
    source = as_source(given)
    with tempfile.TemporaryFile(prefix="ctcb-") as spool:
        if transforms.steps:
            audio = read_audio(source, start, duration, channels, transforms)
            spool.write(audio.samples.astype(FLOAT).tobytes())
            count, done = len(audio.samples), audio.conversions
        else:
            with opened(source, mixed=not channels.wanted) as file:
                count, done = _spooled(file, source, start, duration, channels, spool)
        if not count:
            raise InputError("the audio holds no samples", file=str(source), hint="leave it out or record it again")
        spool.flush()
        yield Recording(spool, count, done)


def _spooled(
    file: AudioFile, source: AudioSource, start: float, duration: Optional[float], channels: Channels, spool: IO[bytes]
) -> Tuple[int, Tuple[str, ...]]:
    """The number of samples that were written, and the conversions."""
    rate, claimed = file.samplerate, file.claimed
    first = round(start * rate)
    if first and 0 < claimed <= first:
        raise InputError(f"a cut starts at {start:.2f} s, behind the audio's end", file=str(source), hint="correct the cut")
    wanted = None if duration is None else round(duration * rate)
    claimed = claimed - first if wanted is None else min(claimed - first, wanted)
    count = 0
    mono = (to_mono(channels.pick(block, source), source)[:, None] for block in file.blocks(first, wanted, BLOCK))
    for block in resampled(mono, rate, SAMPLE_RATE, 1):
        spool.write(block.astype(FLOAT).tobytes())
        count += len(block)
    done = conversions(rate, len(channels.wanted) or file.channels) + file.notes
    if is_cut_off(round(count * rate / SAMPLE_RATE), claimed):
        done += ("cut off before the end that the header names, and taken as it is,",)
    return count, done
