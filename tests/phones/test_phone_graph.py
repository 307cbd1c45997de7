"""CTC over pronunciations, against sums over all paths."""
from __future__ import annotations

from itertools import groupby, product

import numpy as np
import pytest

from ctcb.phones.graph import PhoneGraph, align, floored, scores

WORDS = [
    [],
    [[[1]]],
    [[[1, 2]], [[2, 1]]],  # the same phone on both sides of a boundary
    [[[1, 1]], [[3], [3, 1]]],  # doubled inside a word; two pronunciations
    [[[2], [1, 2]], [[2], [3]]],
]


def random_frames(frames, seed):
    logits = np.random.default_rng(seed).normal(0, 2, (frames, 4))
    return (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32)


def graph(words):
    return PhoneGraph.build([[np.array(way) for way in ways] for ways in words])


def every_path(log_probs, words):
    """The paths that say the words, as (log-probability, pronunciations, path)."""
    for chosen in product(*words):
        said = [phone for way in chosen for phone in way]
        for path in product(range(log_probs.shape[1]), repeat=len(log_probs)):
            if [label for label, _ in groupby(path) if label] == said:
                yield float(sum(log_probs[t, label] for t, label in enumerate(path))), chosen, path


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("frames", [1, 3, 5])
def test_scores_equal_the_sum_and_maximum_over_all_paths(words, frames):
    log_probs = random_frames(frames, seed=frames)
    paths = [total for total, _, _ in every_path(log_probs, words)]
    want = (np.logaddexp.reduce(paths), max(paths)) if paths else (-np.inf, -np.inf)
    assert scores(log_probs, [graph(words)])[0] == pytest.approx(want[0], abs=1e-4)
    assert scores(log_probs, [graph(words)], best_path=True)[0] == pytest.approx(want[1], abs=1e-4)
    assert align(log_probs, graph(words))[0] == pytest.approx(want[1], abs=1e-4)


def test_batch_equals_single_graphs():
    log_probs, graphs = random_frames(6, seed=0), [graph(words) for words in WORDS]
    for best_path in (False, True):
        alone = [scores(log_probs, [one], best_path)[0] for one in graphs]
        assert scores(log_probs, graphs, best_path) == pytest.approx(alone, abs=1e-5)
    assert scores(log_probs, []).shape == (0,)


def in_logarithms(log_probs, one):
    """The sum over all alignments by logarithms, state by state."""
    states = len(one.labels)
    alpha = np.full(states + 1, -np.inf)
    alpha[one.starts] = log_probs[0, one.labels[one.starts]]
    for frame in log_probs[1:].astype(np.float64):
        alpha[:states] = np.logaddexp.reduce(alpha[one.predecessors], axis=1) + frame[one.labels]
    return np.logaddexp.reduce(alpha[one.ends])


@pytest.mark.parametrize("frames, floor", [(60, 0.02), (300, 1e-6), (700, 1e-30)])
def test_long_utterances_are_scored_as_in_logarithms(frames, floor):
    """Sums of probabilities are scaled; of 700 frames they are e to the power of many hundred."""
    rng = np.random.default_rng(frames)
    log_probs = floored(random_frames(frames, seed=1) * 5, floor)
    words = [[rng.integers(1, 4, rng.integers(1, 6)) for _ in range(rng.integers(0, 4))] for _ in range(frames // 12)]
    graphs = [PhoneGraph.build(words[:count]) for count in (1, len(words) // 2, len(words))]
    assert scores(log_probs, graphs) == pytest.approx([in_logarithms(log_probs, one) for one in graphs], rel=1e-5)


def test_words_that_fit_hundreds_of_nats_worse_than_others_have_their_best_alignment():
    """A path that stays behind until the end: the sums of those that run ahead are e^900 times its own."""
    ahead, behind = np.log([1e-9, 1, 1e-9, 1e-9]), np.log([1e-9, 1e-9, 1, 1e-9])
    log_probs = np.stack([ahead] * 45 + [behind] * 45).astype(np.float32)
    words = graph([[[2]], [[1]]])
    assert scores(log_probs, [words])[0] == pytest.approx(in_logarithms(log_probs, words), abs=5)


def test_words_are_timed_by_the_best_path():
    log_probs, words = random_frames(6, seed=3), WORDS[4]
    _, chosen, path = max(every_path(log_probs, words))
    starts = [t for t, label in enumerate(path) if label and (t == 0 or path[t - 1] != label)]
    ends = [next((t for t in range(start, 6) if path[t] != path[start]), 6) for start in starts]
    first = len(chosen[0])
    want = [[starts[0], ends[first - 1]], [starts[first], ends[-1]]]
    assert align(log_probs, graph(words))[1].tolist() == want


def test_silent_words_take_no_time():
    """A recognised word may have no pronunciation, such as a lone apostrophe."""
    log_probs, words = random_frames(5, seed=1), WORDS[2]
    score, spans = align(log_probs, graph([[], words[0], [], words[1], []]))
    plain, (first, second) = align(log_probs, graph(words))
    assert score == plain and spans.tolist() == [[0, 0], [*first], [first[1]] * 2, [*second], [second[1]] * 2]
    assert scores(log_probs, [graph([[], *words])]) == scores(log_probs, [graph(words)])


def test_zero_and_too_few_frames():
    nothing = np.zeros((0, 4), np.float32)
    assert scores(nothing, [graph([]), graph(WORDS[1])]).tolist() == [0.0, -np.inf]
    assert align(random_frames(2, 0), graph(WORDS[3]))[0] == -np.inf
    assert align(random_frames(2, 0), graph(WORDS[3]))[1].tolist() == [[-1, -1], [-1, -1]]


def test_phones_that_are_impossible_from_the_first_frame_on():
    only_first = np.full((4, 3), -np.inf, np.float32)
    only_first[:, 1] = 0.0
    graphs = [PhoneGraph.build([[np.array([phone])]]) for phone in (1, 2)]
    assert scores(only_first, graphs).tolist() == [0.0, -np.inf]


def test_floor_makes_every_phone_possible():
    log_probs = np.log(np.array([[1.0, 0, 0, 0]], np.float32) + 1e-30)
    spread = np.exp(floored(log_probs, 0.04))
    assert spread == pytest.approx(np.array([[0.97, 0.01, 0.01, 0.01]]), abs=1e-6)
