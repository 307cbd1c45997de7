"""A model over audio that comes piece by piece: windows with left context and look-ahead, at a latency that is chosen.

A window hands out the frames of one step. Before them it has left context, behind them look-ahead. The latency is the
most audio between a sound and its emissions: the step that it waits for, and the look-ahead behind it; each is half of
it. Where the windows lie does not depend on the pieces.
"""
from __future__ import annotations

from typing import Callable, List

import numpy as np

from ctcb.ctc.emissions import Emissions
from ctcb.data.audio import SAMPLE_RATE
from ctcb.errors import InputError, RunError

LEFT = 4.0  # seconds of left context, where the model takes as much
LATENCY = 1.0  # seconds


class SlidingWindows:
    """Samples in, emissions out, as soon as their window is whole."""

    def __init__(self, forward: Callable[[np.ndarray], Emissions], frame_shift: float, max_seconds: float, latency: float = LATENCY) -> None:
        """
        Parameters
        ----------
        forward : ``[N]`` float32 samples at 16 kHz to their emissions.
        frame_shift : seconds from one frame to the next.
        max_seconds : of audio that ``forward`` takes at once.
        latency : seconds; at least two frames.

        Raises InputError for a latency that cannot be.
        """
        frames = round(latency / frame_shift) if 0 < latency < float("inf") else 0
        most = int(max_seconds / frame_shift)
        if not 2 <= frames <= most:
            raise InputError(f"a latency of {latency} s", hint=f"give {2 * frame_shift:.2f} to {most * frame_shift:.0f} s for this model")
        self._forward, self._frame = forward, frame_shift * SAMPLE_RATE
        self._step = frames // 2
        self._ahead = frames - self._step
        self._left = min(round(LEFT / frame_shift), most - frames)
        self._samples = np.zeros(0, np.float32)
        self._first = 0  # the frame at which they begin
        self._done = 0  # frames that were handed out

    def accept(self, samples: np.ndarray) -> List[Emissions]:
        """The emissions of the steps that are whole with these further samples (``[N]`` float32 at 16 kHz), in order."""
        self._samples = np.concatenate([self._samples, samples]) if len(self._samples) else samples
        found = []
        while self._at(self._done + self._step + self._ahead) <= len(self._samples):
            found.append(self._window(self._done + self._step, self._at(self._done + self._step + self._ahead)))
            self._drop()
        return found

    def end(self) -> List[Emissions]:
        """The emissions of what is left at the end of the audio."""
        if self._at(self._done) >= len(self._samples):
            return []
        emissions = self._forward(self._samples)
        return [emissions.cut(self._done - self._first, len(emissions))]

    def _at(self, frame: int) -> int:
        """Where a frame begins in the samples that are held."""
        return round(frame * self._frame) - round(self._first * self._frame)

    def _window(self, end: int, samples: int) -> Emissions:
        """The emissions from the first frame that was not handed out to frame ``end``, by the first ``samples``."""
        emissions = self._forward(self._samples[:samples])
        wanted = slice(self._done - self._first, end - self._first)
        if len(emissions) < wanted.stop:
            raise RunError(f"the model gives {len(emissions)} frames for a window of {samples / SAMPLE_RATE:.2f} s, and {wanted.stop} are needed")
        self._done = end
        return emissions.cut(wanted.start, wanted.stop)

    def _drop(self) -> None:
        """Forget what no further window reaches back to."""
        first = max(self._first, self._done - self._left)
        self._samples, self._first = self._samples[self._at(first) :].copy(), first
