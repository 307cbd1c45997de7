"""Filter banks of samples that come piece by piece."""
from __future__ import annotations

from typing import List

import numpy as np
import torch

from ctcb.data.audio import SAMPLE_RATE
from ctcb.data.features import FeatureExtractor


class FeatureStream:
    """The rows that an extractor by Kaldi's rules gives for all samples at once, as soon as the windows of a block are whole.

    To the last bit they do not depend on the pieces.
    """

    def __init__(self, extract: FeatureExtractor, size: int) -> None:
        """``size``: rows of a block."""
        self._extract, self._size, config = extract, size, extract.config
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

    def accept(self, samples: np.ndarray) -> List[torch.Tensor]:
        """The blocks ``[size, F]`` that are whole with these further samples (``[N]`` float32 at 16 kHz), in order."""
        self._samples, blocks = np.concatenate([self._samples, samples]), []
        while True:
            last = self._held + self._size
            needed = (last - 1) * self._shift + self._window
            if len(self._samples) < needed:
                return blocks
            blocks.append(self._extract(self._samples[:needed])[self._held : last])
            dropped = max(0, last - self._context)
            self._samples, self._held = self._samples[dropped * self._shift :], last - dropped

    def end(self) -> List[torch.Tensor]:
        """The rows that are left at the end of the audio, in blocks of ``size`` or fewer."""
        rows = self._extract(self._samples)[self._held :]
        return list(rows.split(self._size)) if len(rows) else []
