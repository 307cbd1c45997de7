"""Long recordings through a model that takes a limited time at once: overlapping windows, joined on their emissions,
and cut at pauses into stretches that a search takes at once.

What a model takes at once is its ``max_seconds`` (:class:`ctcb.acoustic.model.AcousticModel`). Windows lie on a fixed
grid. Neighbours share ``OVERLAP`` seconds; one gives way to the next where both emit blanks, so that no token is lost
or doubled. Nothing depends on frames long before: a run that is resumed in the middle emits what it would have emitted.
"""
from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Callable, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ctcb.ctc.emissions import Emissions
from ctcb.data.audio import SAMPLE_RATE

HOP, OVERLAP = 20.0, 4.0  # seconds; windows of 24 s are as long as the longest utterances of training sets
SHORTEST, LONGEST = 6.0, 24.0  # seconds of a stretch, if it can be
CALM = 7  # frames over which a join must be quiet
QUIET = 0.5  # probability of the blank in a pause

# [N] float32 samples of each window at 16 kHz -> the emissions of each.
Forward = Callable[[List[np.ndarray]], List[Emissions]]


@dataclass(frozen=True)
class Grid:
    """Where the windows of a recording lie."""

    samples: int  # of the recording
    frame: float  # samples from one frame of the emissions to the next

    @property
    def hop(self) -> int:
        """Frames from one window's start to the next one's."""
        return self._frames(HOP)

    @property
    def overlap(self) -> int:
        """Frames that neighbours share."""
        return self._frames(OVERLAP)

    def _frames(self, seconds: float) -> int:
        return max(1, round(seconds * SAMPLE_RATE / self.frame))

    def window(self, number: int) -> Tuple[int, int]:
        """The samples of a window, as ``(first, last)``."""
        first = round(number * self.hop * self.frame)
        return first, min(self.samples, round(first + (self.hop + self.overlap) * self.frame))

    def windows(self, known: int = 0) -> Iterator[int]:
        """The numbers of the windows that tell of the frames from ``known`` on.

        The one before is among them: where it gives way to the next is a matter of both.
        """
        number = max(0, (known - self.overlap) // self.hop)
        while True:
            yield number
            if self.window(number)[1] >= self.samples:
                return
            number += 1


class Stretch(NamedTuple):
    """A run of frames between two pauses."""

    first: int  # its first frame's number in the recording
    emissions: Emissions
    last: bool  # whether it ends the recording


def join(windows: Iterable[Tuple[int, Emissions]], grid: Grid, blank: int, known: int = 0) -> Iterator[Emissions]:
    """Emissions of numbered windows, one after another, as one stream from frame ``known`` on.

    ``blank`` is the blank's column of ``tokens``.
    """
    before: Optional[Tuple[int, Emissions]] = None  # a window's first frame, and its emissions
    begin = known  # the first frame that is still to come
    for number, emissions in windows:
        start = number * grid.hop
        if before is not None:
            ending = before[1].tokens[start - before[0] :, blank]
            at = start + _calm(ending, emissions.tokens[: grid.overlap, blank])
            if at > begin:
                yield _cut(before, begin, at)
                begin = at
        before = (start, emissions)
    if before is not None and before[0] + len(before[1]) > begin:
        yield _cut(before, begin, before[0] + len(before[1]))


def _cut(window: Tuple[int, Emissions], first: int, last: int) -> Emissions:
    start, emissions = window
    return emissions.cut(max(0, first - start), last - start)


def _calm(one: np.ndarray, other: np.ndarray) -> int:
    """Where two windows' blanks ``[N]`` over the same frames are surest, away from either window's edge."""
    count = min(len(one), len(other))
    if count < 2:
        return 0
    sure = np.minimum(one[:count], other[:count])
    width = min(CALM, count)
    sure = np.convolve(sure, np.full(width, 1.0 / width), "same")
    low, high = count // 4, max(count // 4 + 1, count - count // 4)
    # Of equally calm frames the one in the middle: far from both edges.
    far = np.abs(np.arange(low, high) - count / 2)
    return low + int(np.lexsort((far, -np.round(sure[low:high], 2)))[0])


def stretches(stream: Iterable[Emissions], frames_per_second: float, blank: int, known: int = 0) -> Iterator[Stretch]:
    """A stream of emissions, whose first frame is number ``known``, in stretches that end in pauses."""
    shortest, longest = round(SHORTEST * frames_per_second), round(LONGEST * frames_per_second)
    held: List[Emissions] = []
    count = 0
    for emissions in stream:
        held.append(emissions)
        count += len(emissions)
        while count > longest:
            whole = Emissions.concatenate(held)
            at = _pause(whole.tokens[:longest, blank], shortest)
            yield Stretch(known, whole.cut(0, at).map(np.copy), False)
            held, count, known = [whole.cut(at, count)], count - at, known + at
    if held:
        yield Stretch(known, Emissions.concatenate(held), True)


def _pause(blank: np.ndarray, shortest: int) -> int:
    """The middle of the longest pause after ``shortest`` frames; without one, the surest blank. ``blank [T]`` is ln P."""
    quiet = np.r_[False, blank[shortest:] > np.log(QUIET), False]
    edges = np.flatnonzero(np.diff(quiet.astype(np.int8)))
    if not len(edges):
        return shortest + int(blank[shortest:].argmax())
    starts, ends = edges[::2], edges[1::2]
    longest = int((ends - starts).argmax())
    return shortest + int(starts[longest] + ends[longest] + 1) // 2


def stretches_of_windows(
    read: Callable[[int, int], np.ndarray], forward: Forward, grid: Grid, blank: int, known: int = 0, batch: int = 1
) -> Iterator[Stretch]:
    """A recording's stretches from frame ``known`` on.

    Parameters
    ----------
    read : ``(first, last)`` to these samples, ``[N]`` float32.
    forward : a batch of samples to the emissions of each.
    batch : windows a batch.
    """

    def windows() -> Iterator[Tuple[int, Emissions]]:
        numbers = list(grid.windows(known))
        for _, group in groupby(grid.windows(), lambda number: number // batch):
            some = list(group)
            if some[-1] >= numbers[0]:  # batched as when nothing is known
                emitted = zip(some, forward([read(*grid.window(number)) for number in some]))
                yield from (window for window in emitted if window[0] >= numbers[0])

    return stretches(join(windows(), grid, blank, known), SAMPLE_RATE / grid.frame, blank, known)


def stretches_of_spans(
    read: Callable[[int, int], np.ndarray], forward: Forward, spans: Sequence[Tuple[int, int]], grid: Grid, known: int = 0,
    batch: int = 1,
) -> Iterator[Stretch]:
    """A recording's ``spans`` (samples, in order) as stretches, each emitted by itself; those before frame ``known`` left out.

    ``read``, ``forward`` and ``batch`` as in :func:`stretches_of_windows`. Without a span, a stretch of no frames.
    """
    if not spans:
        emissions = forward([read(0, min(grid.samples, SAMPLE_RATE))])[0]
        yield Stretch(0, emissions.cut(0, 0), True)
        return
    frames = [int(first // grid.frame) for first, _ in spans]
    # By their middles: a known stretch may have covered a frame of the next.
    begin = sum((first + last) / 2 < known * grid.frame for first, last in spans)
    for place in range(begin, len(spans), batch):
        some = range(place, min(place + batch, len(spans)))
        for number, emissions in zip(some, forward([read(round(frames[i] * grid.frame), spans[i][1]) for i in some])):
            yield Stretch(frames[number], emissions, number + 1 == len(spans))
