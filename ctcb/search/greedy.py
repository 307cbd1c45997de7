"""Greedy (best-path) CTC decoding, with the frames and log-probabilities of its tokens."""
from __future__ import annotations

from typing import Any, FrozenSet, List, Optional

import numpy as np

from ctcb.ctc.log_probs import as_log_probs
from ctcb.entities.changes import ListChange
from ctcb.search.hypothesis import Hypothesis
from ctcb.search.options import BeamOptions
from ctcb.search.protocol import SearchContext
from ctcb.search.vocabulary import Vocabulary


class GreedyDecoder:
    """Greedy decoding with the interface of the other searches: one hypothesis, without biasing."""

    serves: FrozenSet[str] = frozenset()

    def __init__(self, vocabulary: Vocabulary, options: BeamOptions = BeamOptions()) -> None:
        """``options`` are accepted for the common interface and not used."""
        self.vocabulary, self.settings = vocabulary, options

    def compile(self, context: SearchContext) -> None:
        """None: greedy decoding takes no list."""

    def recompile(self, graph: None, context: SearchContext, change: ListChange) -> None:
        """None: greedy decoding takes no list."""

    def decode(self, log_probs: Any, graph: None = None, nbest: Optional[int] = None) -> List[Hypothesis]:
        """The best path through ``[T, V]`` natural-log probabilities, as a list of one. Raises InputError as ``as_log_probs`` does."""
        return [greedy(as_log_probs(log_probs, self.vocabulary.size), self.vocabulary.blank)]


    def stream(self, graph: None = None, nbest: Optional[int] = None) -> GreedyStream:
        """Greedy decoding that takes its emissions piece by piece."""
        return GreedyStream(self.vocabulary)


class GreedyStream:
    """Greedy decoding of a stream; as :class:`ctcb.search.protocol.SearchStream`. It keeps two numbers a frame."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary, self.frames = vocabulary, 0
        self._best: List[np.ndarray] = []
        self._top: List[np.ndarray] = []

    def accept(self, log_probs: np.ndarray) -> None:
        """Take ``[T, V]`` float32 natural-log probabilities, checked."""
        best = log_probs.argmax(axis=1)
        self._best.append(best)
        self._top.append(log_probs[np.arange(len(best)), best])
        self.frames += len(best)

    def hypotheses(self, nbest: int) -> List[Hypothesis]:
        """The best path, as a list of one."""
        if not self.frames:
            return [_collapsed(np.zeros(0, np.int64), np.zeros(0, np.float32), self._vocabulary.blank)]
        self._best, self._top = [np.concatenate(self._best)], [np.concatenate(self._top)]
        return [_collapsed(self._best[0], self._top[0], self._vocabulary.blank)]

    def settled(self) -> int:
        """How many tokens stay what they are: those of all words but the last."""
        tokens, vocabulary = self.hypotheses(1)[0].tokens, self._vocabulary
        for i in range(len(tokens) - 1, 0, -1):
            separated = vocabulary.is_separator[tokens[i - 1]] and not vocabulary.is_separator[tokens[i]]
            if vocabulary.starts_word[tokens[i]] or separated:
                return i
        return 0

    def under_way(self) -> List[int]:
        """No entities."""
        return []


def greedy(log_probs: np.ndarray, blank: int = 0) -> Hypothesis:
    """The best path through ``[T, V]`` log-probabilities, with repeats merged and blanks removed (Graves et al. 2006).

    A token ends after its last repeated frame; ``score`` is the log-probability of the path.
    """
    best = log_probs.argmax(axis=1) if len(log_probs) else np.zeros(0, np.int64)
    return _collapsed(best, log_probs[np.arange(len(best)), best], blank)


def _collapsed(best: np.ndarray, top: np.ndarray, blank: int) -> Hypothesis:
    """The hypothesis of a path: each frame's token ``best [T]`` and its log-probability ``top [T]``."""
    if not len(best):
        return Hypothesis((), (), (), (), 0.0, 0.0, 0.0, ())
    starts = np.flatnonzero(np.r_[True, best[1:] != best[:-1]])
    ends = np.r_[starts[1:], len(best)]
    peaks = np.maximum.reduceat(top, starts)
    is_token = best[starts] != blank
    score = float(top.sum())
    return Hypothesis(
        tokens=tuple(best[starts[is_token]].tolist()),
        token_frames=tuple(starts[is_token].tolist()),
        token_ends=tuple(ends[is_token].tolist()),
        token_log_probs=tuple(peaks[is_token].tolist()),
        score=score,
        acoustic=score,
        bonus=0.0,
        entities=(),
    )
