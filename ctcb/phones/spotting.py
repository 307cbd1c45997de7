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
from ctcb.phones.verification import PhoneScore, may_reach, most_loss, probability

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
    lengths = index.lengths(candidates)
    lost = most_loss(least, lengths, names) * lengths  # at most
    candidates, lengths, lost = (values[lost >= 0] for values in (candidates, lengths, lost))
    if not len(candidates):
        return []
    likeliest = log_probs.max(axis=1)
    labels, starts = viterbi.chains_of(index.sounds(candidates), lengths, BLANK)
    scores, spans = viterbi.best_spans(log_probs - likeliest[:, None], labels, starts, BLANK, -(lost + viterbi.ROUNDING).astype(np.float32))
    uncertain = np.concatenate([[0.0], np.cumsum(-likeliest, dtype=np.float64)])
    unsure = (uncertain[spans[:, 1]] - uncertain[spans[:, 0]]) / lengths
    likely = may_reach(least, lengths, -scores.astype(np.float64) / lengths, unsure, names) & (scores > viterbi.IMPOSSIBLE)
    best: Dict[int, Spot] = {}
    for n in np.flatnonzero(likely).tolist():
        length, score, (first, end) = int(lengths[n]), float(scores[n]), spans[n].tolist()
        entity = index.owner(int(candidates[n]))
        fit = PhoneScore(length, -score / length, float(uncertain[end] - uncertain[first]) / length)
        found = Spot(entity, first, end, -score, probability(fit, names))
        if found.probability >= least and (entity not in best or found.probability > best[entity].probability):
            best[entity] = found
    return sorted(best.values(), key=lambda one: (-one.probability, one.first, index.names[one.entity]))
