"""Audio files in, 16 kHz mono samples out; what is wrong with a file is reported, never guessed.

Whatever libsndfile reads is read: WAV, FLAC, Ogg (Vorbis and Opus), MP3 and others. Where ffmpeg is
installed, it reads the rest: videos, M4A, AMR and what else it knows.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional, Tuple

import numpy as np

from ctcb.arrays import as_array
from ctcb.data.audio_file import HIGHEST_RATE, LOWEST_RATE, opened
from ctcb.data.channels import ALL, Channels
from ctcb.data.source import AudioGiven, AudioSource, as_source
from ctcb.data.transforms import NONE, Transforms
from ctcb.errors import InputError

SAMPLE_RATE = 16_000  # Hz; every model works at this rate
AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".opus", ".oga", ".mp3", ".aiff", ".aif", ".au", ".w64", ".caf"})
# Of files that ffmpeg is needed for; looked for in folders only where it is installed.
FFMPEG_SUFFIXES = frozenset(
    {".mp4", ".m4a", ".mov", ".mkv", ".webm", ".avi", ".aac", ".amr", ".3gp", ".wma", ".wmv", ".mpg", ".mpeg", ".ts"}
)


@dataclass(frozen=True)
class Audio:
    """A decoded file."""

    samples: np.ndarray  # [N] float32 in -1..1, mono, at SAMPLE_RATE
    file_rate: int  # Hz, as in the file
    file_channels: int  # that were mixed
    notes: Tuple[str, ...] = ()  # what else is to be said of the file

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples) / SAMPLE_RATE

    @property
    def conversions(self) -> Tuple[str, ...]:
        """The conversions of the file's samples in words, for a note to the user."""
        return conversions(self.file_rate, self.file_channels) + self.notes


def conversions(rate: int, channels: int) -> Tuple[str, ...]:
    """The conversions of samples at ``rate`` Hz in so many channels, in words."""
    done = []
    if channels != 1:
        done.append(f"{channels} channels mixed to mono")
    if rate != SAMPLE_RATE:
        done.append(f"{rate} Hz resampled to {SAMPLE_RATE} Hz")
    return tuple(done)


def read_audio(
    given: AudioGiven, start: float = 0.0, duration: Optional[float] = None, channels: Channels = ALL, transforms: Transforms = NONE
) -> Audio:
    """Decode a file, or the stretch of it that starts at ``start`` seconds, to 16 kHz mono.

    Parameters
    ----------
    given : a path, a file's bytes, or an open binary file.
    start, duration : in seconds; of the audio behind the transforms.
    channels : those that are wanted; several are mixed.
    transforms : of a cut, done before all else.

    Raises
    ------
    InputError : the file is missing, empty, a folder, not audio, cut off, lacks a channel, holds no samples (there), or
        holds samples that are not finite numbers; a transform that cannot be applied.
    """
    source = as_source(given)
    start, duration = transforms.stretch(start, duration)
    with opened(source, mixed=not channels.wanted) as file:
        rate = file.samplerate
        first = round(start * rate)
        if first and first >= file.frames:
            raise InputError(
                f"a cut starts at {start:.2f} s, the audio ends at {file.frames / rate:.2f} s", file=str(source), hint="correct the cut"
            )
        wanted = None if duration is None else round(duration * rate)
        blocks = list(file.blocks(first, wanted))
        samples = blocks[0] if len(blocks) == 1 else np.concatenate(blocks or [np.zeros((0, file.channels), np.float32)])
        left = file.claimed - first
        claimed = left if wanted is None else min(left, wanted)
        notes = file.notes + transforms.notes
    if is_cut_off(len(samples), claimed):
        raise InputError(
            f"the audio is cut off: {len(samples) / rate:.2f} s of the {claimed / rate:.2f} s its header names",
            file=str(source), hint="copy it again",
        )
    samples = channels.pick(samples, source)
    if transforms.steps and len(samples):
        samples, rate = transforms.apply(samples, rate, source)
    return as_audio(samples, rate, source, notes)


def is_cut_off(samples: int, claimed: int) -> bool:
    """Whether a file holds fewer samples than its header claims. Encoders' padding is left out of account."""
    return samples < claimed * 0.99


def as_audio(
    samples: Any, rate: int, source: Optional[AudioSource] = None, notes: Tuple[str, ...] = (), channels: Channels = ALL
) -> Audio:
    """16 kHz mono of samples in memory.

    Parameters
    ----------
    samples : ``[N]`` or ``[N, channels]`` floats in -1..1.
    rate : their rate in Hz, 1,000 to 768,000.
    source : where they come from, for messages.
    notes : what is to be said of it.
    channels : those that are wanted; several are mixed.

    Raises
    ------
    InputError : another shape or kind of number, another rate, no samples or some that are not finite, no such channel.
    """
    file = None if source is None else str(source)
    samples = as_array(samples, "the audio")
    if samples.ndim not in (1, 2) or not np.issubdtype(samples.dtype, np.floating):
        problem = f"the audio is {samples.dtype} of the shape {samples.shape}"
        raise InputError(problem, file=file, hint="give floats in -1..1 as [samples] or [samples, channels]")
    if not samples.size:
        raise InputError("the audio holds no samples", file=file, hint="leave it out or record it again")
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise InputError(f"the sample rate is {rate}", file=file, hint=f"give audio of {LOWEST_RATE} to {HIGHEST_RATE} Hz")
    samples = channels.pick(samples.reshape(len(samples), -1), source)
    mono = to_mono(samples, source)
    if rate != SAMPLE_RATE:
        import soxr  # here, so that reading 16 kHz audio does not wait for it

        mono = soxr.resample(mono, rate, SAMPLE_RATE)
    return Audio(np.ascontiguousarray(mono), rate, samples.shape[1], notes)


def to_mono(samples: np.ndarray, source: Optional[AudioSource] = None) -> np.ndarray:
    """``[N]`` or ``[N, channels]`` floats to ``[N]`` float32. Raises InputError for NaN and infinite ones."""
    if not np.isfinite(samples).all():
        raise InputError("the audio holds NaN or infinite samples", file=None if source is None else str(source), hint="export it again")
    samples = samples.astype(np.float32, copy=False).reshape(len(samples), -1)
    return samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1)


def seconds_of(source: AudioSource) -> Optional[float]:
    """The seconds of a file by its headers or frames; None where neither gives it, or the file cannot be read or needs ffmpeg."""
    try:
        with opened(source, convert=False) as file:
            return file.frames / file.samplerate if 0 < file.frames < 2**62 else None
    except InputError:
        return None
