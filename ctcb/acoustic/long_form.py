"""Long recordings through a model whose memory grows with what it hears: overlapping windows, joined on
emissions, and cut at pauses into stretches that a search takes at once.

Windows lie on a fixed grid. Neighbours share ``OVERLAP`` seconds; one gives way to the next where both
hear nothing, so that no token is lost or doubled. Nothing depends on what was heard long before: a run
that goes on somewhere in the middle finds what it would have found.
"""
from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Callable, Iterable, Iterator, List, NamedTuple, Sequence, Tuple

import numpy as np

from ctcb.data.audio import SAMPLE_RATE

HOP, OVERLAP = 20.0, 4.0  # seconds; windows of 24 s are as long as the longest utterances of training sets
LONG = 40.0  # seconds: what is longer goes through windows
SHORTEST, LONGEST = 6.0, 24.0  # seconds of a stretch, if it can be
CALM = 7  # frames over which a join must be quiet
QUIET = 0.5  # probability of the blank in a pause

Heads = Tuple[np.ndarray, ...]  # [T, V_i] float32 natural-log probabilities, the searched head first


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
    heads: Heads
    last: bool  # whether it ends the recording


def join(windows: Iterable[Tuple[int, Heads]], grid: Grid, blank: int, known: int = 0) -> Iterator[Heads]:
    """Emissions of numbered windows, one after another, as one stream from frame ``known`` on.

    ``blank`` is the blank's column in the first head.
    """
    before: Tuple[int, Heads] = ()
    begin = known  # the first frame that is still to come
    for number, heads in windows:
        if before:
            there = number * grid.hop
            at = there + _calm(before[1][0][there - before[0] :, blank], heads[0][: grid.overlap, blank])
            if at > begin:
                yield _cut(before, begin, at)
                begin = at
        before = (number * grid.hop, heads)
    if before and before[0] + len(before[1][0]) > begin:
        yield _cut(before, begin, before[0] + len(before[1][0]))


def _cut(window: Tuple[int, Heads], first: int, last: int) -> Heads:
    start, heads = window
    return tuple(head[max(0, first - start) : last - start] for head in heads)


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


def stretches(stream: Iterable[Heads], frames_a_second: float, blank: int, known: int = 0) -> Iterator[Stretch]:
    """A stream of emissions, whose first frame is number ``known``, in stretches that end in pauses."""
    shortest, longest = round(SHORTEST * frames_a_second), round(LONGEST * frames_a_second)
    held: List[Heads] = []
    count = 0
    for heads in stream:
        held.append(heads)
        count += len(heads[0])
        while count > longest:
            whole = _together(held)
            at = _pause(whole[0][:longest, blank], shortest)
            yield Stretch(known, tuple(head[:at].copy() for head in whole), False)
            held, count, known = [tuple(head[at:] for head in whole)], count - at, known + at
    if held:
        yield Stretch(known, _together(held), True)


def _together(held: Sequence[Heads]) -> Heads:
    return tuple(np.concatenate(parts) for parts in zip(*held))


def _pause(blank: np.ndarray, shortest: int) -> int:
    """The middle of the longest pause after ``shortest`` frames; without one, the surest blank. ``blank [T]`` is ln P."""
    quiet = np.r_[False, blank[shortest:] > np.log(QUIET), False]
    edges = np.flatnonzero(np.diff(quiet.astype(np.int8)))
    if not len(edges):
        return shortest + int(blank[shortest:].argmax())
    starts, ends = edges[::2], edges[1::2]
    longest = int((ends - starts).argmax())
    return shortest + int(starts[longest] + ends[longest] + 1) // 2


def heard(
    read: Callable[[int, int], np.ndarray], hear: Callable[[List[np.ndarray]], List[Heads]], grid: Grid, blank: int,
    known: int = 0, batch: int = 1,
) -> Iterator[Stretch]:
    """A recording's stretches from frame ``known`` on.

    Parameters
    ----------
    read : ``(first, last)`` to these samples, ``[N]`` float32.
    hear : a batch of samples to the emissions of each.
    batch : windows that are heard at once.
    """

    def windows() -> Iterator[Tuple[int, Heads]]:
        numbers = list(grid.windows(known))
        for _, group in groupby(grid.windows(), lambda number: number // batch):
            some = list(group)
            if some[-1] >= numbers[0]:  # heard together as when nothing is known
                found = zip(some, hear([read(*grid.window(number)) for number in some]))
                yield from (one for one in found if one[0] >= numbers[0])

    return stretches(join(windows(), grid, blank, known), SAMPLE_RATE / grid.frame, blank, known)


def heard_of_spans(
    read: Callable[[int, int], np.ndarray], hear: Callable[[List[np.ndarray]], List[Heads]], spans: Sequence[Tuple[int, int]],
    grid: Grid, known: int = 0, batch: int = 1,
) -> Iterator[Stretch]:
    """A recording's ``spans`` (samples, in order) as stretches, each heard by itself; those before frame ``known`` left out.

    ``read``, ``hear`` and ``batch`` as in :func:`heard`. Without a span, a stretch of no frames.
    """
    if not spans:
        nothing = hear([read(0, min(grid.samples, SAMPLE_RATE))])[0]
        yield Stretch(0, tuple(head[:0] for head in nothing), True)
        return
    frames = [int(first // grid.frame) for first, _ in spans]
    # By their middles: a stretch that was heard may have told of a frame of the next.
    begin = sum((first + last) / 2 < known * grid.frame for first, last in spans)
    for place in range(begin, len(spans), batch):
        some = range(place, min(place + batch, len(spans)))
        for number, heads in zip(some, hear([read(round(frames[i] * grid.frame), spans[i][1]) for i in some])):
            yield Stretch(frames[number], heads, number + 1 == len(spans))
