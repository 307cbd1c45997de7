"""Audio files in, 16 kHz mono samples out; what is wrong with a file is said, never guessed.

Whatever libsndfile reads is read: WAV, FLAC, Ogg (Vorbis and Opus), MP3 and others.
"""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Tuple

import numpy as np
import soundfile

from ctcb.errors import InputError
from ctcb.io import PathOrStr

SAMPLE_RATE = 16_000  # Hz; every model works at this rate
AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".opus", ".oga", ".mp3", ".aiff", ".aif", ".au", ".w64", ".caf"})


@dataclass(frozen=True)
class Audio:
    """A decoded file."""

    samples: np.ndarray  # [N] float32 in -1..1, mono, at SAMPLE_RATE
    file_rate: int  # Hz, as in the file
    file_channels: int

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples) / SAMPLE_RATE

    @property
    def conversions(self) -> Tuple[str, ...]:
        """What was done to the file's samples, in words, for a note to the user."""
        done = []
        if self.file_channels != 1:
            done.append(f"{self.file_channels} channels mixed to mono")
        if self.file_rate != SAMPLE_RATE:
            done.append(f"{self.file_rate} Hz resampled to {SAMPLE_RATE} Hz")
        return tuple(done)


def read_audio(path: PathOrStr) -> Audio:
    """Decode a whole file to 16 kHz mono.

    Raises
    ------
    InputError : the file is missing, empty, a folder, not audio, cut off, holds no samples, or
        holds samples that are not finite numbers.
    """
    path = Path(path)
    return as_audio(*_decode(path), file=path)


def as_audio(samples: np.ndarray, rate: int, file: Optional[Path] = None) -> Audio:
    """16 kHz mono of samples in memory.

    Parameters
    ----------
    samples : ``[N]`` or ``[N, channels]`` floats in -1..1.
    rate : their rate in Hz.

    Raises
    ------
    InputError : another shape or kind of number, no samples, or some that are not finite.
    """
    samples = np.asarray(samples)
    if samples.ndim not in (1, 2) or not np.issubdtype(samples.dtype, np.floating):
        problem = f"the audio is {samples.dtype} of the shape {samples.shape}"
        raise InputError(problem, file=file, mend="give floats in -1..1 as [samples] or [samples, channels]")
    if not samples.size:
        raise InputError("the audio holds no samples", file=file, mend="leave it out or record it again")
    if not np.isfinite(samples).all():
        raise InputError("the audio holds NaN or infinite samples", file=file, mend="export it again")
    samples = samples.astype(np.float32, copy=False).reshape(len(samples), -1)
    channels = samples.shape[1]
    mono = samples[:, 0] if channels == 1 else samples.mean(axis=1)
    if rate != SAMPLE_RATE:
        mono = _resample(mono, rate)
    return Audio(np.ascontiguousarray(mono), rate, channels)


def _decode(path: Path) -> Tuple[np.ndarray, int]:
    """[N, channels] float32 and the file's rate."""
    if path.is_dir():
        raise InputError("this is a folder", file=path, mend="name an audio file")
    try:
        if path.stat().st_size == 0:
            raise InputError("the file is empty (0 bytes)", file=path, mend="leave it out or copy it again")
        with soundfile.SoundFile(str(path)) as file:
            samples, rate, claimed = file.read(dtype="float32", always_2d=True), file.samplerate, file.frames
    except FileNotFoundError:
        raise InputError("no such file", file=path, mend="check the path") from None
    except PermissionError:
        raise InputError("no permission to read", file=path, mend="make it readable") from None
    except (soundfile.LibsndfileError, RuntimeError) as error:
        reason = str(error).split(":")[-1].strip() or "unknown format"
        raise InputError(
            f"not readable as audio ({reason})", file=path, mend="give WAV, FLAC, Ogg/Opus or MP3"
        ) from None
    if 0 < claimed < 2**62 and len(samples) < claimed * 0.99:
        raise InputError(
            f"the audio is cut off: {len(samples) / rate:.2f} s of the {claimed / rate:.2f} s its header names",
            file=path, mend="copy it again",
        )
    return samples, rate


def _resample(samples: np.ndarray, rate: int) -> np.ndarray:
    import torch  # here, so that reading 16 kHz audio does not wait for it
    from lhotse.augmentation import get_or_create_resampler

    return get_or_create_resampler(rate, SAMPLE_RATE)(torch.from_numpy(samples)).numpy()
