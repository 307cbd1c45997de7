"""Greedy (best-path) CTC decoding with the frames and confidences of its tokens."""
from __future__ import annotations

from typing import Any, FrozenSet, List, Optional

import numpy as np

from ctcb.ctc.log_probs import as_log_probs
from ctcb.search.hypothesis import Hypothesis
from ctcb.search.options import BeamOptions
from ctcb.search.protocol import SearchContext
from ctcb.search.vocabulary import Vocabulary


class GreedyDecoder:
    """The best path in the shape of a search: it has one answer and takes no list."""

    serves: FrozenSet[str] = frozenset()

    def __init__(self, vocabulary: Vocabulary, options: BeamOptions = BeamOptions()) -> None:
        """``options`` are there for the sake of the other searches: greedy decoding has none."""
        self.vocabulary, self.settings = vocabulary, options

    def compile(self, context: SearchContext) -> None:
        """Nothing: best paths know no list."""

    def decode(self, log_probs: Any, graph: None = None, nbest: Optional[int] = None) -> List[Hypothesis]:
        """The best path through ``[T, V]`` natural-log probabilities. Raises InputError as ``as_log_probs`` does."""
        return [greedy(as_log_probs(log_probs, self.vocabulary.size), self.vocabulary.blank)]


def greedy(log_probs: np.ndarray, blank: int = 0) -> Hypothesis:
    """Best path through ``[T, V]`` log-probabilities (Graves et al. 2006), repeats merged, blanks gone.

    A token ends with the last frame on which it is held; `score` is the log-probability of the path.
    """
    if not len(log_probs):
        return Hypothesis((), (), (), (), 0.0, 0.0, 0.0, ())
    best = log_probs.argmax(axis=1)
    top = log_probs[np.arange(len(best)), best]
    starts = np.flatnonzero(np.r_[True, best[1:] != best[:-1]])
    ends = np.r_[starts[1:], len(best)]
    peaks = np.maximum.reduceat(top, starts)
    spoken = best[starts] != blank
    score = float(top.sum())
    return Hypothesis(
        tokens=tuple(best[starts[spoken]].tolist()),
        token_frames=tuple(starts[spoken].tolist()),
        token_ends=tuple(ends[spoken].tolist()),
        token_log_probs=tuple(peaks[spoken].tolist()),
        score=score,
        acoustic=score,
        bonus=0.0,
        entities=(),
    )
