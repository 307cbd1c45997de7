"""How well each of an utterance's hypotheses fits the phone head's emissions."""
from __future__ import annotations

from typing import Callable, Dict, Sequence

import numpy as np

from ctcb.phones.distance import costs, edit_costs
from ctcb.phones.graph import PhoneGraph, Pronunciations, floored, scores
from ctcb.phones.options import SCORES, PhoneRescoringOptions
from ctcb.phones.phonetics import Phonetics, greedy_phones

# Hypotheses, each as its words' pronunciations; [T, P] log-probabilities -> a score each, the higher the better.
Scorer = Callable[[Sequence[Sequence[Pronunciations]], np.ndarray, Phonetics], np.ndarray]

NATS_AN_EDIT = 3.0  # what an edit of cost 1 counts beside log-probabilities: about log of the 20 likelier phones


def forward(hypotheses: Sequence[Sequence[Pronunciations]], log_probs: np.ndarray, phonetics: Phonetics) -> np.ndarray:
    """Log-probability of all alignments of all pronunciations: ``[N]`` float32 nats for ``log_probs [T, P]``."""
    return scores(log_probs, [PhoneGraph.build(words) for words in hypotheses])


def best_path(hypotheses: Sequence[Sequence[Pronunciations]], log_probs: np.ndarray, phonetics: Phonetics) -> np.ndarray:
    """Log-probability of the likeliest alignment of the likeliest pronunciations: ``[N]`` float32 nats for ``log_probs [T, P]``."""
    return scores(log_probs, [PhoneGraph.build(words) for words in hypotheses], best_path=True)


def edits(hypotheses: Sequence[Sequence[Pronunciations]], log_probs: np.ndarray, phonetics: Phonetics) -> np.ndarray:
    """Negative edit distance between the 1-best phones of ``log_probs [T, P]`` and each word's first pronunciation: ``[N]`` float32 nats."""
    recognised, _ = greedy_phones(log_probs)
    nothing = np.zeros(0, np.int64)
    spoken = [np.concatenate([nothing, *(first for ways in words for first in ways[:1])]) for words in hypotheses]
    return -NATS_AN_EDIT * edit_costs([recognised] * len(spoken), spoken, costs(phonetics.symbols))


SCORERS: Dict[str, Scorer] = dict(zip(SCORES, (forward, best_path, edits)))


def phone_scores(
    hypotheses: Sequence[Sequence[Pronunciations]], log_probs: np.ndarray, phonetics: Phonetics, options: PhoneRescoringOptions, floor: float
) -> np.ndarray:
    """Each hypothesis's score less that of the likeliest phones, ``[N]`` float32 nats: near 0 for a perfect fit.

    ``hypotheses``: the pronunciations of each one's words; ``log_probs [T, P]`` natural-log probabilities of the phone head;
    ``floor``: the share of each frame's probability that is spread evenly (`phonetic.floor`). A hypothesis that cannot be
    aligned at all gets the lowest score that frames without a single match would have.
    """
    log_probs = floored(log_probs, floor)
    found = SCORERS[options.score](hypotheses, log_probs, phonetics)
    lowest = len(log_probs) * np.log(floor / log_probs.shape[1])
    free = 0.0 if options.score == "edits" else float(log_probs.max(axis=1).sum()) if len(log_probs) else 0.0
    return np.maximum(found, lowest) - free
