"""A model over audio that comes piece by piece: windows with left context and look-ahead, at a latency that is chosen.

A window hands out the frames of a step. Before them it has left context, behind them look-ahead. Two windows emit a token
some frames apart, so that a cut near one would lose or double it: a window gives way to the next where it is surest of a
blank, among the last frames of its step. The latency is the most audio between a sound and its emissions: half of it is
look-ahead, the rest is the step and the frames among which the cut is looked for. All windows are of one length as soon as
there is so much audio, the one at its end as well: an encoder's first pass over a new length takes longer. Only where the audio
ends soon behind a window is the last one shorter: both may be due with the last piece, and who listens waits for both. Where
the windows lie does not depend on the pieces.
"""
from __future__ import annotations

import math
from typing import Callable, List

import numpy as np

from ctcb.ctc.emissions import Emissions
from ctcb.data.audio import SAMPLE_RATE
from ctcb.errors import InputError, RunError

LEFT = 4.0  # seconds of left context, where the model takes as much (results/streaming.md has what less of it costs)
SOON = 0.2  # seconds; an end that is so soon behind a window has a window of its own with less left context:
LEFT_OF_END = 1.0  # seconds
LATENCY = 1.0  # seconds


class SlidingWindows:
    """Samples in, emissions out, as soon as their window is whole."""

    def __init__(
        self, forward: Callable[[np.ndarray], Emissions], frame_shift: float, max_seconds: float, blank: int = 0, latency: float = LATENCY
    ) -> None:
        """
        Parameters
        ----------
        forward : ``[N]`` float32 samples at 16 kHz to their emissions.
        frame_shift : seconds from one frame to the next.
        max_seconds : of audio that ``forward`` takes at once.
        blank : its column in the emissions' ``tokens``.
        latency : seconds; at least two frames.

        Raises InputError for a latency that cannot be.
        """
        self.latency = latency
        frames = round(latency / frame_shift) if 0 < latency < float("inf") else 0
        most = int(max_seconds / frame_shift)
        if not 2 <= frames <= most:
            raise InputError(f"a latency of {latency} s", hint=f"give {2 * frame_shift:.2f} to {most * frame_shift:.0f} s for this model")
        self._forward, self._frame, self._blank = forward, frame_shift * SAMPLE_RATE, blank
        self._ahead = frames // 2
        self._joint = (frames - self._ahead) // 3  # the cut is among so many frames before a step's end
        self._step = frames - self._ahead - self._joint
        self._length = min(round(LEFT / frame_shift) + frames, most)  # frames of a window
        self._soon, self._left_of_end = round(SOON / frame_shift), round(LEFT_OF_END / frame_shift)
        self._samples = np.zeros(0, np.float32)
        self._first = 0  # the frame at which they begin
        self._done = 0  # frames that were handed out
        self._edge = self._step  # the frame at which the next window's step ends
        self._heard = 0  # the frame at which the last window ended

    def accept(self, samples: np.ndarray) -> List[Emissions]:
        """The emissions of the steps that are whole with these further samples (``[N]`` float32 at 16 kHz), in order."""
        self._samples = np.concatenate([self._samples, samples]) if len(self._samples) else samples
        found = []
        while self._at(self._edge + self._ahead) <= len(self._samples):
            found.append(self._window())
        return found

    def end(self) -> List[Emissions]:
        """The emissions of what is left at the end of the audio."""
        if self._at(self._done) >= len(self._samples):
            return []
        end = math.ceil((round(self._first * self._frame) + len(self._samples)) / self._frame)
        soon = end - self._heard <= self._soon
        emissions = self._encoded(end, min(self._length, end - self._done + self._left_of_end) if soon else self._length)
        return [emissions.cut(self._done - self._first, len(emissions))]

    def _at(self, frame: int) -> int:
        """Where a frame begins in the samples that are held."""
        return round(frame * self._frame) - round(self._first * self._frame)

    def _encoded(self, end: int, length: int) -> Emissions:
        """The emissions of the window of a length that ends before a frame. Samples before it are dropped: no later window begins earlier."""
        begin = max(0, end - length)
        self._samples, self._first = self._samples[self._at(begin) :].copy(), begin
        return self._forward(self._samples[: self._at(end)])

    def _window(self) -> Emissions:
        """What the next window hands out."""
        edge = self._edge
        self._heard = edge + self._ahead
        emissions, first = self._encoded(self._heard, self._length), self._first
        if len(emissions) <= edge - first:
            needed, seconds = edge - first + 1, self._at(self._heard) / SAMPLE_RATE
            raise RunError(f"the model gives {len(emissions)} frames for a window of {seconds:.2f} s, and {needed} are needed")
        cuts = np.arange(max(self._done + 1, edge - self._joint), edge + 1)
        blank = emissions.tokens[:, self._blank]
        sure = blank[cuts - 1 - first] + blank[cuts - first]  # on both sides of the cut
        cut = int(cuts[len(cuts) - 1 - int(sure[::-1].argmax())])
        handed_out = emissions.cut(self._done - first, cut - first)
        self._done, self._edge = cut, edge + self._step
        return handed_out
