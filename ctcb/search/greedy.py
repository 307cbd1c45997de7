"""Greedy (best-path) CTC decoding, with the frames and log-probabilities of its tokens."""
from __future__ import annotations

from typing import Any, FrozenSet, List, Optional

import numpy as np

from ctcb.ctc.log_probs import as_log_probs
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

    def decode(self, log_probs: Any, graph: None = None, nbest: Optional[int] = None) -> List[Hypothesis]:
        """The best path through ``[T, V]`` natural-log probabilities, as a list of one. Raises InputError as ``as_log_probs`` does."""
        return [greedy(as_log_probs(log_probs, self.vocabulary.size), self.vocabulary.blank)]


def greedy(log_probs: np.ndarray, blank: int = 0) -> Hypothesis:
    """The best path through ``[T, V]`` log-probabilities, with repeats merged and blanks removed (Graves et al. 2006).

    A token ends after its last repeated frame; ``score`` is the log-probability of the path.
    """
    if not len(log_probs):
        return Hypothesis((), (), (), (), 0.0, 0.0, 0.0, ())
    best = log_probs.argmax(axis=1)
    top = log_probs[np.arange(len(best)), best]
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
