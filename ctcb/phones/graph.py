"""How well known words fit a phone head's emissions: CTC over a graph of their pronunciations.

The states are those of CTC for one pronunciation after another (Graves et al. 2006): a phone, a
blank, a phone, ...; a word with several pronunciations has them side by side. The forward score sums
up all alignments of all pronunciations, the best path (`ctcb.ctc.viterbi`) takes the likeliest one.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence, Tuple

import numpy as np

from ctcb.compiled import compiled
from ctcb.ctc import viterbi
from ctcb.phones.phonetics import BLANK

Pronunciations = Sequence[np.ndarray]  # of a word: int64 phone ids [L] each, L at least 1; none: it is silent

NEVER = np.float32(-np.inf)  # log-probability of a state that cannot be reached
SCALED = 1e-60  # sums of probabilities are scaled when all of them together come to less; as no frame's probability is so small, none is lost
TINY = 1e-290  # less counts nothing; numbers of fewer bits, which are slow, begin a little below


@dataclass(frozen=True)
class PhoneGraph:
    """The states of some words in a row."""

    labels: np.ndarray  # [S] int64, each state's phone or the blank
    predecessors: np.ndarray  # [S, K] int64, the states from which each is reached; S, which never is, fills up
    words: np.ndarray  # [S] int64, the word to which a phone belongs; -1 for blanks
    starts: np.ndarray  # int64, the states where a path may begin,
    ends: np.ndarray  # and those where it may end
    num_words: int

    @property
    def states(self) -> Tuple[np.ndarray, ...]:
        """What :func:`ctcb.ctc.viterbi.best_path` takes of it."""
        return self.labels, self.predecessors, self.starts, self.ends

    @classmethod
    def build(cls, words: Sequence[Pronunciations]) -> PhoneGraph:
        """The graph of words; those without a pronunciation take no time."""
        ways = [phones for pronunciations in words for phones in pronunciations]
        phones = np.concatenate(ways) if ways else np.zeros(0, np.int64)
        counts = np.array([len(pronunciations) for pronunciations in words], np.int64)
        return cls(*_states(phones, np.array([len(way) for way in ways], np.int64), counts), len(words))


@compiled
def _states(phones, lengths, counts):
    """The arrays of a :class:`PhoneGraph`: of words with so many pronunciations, these of so many ``phones``.

    It copies in loops: numba takes four seconds to compile the assignment of an array to a part of another one.
    """
    size, most = 1 + np.sum(2 * lengths - 1), 1
    for count in counts:
        size, most = size + (count > 0), max(most, count)
    labels, owner, before = np.full(size, BLANK, np.int64), np.full(size, -1, np.int64), np.full((size, 2 + most), size, np.int64)
    for state in range(size):
        before[state, 0] = state
    starts, finals = np.zeros(1 + most, np.int64), np.zeros(1, np.int64)  # the latter: what may come before the next word, a blank and phones
    state, begin, way, num_starts = 0, 0, 0, 1
    for word in range(len(counts)):
        ends = np.empty(1 + counts[word], np.int64)
        for n in range(counts[word]):
            for place in range(begin, begin + lengths[way]):
                if place > begin:
                    state += 2
                    before[state - 1, 1], before[state, 1] = state - 2, state - 1
                    if phones[place] != phones[place - 1]:
                        before[state, 2] = state - 2
                else:
                    state += 1
                    before[state, 1], ways = finals[0], 2
                    for last in finals[1:]:
                        if labels[last] != phones[place]:
                            before[state, ways] = last
                            ways += 1
                    if finals[0] == 0:
                        starts[num_starts], num_starts = state, num_starts + 1
                labels[state], owner[state] = phones[place], word
            begin, way, ends[1 + n] = begin + lengths[way], way + 1, state
        if counts[word]:
            state += 1
            for n in range(counts[word]):
                before[state, 1 + n] = ends[1 + n]
            ends[0], finals = state, ends
    return labels, before, owner, starts[:num_starts], finals


def scores(log_probs: np.ndarray, graphs: Sequence[PhoneGraph], best_path: bool = False) -> np.ndarray:
    """Log-probability of each graph's words: all alignments summed up, or the best one's alone.

    ``log_probs [T, P]`` float32; returns ``[N]`` float32, -inf where the words do not fit into the frames. Of words that fit as badly as
    no speech does, by hundreds of nats at a time, the sum is that of the best alignment.
    """
    if not len(log_probs):
        return np.array([0.0 if len(graph.labels) == 1 else NEVER for graph in graphs], np.float32)
    probabilities = np.exp(log_probs, dtype=np.float64)
    found = np.zeros(len(graphs), np.float32)
    for n, graph in enumerate(graphs):
        found[n] = NEVER if best_path else _forward(probabilities, *graph.states)
        if found[n] == NEVER:
            found[n] = viterbi.best_path(log_probs, *graph.states)[0]
    return found


@compiled
def _forward(probabilities, labels, before, starts, ends):
    """The log-probability of all paths, summed up, of ``probabilities [T, P]`` float64; minus infinity where there is none, or too small a sum.

    The others as :func:`ctcb.ctc.viterbi.best_path` has them. Sums are scaled; states that no path is in any more, or yet, are left out.
    """
    frames, states, ways = len(probabilities), len(labels), before.shape[1]
    reached = np.zeros(states, np.int64)  # the last state that is reached from each, or from one before it
    left = np.full(states + 1, frames, np.int64)  # frames that a path needs behind each
    left[ends] = 0
    for s in range(states - 1, -1, -1):
        reached[s] = max(reached[s], s)
        for k in range(1, ways):
            if before[s, k] < states:
                left[before[s, k]] = min(left[before[s, k]], left[s] + 1)
                reached[before[s, k]] = max(reached[before[s, k]], s)
    sums = np.zeros(states + 1)  # the last is the state S, which is never reached
    low, high, total, scale = 0, 0, 0.0, 0.0
    for s in starts:
        sums[s], high = probabilities[0, labels[s]], max(high, s)
        total += sums[s]
    for s in range(1, states):
        reached[s] = max(reached[s], reached[s - 1])
    for t in range(1, frames):
        if total == 0.0:
            break
        if total < SCALED:
            for s in range(low, high + 1):
                sums[s] *= 1 / total
            scale += np.log(total)
        total, high = 0.0, reached[high]
        while low < high and left[low] > frames - t:
            sums[low] = 0.0
            low += 1
        for s in range(high, low - 1, -1):  # downwards, so that predecessors still have the last frame's sums
            value = sums[s]
            for k in range(1, ways):
                if before[s, k] == states:
                    break
                value += sums[before[s, k]]
            value *= probabilities[t, labels[s]]
            sums[s] = value if value > TINY else 0.0
            total += sums[s]
    return scale + np.log(sums[ends].sum())


def align(log_probs: np.ndarray, graph: PhoneGraph) -> Tuple[float, np.ndarray]:
    """The best path through ``log_probs [T, P]``: its log-probability (nats), and each word's first and end frame, int64 ``[W, 2]``.

    A silent word begins and ends where the one before it ends. The frames are -1, and the score -inf, where the words
    do not fit into the frames.
    """
    spans = np.full((graph.num_words, 2), -1, np.int64)
    if not len(log_probs):
        return float(NEVER if len(graph.labels) > 1 else 0.0), spans
    score, path = viterbi.best_path(log_probs, *graph.states)
    if score == NEVER:
        return float(score), spans
    words = graph.words[path]
    for frame in np.flatnonzero(words >= 0):
        word = words[frame]
        if spans[word, 0] < 0:
            spans[word, 0] = frame
        spans[word, 1] = frame + 1
    end = 0
    for span in spans:
        if span[1] < 0:
            span[:] = end
        end = span[1]
    return float(score), spans


def floored(log_probs: np.ndarray, share: float) -> np.ndarray:
    """Natural-log probabilities ``[T, P]`` with ``share`` (0 to 1) of each frame's probability spread evenly, so that nothing is impossible.

    One phone that a dictionary has wrong, or the head did not recognise, then costs some nats, not all.
    """
    count = log_probs.shape[1]
    return np.logaddexp(log_probs + np.float32(np.log1p(-share)), np.float32(np.log(share / count)))
