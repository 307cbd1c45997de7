"""Where listed names may have been spoken: pronunciations spotted among the phones, wherever they begin and end.

The lookup compares names with whole words of a transcript. Where the transcript has word boundaries that the speech had not
(*christmas* for "chris smith"), no run of its words is the name. Here a name may begin and end at any frame.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List

import numpy as np

from ctcb.ctc import viterbi
from ctcb.phones.index import SoundIndex
from ctcb.phones.phonetics import BLANK, greedy_phones
from ctcb.phones.verification import LONG, PhoneScore, probability

MOST_TRIED = 1000  # pronunciations that are aligned, those with the largest shares of their pairs: of 10,000 names nearly all


@dataclass(frozen=True)
class Spot:
    """A stretch of frames in which an entity's phones were spotted."""

    entity: int
    first: int
    end: int
    loss: float  # nats by which its phones are less likely than the likeliest of the stretch
    probability: float  # of its having been spoken there


def spot(log_probs: np.ndarray, index: SoundIndex, names: int, least: float) -> List[Spot]:
    """The likeliest place of each entity that was spoken with a probability of at least ``least``, the likeliest first.

    Parameters
    ----------
    log_probs : ``[T, P]`` float32 natural-log probabilities of the phone head, floored (:func:`ctcb.phones.graph.floored`).
    index : the pronunciations of the list's entities.
    names : how many entities the list has.
    """
    candidates = index.candidates(greedy_phones(log_probs)[0], MOST_TRIED)
    if not len(candidates):
        return []
    likeliest = log_probs.max(axis=1)
    sounds = [index.sound(sound) for sound in candidates.tolist()]
    labels, starts = viterbi.chains(sounds, BLANK)
    scores, spans = viterbi.best_spans(log_probs - likeliest[:, None], labels, starts, BLANK)
    uncertain = np.concatenate([[0.0], np.cumsum(-likeliest, dtype=np.float64)])
    best: Dict[int, Spot] = {}
    for sound, phones, score, (first, end) in zip(candidates.tolist(), sounds, scores.tolist(), spans.tolist()):
        if score <= viterbi.IMPOSSIBLE:
            continue
        entity, length = index.owner(sound), len(phones)
        fit = PhoneScore(min(length, LONG), -score / length, float(uncertain[end] - uncertain[first]) / length)
        found = Spot(entity, first, end, -score, probability(fit, names))
        if found.probability >= least and (entity not in best or found.probability > best[entity].probability):
            best[entity] = found
    return sorted(best.values(), key=lambda one: (-one.probability, one.first, index.names[one.entity]))
