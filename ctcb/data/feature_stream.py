"""Filter banks of samples that come piece by piece."""
from __future__ import annotations

import numpy as np
import torch

from ctcb.data.audio import SAMPLE_RATE
from ctcb.data.features import FeatureExtractor


class FeatureStream:
    """The rows that an extractor by Kaldi's rules gives for all samples at once, as soon as their windows are whole."""

    def __init__(self, extract: FeatureExtractor) -> None:
        self._extract, config = extract, extract.config
        self._shift, length = round(config.frame_shift * SAMPLE_RATE), int(config.frame_length * SAMPLE_RATE)
        before = (length - self._shift) // 2  # samples of a frame's window before the frame's place
        self._window = length - before  # from that place to the window's end
        self._context = -(-before // self._shift)  # rows that come out otherwise where the samples begin
        self._samples = np.zeros(0, np.float32)
        self._held = 0  # of them, rows that were handed out

    @property
    def look_ahead(self) -> float:
        """Seconds of audio behind a row's own that it rests on."""
        return (self._window - self._shift) / SAMPLE_RATE

    def accept(self, samples: np.ndarray, multiple: int = 1) -> torch.Tensor:
        """The rows ``[T, F]`` that are whole with these further samples (``[N]`` float32 at 16 kHz); T is a multiple of ``multiple``."""
        self._samples = np.concatenate([self._samples, samples])
        whole = max(0, (len(self._samples) - self._window) // self._shift + 1)
        count = max(0, whole - self._held) // multiple * multiple
        if count == 0:
            return torch.zeros(0, self._extract.config.num_mel_bins)
        last = self._held + count
        rows = self._extract(self._samples[: (last - 1) * self._shift + self._window])[self._held : last]
        dropped = max(0, last - self._context)
        self._samples, self._held = self._samples[dropped * self._shift :], last - dropped
        return rows

    def end(self) -> torch.Tensor:
        """The rows ``[T, F]`` that are left at the end of the audio."""
        return self._extract(self._samples)[self._held :]
