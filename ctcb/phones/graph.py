"""How well known words fit a phone head's emissions: CTC over a graph of their pronunciations.

The states are those of CTC for one pronunciation after another (Graves et al. 2006): a phone, a
blank, a phone, ...; a word with several pronunciations has them side by side. The forward score sums
up all alignments of all pronunciations, the best path (`ctcb.ctc.viterbi`) takes the likeliest one.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import List, Sequence, Tuple

import numpy as np

from ctcb.compiled import compiled
from ctcb.ctc import viterbi
from ctcb.phones.phonetics import BLANK

Pronunciations = Sequence[np.ndarray]  # of a word: int64 phone ids [L] each, L at least 1; none: it is silent

NEVER = np.float32(-np.inf)  # log-probability of a state that cannot be reached


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
        if len(words) == 1 and len(words[0]) == 1:
            return cls._of_one(words[0][0])
        labels, owner, predecessors = [BLANK], [-1], [[0]]
        starts, lasts, boundary = [0], [], 0  # what may come before the next word: phones, a blank

        def add(label: int, word: int, into: List[int]) -> int:
            labels.append(label)
            owner.append(word)
            predecessors.append([len(labels) - 1, *into])
            return len(labels) - 1

        for word, pronunciations in enumerate(words):
            if not len(pronunciations):
                continue
            ends = []
            for phones in pronunciations:
                state = add(int(phones[0]), word, [boundary, *(last for last in lasts if labels[last] != phones[0])])
                if boundary == 0:
                    starts.append(state)
                for phone in phones[1:].tolist():
                    blank = add(BLANK, -1, [state])
                    state = add(phone, word, [blank, state] if labels[state] != phone else [blank])
                ends.append(state)
            boundary, lasts = add(BLANK, -1, ends), ends
        table = np.full((len(labels), max(map(len, predecessors))), len(labels), np.int64)
        for row, states in zip(table, predecessors):
            row[: len(states)] = states
        finals = np.array([boundary, *lasts])
        return cls(np.array(labels), table, np.array(owner), np.array(starts), finals, len(words))

    @classmethod
    def _of_one(cls, phones: np.ndarray) -> PhoneGraph:
        """The graph of a word with one pronunciation: a blank, a phone, a blank, ..., a blank."""
        size = 2 * len(phones) + 1
        labels, owner = np.full(size, BLANK, np.int64), np.full(size, -1)
        labels[1::2], owner[1::2] = phones, 0
        table = np.full((size, 3), size, np.int64)
        table[:, 0] = np.arange(size)
        table[1:, 1] = np.arange(size - 1)
        skips = 2 * np.flatnonzero(phones[1:] != phones[:-1]) + 3
        table[skips, 2] = skips - 2
        return cls(labels, table, owner, np.array([0, 1]), np.array([size - 1, size - 2]), 1)


def scores(log_probs: np.ndarray, graphs: Sequence[PhoneGraph], best_path: bool = False) -> np.ndarray:
    """Log-probability of each graph's words: all alignments summed up, or the best one's alone.

    ``log_probs [T, P]`` float32; returns ``[N]`` float32, -inf where the words do not fit into the frames.
    """
    if not len(log_probs) or not graphs:
        return np.array([0.0 if len(graph.labels) == 1 else NEVER for graph in graphs], np.float32)
    if best_path:
        return np.array([viterbi.best_path(log_probs, *graph.states)[0] for graph in graphs], np.float32)
    size, width = max(len(graph.labels) for graph in graphs), max(graph.predecessors.shape[1] for graph in graphs)
    labels = np.zeros((len(graphs), size), np.int64)
    before = np.full((len(graphs), size, width), size, np.int64)
    alpha = np.full((len(graphs), size + 1), NEVER)  # the last column is the state that never is
    for n, graph in enumerate(graphs):
        labels[n, : len(graph.labels)] = graph.labels
        table = np.where(graph.predecessors == len(graph.labels), size, graph.predecessors)
        before[n, : len(graph.labels), : table.shape[1]] = table
        alpha[n, graph.starts] = log_probs[0, graph.labels[graph.starts]]
    before += (size + 1) * np.arange(len(graphs))[:, None, None]
    before = np.ascontiguousarray(np.moveaxis(before, 2, 0))
    for frame in log_probs[1:]:
        ways = alpha.ravel()[before]  # [K, N, S]
        top = ways.max(axis=0)
        shift = np.where(top == NEVER, np.float32(0), top)
        with np.errstate(divide="ignore"):
            top = shift + np.log(np.exp(ways - shift).sum(axis=0))
        alpha[:, :size] = top + frame[labels]
    return np.array([np.logaddexp.reduce(alpha[n, graph.ends]) for n, graph in enumerate(graphs)], np.float32)


def rough_scores(log_probs: np.ndarray, sequences: Sequence[np.ndarray]) -> np.ndarray:
    """:func:`scores` of words with one pronunciation each, but for rounding: ``[N]`` float64, infinity where that cannot be told.

    ``log_probs [T, P]`` float32, at least one frame.
    """
    lengths = np.array([len(phones) for phones in sequences], np.int64)
    return _rough_scores(np.exp(log_probs), np.concatenate(sequences), lengths)


@compiled
def _rough_scores(probabilities, phones, lengths):
    """:func:`rough_scores`: sums of probabilities, scaled at each frame."""
    found = np.full(len(lengths), np.inf)
    now = np.zeros(2 * lengths.max() + 1)
    begin = 0
    for n in range(len(lengths)):
        states, scale = 2 * lengths[n] + 1, 0.0
        now[:states] = 0.0
        now[0], now[1] = 1.0, 0.0  # before the first frame: in the first blank
        for t in range(len(probabilities)):
            total = 0.0
            for s in range(states - 1, -1, -1):
                value = now[s]
                if s >= 1:
                    value += now[s - 1]
                label = BLANK
                if s & 1:
                    label = phones[begin + (s >> 1)]
                    if s >= 3 and phones[begin + (s >> 1) - 1] != label:
                        value += now[s - 2]
                now[s] = value * probabilities[t, label]
                total += now[s]
            if total == 0.0:
                break
            scale += np.log(total)
            for s in range(states):
                now[s] /= total
        ends = now[states - 1] + now[states - 2]
        if ends > 0.0:
            found[n] = scale + np.log(ends)
        begin += lengths[n]
    return found


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
