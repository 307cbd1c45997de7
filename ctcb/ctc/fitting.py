"""Where in some frames a sequence of tokens fits best, and what it lacks there.

The best path through the frames that holds the sequence somewhere is compared with the best path of all: outside of the sequence
it may take each frame's best token. So the difference is what the sequence loses, in nats, wherever it stands. Beside
:func:`ctcb.ctc.viterbi.best_spans`, this minds which tokens may stand before and behind it.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

import numpy as np

from ctcb.ctc import viterbi
from ctcb.ctc.viterbi import BLANK

FLOOR = -8.0  # nats below a frame's best beyond which differences do not count: one frame alone excludes no place


@dataclass(frozen=True)
class Fit:
    """The place where one of several sequences fits best."""

    sequence: int  # its number
    first: int  # the frame of its first token,
    end: int  # and the one behind its last
    lost: float  # nats by which it is less likely than the likeliest tokens, a frame's loss counted to at most -FLOOR
    frames: Tuple[int, ...]  # of each of its tokens that frame of its stay at which it loses least


def best_fit(
    log_probs: np.ndarray, sequences: Sequence[Sequence[int]], blank: int = BLANK, opens: Optional[np.ndarray] = None,
    closes: Optional[np.ndarray] = None,
) -> Optional[Fit]:
    """The place where the likeliest of some sequences fits best; None where none fits into the frames.

    Parameters
    ----------
    log_probs : ``[T, V]`` float32 natural-log probabilities.
    sequences : token ids, without the blank; none of them empty.
    opens : ``[V]`` bool, the tokens one of which stands directly before a sequence, where frames do; None: any token.
    closes : ``[V]`` bool, those one of which is the next token behind it; None: any token.
    """
    if not len(log_probs) or not sequences:
        return None
    best = log_probs.max(axis=1, keepdims=True)
    columns = [np.zeros(len(log_probs))]  # of frames outside of the sequence
    columns += [log_probs[:, mask].max(axis=1, initial=-np.inf) - best[:, 0] for mask in (opens, closes) if mask is not None]
    rows = np.concatenate([log_probs - best, np.stack(columns, axis=1)], axis=1)
    rows = np.ascontiguousarray(np.maximum(rows, FLOOR), dtype=np.float32)
    graph = _Graph(log_probs.shape[1], sequences, blank, opens is not None, closes is not None)
    score, path = viterbi.best_path(rows, *graph.arrays)
    if score == -np.inf:
        return None
    owner = np.array(graph.owner)[path]
    inside = np.flatnonzero(owner >= 0)
    places = owner[inside]
    first_of = np.cumsum([0, *map(len, sequences)])
    sequence = int(np.searchsorted(first_of, places[0], side="right") - 1)
    frames = []
    for place in range(first_of[sequence], first_of[sequence + 1]):
        own = inside[places == place]
        frames.append(int(own[rows[own, sequences[sequence][place - first_of[sequence]]].argmax()]))
    return Fit(sequence, int(inside[0]), int(inside[-1]) + 1, max(0.0, -float(score)), tuple(frames))


class _Graph:
    """Free frames, one of several sequences, free frames."""

    def __init__(self, size: int, sequences: Sequence[Sequence[int]], blank: int, opens: bool, closes: bool) -> None:
        """``size``: of the vocabulary; behind its columns stand that of free frames and those of ``opens`` and ``closes``."""
        free = size
        self._labels: List[int] = []
        self._before: List[List[int]] = []
        self.owner: List[int] = []  # of each state the number of its token among those of all sequences; -1 for others
        entry = self._add(free, [], -1)
        starts, ends = [entry], []
        if opens:
            entry = self._add(free + 1, [entry], -1)
            starts.append(entry)
        number = 0
        for sequence in sequences:
            last = self._add(sequence[0], [entry], number)
            starts.append(last)
            for token in sequence[1:]:
                number += 1
                gap = self._add(blank, [last], -1)
                last = self._add(token, [gap, last] if token != self._labels[last] else [gap], number)
            number += 1
            ends += [last, self._add(blank, [last], -1)]
        leave = ends
        if closes:
            leave = [self._add(free + 1 + opens, ends, -1, stays=False)]
            ends = ends + leave
        ends = [*ends, self._add(free, leave, -1)]
        width = max(map(len, self._before))
        before = np.full((len(self._labels), width), len(self._labels), np.int64)
        for row, states in zip(before, self._before):
            row[: len(states)] = states
        self.arrays = (np.array(self._labels, np.int64), before, np.array(starts, np.int64), np.array(ends, np.int64))

    def _add(self, label: int, into: Sequence[int], owner: int, stays: bool = True) -> int:
        """A new state, reached from itself, if it ``stays``, and from those ``into``."""
        state = len(self._labels)
        self._labels.append(label)
        self._before.append([state, *into] if stays else list(into))
        self.owner.append(owner)
        return state
