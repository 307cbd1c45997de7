"""How well each of an utterance's hypotheses fits what the phone head heard."""
from __future__ import annotations

from typing import Callable, Dict, Sequence

import numpy as np

from ctcb.phones.distance import costs, edit_costs
from ctcb.phones.graph import PhoneGraph, Ways, floored, scores
from ctcb.phones.options import SCORES, PhoneOptions
from ctcb.phones.phonetics import Phonetics, greedy_phones

# Hypotheses, each as its words' pronunciations; [T, P] log-probabilities -> a score each, the higher the better.
Scorer = Callable[[Sequence[Sequence[Ways]], np.ndarray, Phonetics], np.ndarray]

NATS_AN_EDIT = 3.0  # what an edit of cost 1 counts beside log-probabilities: about log of the 20 likelier phones


def forward(hypotheses: Sequence[Sequence[Ways]], log_probs: np.ndarray, phonetics: Phonetics) -> np.ndarray:
    """Log-probability of all alignments of all pronunciations."""
    return scores(log_probs, [PhoneGraph.build(words) for words in hypotheses])


def best_path(hypotheses: Sequence[Sequence[Ways]], log_probs: np.ndarray, phonetics: Phonetics) -> np.ndarray:
    """Log-probability of the likeliest alignment of the likeliest pronunciations."""
    return scores(log_probs, [PhoneGraph.build(words) for words in hypotheses], best_path=True)


def edits(hypotheses: Sequence[Sequence[Ways]], log_probs: np.ndarray, phonetics: Phonetics) -> np.ndarray:
    """Edit distance between the 1-best phones and each word's first pronunciation, in nats."""
    heard, _ = greedy_phones(log_probs)
    nothing = np.zeros(0, np.int64)
    said = [np.concatenate([nothing, *(ways[0] for ways in words)]) for words in hypotheses]
    return -NATS_AN_EDIT * edit_costs([heard] * len(said), said, costs(phonetics.symbols))


SCORERS: Dict[str, Scorer] = dict(zip(SCORES, (forward, best_path, edits)))


def phone_scores(
    hypotheses: Sequence[Sequence[Ways]], log_probs: np.ndarray, phonetics: Phonetics, options: PhoneOptions
) -> np.ndarray:
    """Each hypothesis's score beside that of the likeliest phones, ``[N]`` float32 nats: near 0 for a perfect fit.

    What cannot be aligned at all gets the lowest score that frames without a single match would have.
    """
    log_probs = floored(log_probs, options.floor)
    found = SCORERS[options.score](hypotheses, log_probs, phonetics)
    lowest = len(log_probs) * np.log(options.floor / log_probs.shape[1])
    free = 0.0 if options.score == "edits" else float(log_probs.max(axis=1).sum()) if len(log_probs) else 0.0
    return np.maximum(found, lowest) - free
