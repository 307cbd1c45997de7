"""Audio files in, 16 kHz mono samples out; what is wrong with a file is reported, never guessed.

Whatever libsndfile reads is read: WAV, FLAC, Ogg (Vorbis and Opus), MP3 and others. Where ffmpeg is
installed, it reads the rest: videos, M4A, AMR and what else it knows.
"""
from __future__ import annotations

import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Iterator, Optional, Tuple, Union

import numpy as np
import soundfile

from ctcb.arrays import as_array
from ctcb.data import ffmpeg
from ctcb.errors import InputError
from ctcb.io import PathOrStr

SAMPLE_RATE = 16_000  # Hz; every model works at this rate
LOWEST_RATE, HIGHEST_RATE = 1000, 768_000  # Hz, of files: a header that names less or more is wrong
AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".opus", ".oga", ".mp3", ".aiff", ".aif", ".au", ".w64", ".caf"})
# Of files that ffmpeg is needed for; looked for in folders only where it is installed.
FFMPEG_SUFFIXES = frozenset(
    {".mp4", ".m4a", ".mov", ".mkv", ".webm", ".avi", ".aac", ".amr", ".3gp", ".wma", ".wmv", ".mpg", ".mpeg", ".ts"}
)

STREAMED = 0x7FF00000  # bytes: headers of streams claim this much, or more
_SHORTER = re.compile(r"^\s*(?:data|SSND|riff|Data Size)\s*:\s*(\d+) \(should be (\d+)\)", re.M)


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
        """The conversions of the file's samples in words, for a note to the user."""
        return conversions(self.file_rate, self.file_channels)


def conversions(rate: int, channels: int) -> Tuple[str, ...]:
    """The conversions of samples at ``rate`` Hz in so many channels, in words."""
    done = []
    if channels != 1:
        done.append(f"{channels} channels mixed to mono")
    if rate != SAMPLE_RATE:
        done.append(f"{rate} Hz resampled to {SAMPLE_RATE} Hz")
    return tuple(done)


def read_audio(path: PathOrStr, start: float = 0.0, duration: Optional[float] = None) -> Audio:
    """Decode a file, or the stretch of it that starts at ``start`` seconds, to 16 kHz mono.

    Raises
    ------
    InputError : the file is missing, empty, a folder, not audio, cut off, holds no samples (there), or
        holds samples that are not finite numbers.
    """
    path = Path(path)
    with opened(path) as file:
        rate = file.samplerate
        first = round(start * rate)
        if first and first >= file.frames:
            raise InputError(
                f"a cut starts at {start:.2f} s, the audio ends at {file.frames / rate:.2f} s", file=path, hint="correct the cut"
            )
        wanted = -1 if duration is None else round(duration * rate)
        file.seek(first)
        samples = file.read(wanted, dtype="float32", always_2d=True)
        left = claimed_frames(file) - first
        claimed = left if wanted < 0 else min(left, wanted)
    if is_cut_off(len(samples), claimed):
        raise InputError(
            f"the audio is cut off: {len(samples) / rate:.2f} s of the {claimed / rate:.2f} s its header names",
            file=path, hint="copy it again",
        )
    return as_audio(samples, rate, file=path)


def claimed_frames(file: soundfile.SoundFile) -> int:
    """The seconds of a file by its header, though it may end before; 0 where the header does not give it, as in a stream's."""
    if file.frames >= 2**62:
        return 0
    # libsndfile takes a WAV that is cut off for a whole one, and only notes it.
    noted = _SHORTER.search(file.extra_info)
    if noted is None or int(noted[1]) >= STREAMED or noted[2] == "0":
        return file.frames
    return round(file.frames * int(noted[1]) / int(noted[2]))


def is_cut_off(samples: int, claimed: int) -> bool:
    """Whether a file holds fewer samples than its header claims. Encoders' padding is left out of account."""
    return samples < claimed * 0.99


def as_audio(samples: np.ndarray, rate: int, file: Optional[Path] = None) -> Audio:
    """16 kHz mono of samples in memory.

    Parameters
    ----------
    samples : ``[N]`` or ``[N, channels]`` floats in -1..1.
    rate : their rate in Hz, 1,000 to 768,000.

    Raises
    ------
    InputError : another shape or kind of number, another rate, no samples, or some that are not finite.
    """
    samples = as_array(samples, "the audio")
    if samples.ndim not in (1, 2) or not np.issubdtype(samples.dtype, np.floating):
        problem = f"the audio is {samples.dtype} of the shape {samples.shape}"
        raise InputError(problem, file=file, hint="give floats in -1..1 as [samples] or [samples, channels]")
    if not samples.size:
        raise InputError("the audio holds no samples", file=file, hint="leave it out or record it again")
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise InputError(f"the sample rate is {rate}", file=file, hint=f"give audio of {LOWEST_RATE} to {HIGHEST_RATE} Hz")
    mono = to_mono(samples, file)
    if rate != SAMPLE_RATE:
        import soxr  # here, so that reading 16 kHz audio does not wait for it

        mono = soxr.resample(mono, rate, SAMPLE_RATE)
    return Audio(np.ascontiguousarray(mono), rate, 1 if samples.ndim == 1 else samples.shape[1])


def to_mono(samples: np.ndarray, file: Optional[Path] = None) -> np.ndarray:
    """``[N]`` or ``[N, channels]`` floats to ``[N]`` float32. Raises InputError for NaN and infinite ones."""
    if not np.isfinite(samples).all():
        raise InputError("the audio holds NaN or infinite samples", file=file, hint="export it again")
    samples = samples.astype(np.float32, copy=False).reshape(len(samples), -1)
    return samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1)


@contextmanager
def opened(path: Path) -> Iterator[soundfile.SoundFile]:
    """An audio file to read from, through ffmpeg where libsndfile does not know its format.

    Raises InputError where it is missing, empty, a folder, or not audio; also for what fails in the block.
    """
    try:
        state = path.stat()
        if S_ISDIR(state.st_mode):
            raise InputError("this is a folder", file=path, hint="name an audio file")
        if not S_ISREG(state.st_mode):  # a pipe keeps its reader waiting
            raise InputError("is no regular file", file=path, hint="copy what it gives to a file")
        if state.st_size == 0:
            raise InputError("the file is empty (0 bytes)", file=path, hint="leave it out or copy it again")
        try:
            file = soundfile.SoundFile(_name(path))
        except soundfile.LibsndfileError:
            if not ffmpeg.installed():
                raise
            with ffmpeg.converted(path, SAMPLE_RATE) as wav, soundfile.SoundFile(str(wav)) as file:
                yield file
            return
        with file:
            if not LOWEST_RATE <= file.samplerate <= HIGHEST_RATE:
                problem = f"the header names {file.samplerate} samples a second"
                raise InputError(problem, file=path, hint=f"give audio of {LOWEST_RATE} to {HIGHEST_RATE} Hz")
            yield file
    except FileNotFoundError:
        raise InputError("no such file", file=path, hint="check the path") from None
    except PermissionError:
        raise InputError("no permission to read", file=path, hint="make it readable") from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", file=path, hint="check the path") from None
    except (soundfile.LibsndfileError, RuntimeError) as error:
        reason = str(error).split(":")[-1].strip() or "unknown format"
        hint = "give WAV, FLAC, Ogg/Opus or MP3" + ("" if ffmpeg.installed() else ", or install ffmpeg, which reads the others")
        raise InputError(f"not readable as audio ({reason})", file=path, hint=hint) from None


def _name(path: Path) -> Union[str, bytes]:
    """A path as soundfile takes it: names may hold bytes that are no text."""
    return str(path) if os.name == "nt" else os.fsencode(path)


def seconds_of(path: PathOrStr) -> Optional[float]:
    """The seconds of a file by its header; None where the header does not give it, or there is no such file."""
    try:
        if not Path(path).is_file():
            return None
        info = soundfile.info(_name(Path(path)))
    except (OSError, RuntimeError):
        return None
    return info.frames / info.samplerate if 0 < info.frames < 2**62 else None
