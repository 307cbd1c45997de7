"""PCM that comes piece by piece, as 16 kHz mono samples."""
from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ctcb.arrays import as_array
from ctcb.data.audio import SAMPLE_RATE, to_mono
from ctcb.data.audio_file import HIGHEST_RATE, LOWEST_RATE
from ctcb.errors import InputError, InputWarning

FULL_SCALE = 32768.0  # of 16-bit samples
SAMPLE = np.dtype("<i2")  # of bytes


class PcmStream:
    """Resamples without seams: whatever the pieces, the samples are the same."""

    def __init__(self, rate: int = SAMPLE_RATE, channels: int = 1) -> None:
        """``rate`` in Hz, ``channels`` of bytes, interleaved. Raises InputError for a rate outside of 1,000 to 768,000."""
        if not LOWEST_RATE <= rate <= HIGHEST_RATE:
            raise InputError(f"the sample rate is {rate}", hint=f"give audio of {LOWEST_RATE} to {HIGHEST_RATE} Hz")
        if channels < 1:
            raise InputError(f"{channels} channels", hint="give at least 1")
        self._channels, self._resampler = channels, None
        self._rest = b""  # of a sample that is not whole yet
        if rate != SAMPLE_RATE:
            import soxr  # here, so that reading 16 kHz audio does not wait for it

            self._resampler = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")

    def take(self, piece: Any) -> np.ndarray:
        """The 16 kHz samples (``[N]`` float32, those that are ready) behind another piece.

        ``piece``: ``[n]`` or ``[n, channels]`` int16 or floats in -1..1, of numpy or torch; or the bytes of 16-bit
        little-endian samples, which may be cut anywhere. Raises InputError for anything else and for samples that are not
        finite; then nothing was taken.
        """
        if isinstance(piece, (bytes, bytearray, memoryview)):
            whole = self._rest + bytes(piece)
            size = len(whole) - len(whole) % (SAMPLE.itemsize * self._channels)
            self._rest = whole[size:]
            piece = np.frombuffer(whole[:size], SAMPLE).reshape(-1, self._channels)
        samples = as_array(piece, "the audio")
        if samples.ndim not in (1, 2) or not (samples.dtype == np.int16 or np.issubdtype(samples.dtype, np.floating)):
            raise InputError(
                f"the audio is {samples.dtype} of the shape {samples.shape}", hint="give int16, or floats in -1..1, as [samples] or [samples, channels]")
        if not samples.size:
            return np.zeros(0, np.float32)
        if samples.dtype == np.int16:
            samples = samples.astype(np.float32) / np.float32(FULL_SCALE)
        mono = to_mono(samples)
        return mono if self._resampler is None else self._resampler.resample_chunk(np.ascontiguousarray(mono))

    def end(self) -> np.ndarray:
        """The samples that the end of the audio lets go. Warns of bytes that are no whole sample."""
        if self._rest:
            warnings.warn(InputWarning(f"the audio ends within a sample: its last {len(self._rest)} bytes are left out"), stacklevel=3)
        if self._resampler is None:
            return np.zeros(0, np.float32)
        return self._resampler.resample_chunk(np.zeros(0, np.float32), last=True)
