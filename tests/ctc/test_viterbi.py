"""CTC's best paths against all paths that there are."""
from __future__ import annotations

import itertools

import numpy as np
import pytest

from ctcb.ctc.viterbi import (
    IMPOSSIBLE,
    align_tokens,
    best_path,
    best_spans,
    chain,
    chain_path,
    chains,
    spotting_scores,
    state_scores,
)


def brute_force(log_probs, targets, blank):
    """First frames of the best path among all that spell the targets, or None."""
    best, frames = -np.inf, None
    for path in itertools.product(range(log_probs.shape[1]), repeat=len(log_probs)):
        runs = [(k, next(g)[0]) for k, g in itertools.groupby(enumerate(path), key=lambda item: item[1])]
        spelled = [(k, t) for k, t in runs if k != blank]
        if [k for k, _ in spelled] == list(targets):
            score = sum(log_probs[t, k] for t, k in enumerate(path))
            if score > best:
                best, frames = score, [t for _, t in spelled]
    return frames


@pytest.mark.parametrize("blank", [0, 2])
def test_alignment_is_the_best_path(blank):
    rng = np.random.default_rng(blank)
    for _ in range(60):
        log_probs = np.log(rng.dirichlet(np.ones(3), size=rng.integers(1, 7))).astype(np.float32)
        targets = rng.choice([k for k in range(3) if k != blank], size=rng.integers(1, 4))
        found = align_tokens(log_probs, targets.astype(np.int64), blank)
        expected = brute_force(log_probs, targets, blank)
        assert found.tolist() == ([-1] * len(targets) if expected is None else expected)


def test_no_frames_and_no_targets():
    assert align_tokens(np.zeros((0, 3), np.float32), np.array([1]), 0).tolist() == [-1]
    assert align_tokens(np.zeros((4, 3), np.float32), np.array([], np.int64), 0).tolist() == []


def test_chains_are_the_tokens_with_blanks_between_them():
    assert chain(np.array([5, 6, 6]), 0, False).tolist() == [5, 0, 6, 0, 6]
    assert chain(np.array([5, 6]), 9, True).tolist() == [9, 5, 9, 6, 9]
    labels, starts = chains([(5, 6, 6), (), (7,), (1, 2)])
    assert labels.tolist() == [5, 0, 6, 0, 6, 7, 1, 0, 2] and starts.tolist() == [0, 5, 5, 6, 9]
    assert chains([(1, 2)], blank=4)[0].tolist() == [1, 4, 2]
    assert [part.tolist() for part in chains([])] == [[], [0]]


def whole_paths(rows, tokens, blank, more=None):
    """All paths through a chain of states without outer blanks: ``(score, first frame, states)``."""
    labels = chain(np.array(tokens), blank, False)
    for first, end in itertools.combinations(range(len(rows) + 1), 2):
        for path in itertools.product(range(len(labels)), repeat=end - first):
            if path[0] != 0 or path[-1] != len(labels) - 1:
                continue
            steps = list(zip(path, path[1:]))
            if all(0 <= b - a <= 1 or (b - a == 2 and labels[b] != blank and labels[a] != labels[b]) for a, b in steps):
                score = sum(rows[first + i, labels[s]] + (0 if more is None else more[first + i, s]) for i, s in enumerate(path))
                yield score, first, path


def falling_short(rng, frames, symbols):
    """``[T, V]`` float32 of which the best of each frame is 0."""
    rows = rng.normal(0, 3, (frames, symbols))
    return (rows - rows.max(axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("tokens", [(1,), (1, 2), (2, 2), (3, 1, 1), (1, 2, 3)])
@pytest.mark.parametrize("blank", [0, 4])
def test_state_scores_are_the_best_of_all_paths_through_a_state(tokens, blank):
    rng = np.random.default_rng(len(tokens) + blank)
    rows, more = falling_short(rng, 5, 5), -rng.random((5, 2 * len(tokens) - 1)).astype(np.float32)
    want = np.full(more.shape, -np.inf)
    for score, first, path in whole_paths(rows, tokens, blank, more):
        for i, s in enumerate(path):
            want[first + i, s] = max(want[first + i, s], score)
    found = state_scores(rows, more, np.array(tokens), blank)
    reached = np.isfinite(want)
    assert reached.any() and found[reached] == pytest.approx(want[reached], abs=1e-4)
    assert (found[~reached] < -1e6).all()


@pytest.mark.parametrize("frames, slack", [(1, 0), (2, 2), (4, 1), (5, 0), (5, 5)])
def test_spotting_scores_are_the_best_paths_that_begin_and_end_within_the_slack(frames, slack):
    rng = np.random.default_rng(frames + slack)
    rows = falling_short(rng, frames, 4)
    sequences = [(1,), (), (2, 3), (2, 2), (3, 1, 2), (1, 1, 1)]
    for sequence, found in zip(sequences, spotting_scores(rows, *chains(sequences), slack, 0)):
        want = [
            score for score, first, path in whole_paths(rows, sequence, 0)
            if first <= slack and first + len(path) >= frames - slack
        ] if sequence else []
        assert found == pytest.approx(max(want), abs=1e-4) if want else found <= IMPOSSIBLE / 2


@pytest.mark.parametrize("frames, blank", [(1, 0), (3, 0), (6, 0), (5, 3)])
def test_best_spans_are_those_of_the_best_of_all_paths(frames, blank):
    rng = np.random.default_rng(frames + blank)
    rows = falling_short(rng, frames, 4)
    tokens = [token for token in range(4) if token != blank]
    sequences = [(tokens[0],), (), tuple(tokens[1:]), (tokens[1],) * 2, (tokens[2], tokens[0], tokens[1]), (tokens[0],) * 4]
    for sequence, score, (first, end) in zip(sequences, *best_spans(rows, *chains(sequences, blank), blank)):
        want = list(whole_paths(rows, sequence, blank)) if sequence else []
        if not want:
            assert (score, first, end) == (IMPOSSIBLE, -1, -1)
            continue
        assert score == pytest.approx(max(want)[0], abs=1e-4)
        inside = [one for one, begin, path in want if (begin, begin + len(path)) == (first, end)]
        assert max(inside) == pytest.approx(score, abs=1e-4)


def test_spans_of_scores_that_are_too_low_are_left_out_and_the_others_stay():
    rng = np.random.default_rng(5)
    for _ in range(20):
        rows = falling_short(rng, 30, 6)
        sequences = [rng.integers(1, 6, rng.integers(1, 9)).tolist() for _ in range(20)]
        scores, spans = best_spans(rows, *chains(sequences), 0)
        least = (scores + rng.choice([-3, -0.1, 0.1, 3], 20)).astype(np.float32)
        kept = scores >= least
        some, where = best_spans(rows, *chains(sequences), 0, least)
        assert (some[kept] == scores[kept]).all() and (where[kept] == spans[kept]).all() and 0 < kept.sum() < 20
        assert (some[~kept] == IMPOSSIBLE).all() and (where[~kept] == -1).all()


def test_of_equal_spans_the_first_is_found():
    rows = np.zeros((6, 3), np.float32)
    rows[:, 1] = [-9, 0, -9, -9, 0, -9]
    scores, spans = best_spans(rows, *chains([(1,)]), 0)
    assert scores.tolist() == [0.0] and spans.tolist() == [[1, 2]]


@pytest.mark.parametrize("blank", [0, 2])
def test_path_of_a_chain_spells_it_and_begins_its_tokens_where_the_alignment_does(blank):
    rng = np.random.default_rng(blank)
    for _ in range(40):
        log_probs = np.log(rng.dirichlet(np.ones(4), size=rng.integers(1, 8))).astype(np.float32)
        tokens = rng.choice([k for k in range(4) if k != blank], size=rng.integers(1, 5)).astype(np.int64)
        score, labels = chain_path(log_probs, tokens, blank)
        first = align_tokens(log_probs, tokens, blank)
        assert (score == -np.inf) == (first[0] == -1)
        if score > -np.inf:
            assert [k for k, _ in itertools.groupby(labels.tolist()) if k != blank] == tokens.tolist()
            assert score == pytest.approx(float(log_probs[np.arange(len(labels)), labels].sum()), abs=1e-4)
            assert labels[first].tolist() == tokens.tolist()


def test_a_graph_that_is_a_chain_has_the_chains_path():
    rng = np.random.default_rng(0)
    for tokens in ([1], [1, 1], [2, 1, 3]):
        log_probs = np.log(rng.dirichlet(np.ones(4), size=8)).astype(np.float32)
        labels = chain(np.array(tokens), 0, True)
        before = np.full((len(labels), 3), len(labels))
        for s in range(len(labels)):
            ways = [s, s - 1] + [s - 2] * bool(s >= 2 and labels[s] and labels[s] != labels[s - 2])
            before[s, : len(ways)] = [way if way >= 0 else len(labels) for way in ways]
        score, path = best_path(log_probs, labels, before, np.array([0, 1]), np.array([len(labels) - 1, len(labels) - 2]))
        first = [int(np.flatnonzero(path == 2 * i + 1)[0]) for i in range(len(tokens))]
        assert first == align_tokens(log_probs, np.array(tokens), 0).tolist()
        assert score == pytest.approx(float(log_probs[np.arange(8), labels[path]].sum()), abs=1e-4)


def test_a_graph_for_which_there_are_too_few_frames_has_no_path():
    """Two tokens in a row, of which each takes a frame."""
    labels, before = np.array([1, 2]), np.array([[0, 2], [1, 0]])
    assert best_path(np.zeros((2, 3), np.float32), labels, before, np.array([0]), np.array([1]))[1].tolist() == [0, 1]
    score, path = best_path(np.zeros((1, 3), np.float32), labels, before, np.array([0]), np.array([1]))
    assert score == -np.inf and path.tolist() == [-1]
