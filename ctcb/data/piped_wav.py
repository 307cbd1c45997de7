"""A WAV that comes through a pipe: its samples, as far as they have come.

What a recorder writes into a pipe cannot say how long it is: it has no size, or the largest one. So the header is read here,
and libsndfile reads each piece behind it as a WAV of its own.
"""
from __future__ import annotations

import io
import struct
import warnings
from typing import BinaryIO, Iterator

import numpy as np
import soundfile

from ctcb.data.chunks import STREAMED
from ctcb.errors import InputError, InputWarning

_LARGEST = 1 << 24  # bytes of what stands before the samples
_ALIGNMENT = struct.Struct("<12xH")  # of a chunk "fmt ": the bytes of a sample of all channels


class PipedWav:
    """Reads a WAV from its first byte to its last, and nothing twice."""

    def __init__(self, pipe: BinaryIO, name: str) -> None:
        """``name``: how errors call it. Raises InputError for what is no WAV."""
        self._pipe, self._name = pipe, name
        begin = pipe.read(12)
        if begin[:4] not in (b"RIFF", b"RF64") or begin[8:] != b"WAVE":
            what = "holds no WAV" if begin else "is empty"
            raise InputError(f"{name} {what}", hint="give a WAV; or raw 16-bit PCM, and its rate (--rate HZ)")
        self._format, kind, size, large = b"", b"", 0, 0
        while kind != b"data":
            head = pipe.read(8)
            kind, size = head[:4], int.from_bytes(head[4:], "little")
            if len(head) < 8 or kind != b"data" and size > _LARGEST:
                raise self._unreadable("it ends within its header" if len(head) < 8 else f"its header says {size:,} bytes for a chunk before the samples")
            body = b"" if kind == b"data" else pipe.read(size + size % 2)
            if kind == b"fmt ":
                self._format = head + body
            elif kind == b"ds64":  # RF64's sizes
                large = int.from_bytes(body[8:16], "little")
        if len(self._format) < 8 + _ALIGNMENT.size:
            raise self._unreadable("it has no chunk that says its format")
        self._size = large or (size if 0 < size < STREAMED else None)
        [self._alignment] = _ALIGNMENT.unpack_from(self._format, 8)
        try:
            with soundfile.SoundFile(io.BytesIO(self._behind_header(bytes(self._alignment)))) as file:
                self.rate, self.channels = file.samplerate, file.channels
        except soundfile.LibsndfileError as error:
            raise self._unreadable(error.error_string) from None

    def _unreadable(self, reason: str) -> InputError:
        return InputError(
            f"the WAV on {self._name} cannot be read ({reason})",
            hint="give raw PCM: ffmpeg -i FILE -f s16le -ac 1 -ar 16000 - | ctcb stream --rate 16000",
        )

    def _behind_header(self, samples: bytes) -> bytes:
        """A WAV of these samples."""
        body = b"WAVE" + self._format + b"data" + struct.pack("<I", len(samples)) + samples
        return b"RIFF" + struct.pack("<I", len(body)) + body

    def pieces(self, seconds: float) -> Iterator[np.ndarray]:
        """Samples as they come, ``[n, channels]`` float32 in -1..1, at most ``seconds`` of them at once.

        Warns where there are fewer than the WAV's header says, and of bytes at the end that are no whole sample.
        """
        most, done = max(1, round(seconds * self.rate)) * self._alignment, 0
        while self._size is None or done < self._size:
            samples = self._pipe.read(most if self._size is None else min(most, self._size - done))
            done += len(samples)
            whole = samples[: len(samples) - len(samples) % self._alignment]
            if whole:
                yield soundfile.read(io.BytesIO(self._behind_header(whole)), dtype="float32", always_2d=True)[0]
            if not samples:
                break
        if self._size is not None and done < self._size:
            self._warn(f"the audio is cut off: its header says {self._size:,} bytes, and {done:,} came")
        elif done % self._alignment:
            self._warn(f"the audio ends within a sample: its last {done % self._alignment} bytes are left out")

    def _warn(self, text: str) -> None:
        warnings.warn(InputWarning(text), stacklevel=3)
