"""Alignments of entries with emissions against all state sequences, one by one."""
from itertools import product

import numpy as np
import pytest
import torch

from ctcb.adapter.alignment import DRAW, FLOOR, REACH, UNHEARD, WORST, evidence_of, match
from ctcb.adapter.entries import Entry


def emissions(rng, frames, symbols, sharp=3.0):
    return torch.tensor(rng.normal(size=(frames, symbols)) * sharp, dtype=torch.float32).log_softmax(-1).numpy()


def relative(log_probs):
    return np.maximum(log_probs, FLOOR) - log_probs.max(axis=1, keepdims=True)


def through(rows, symbols, more=None):
    """For every frame and state, the best whole path there, over all paths: begins anywhere, ends anywhere."""
    frames, states = len(rows), 2 * len(symbols) - 1
    labels = [symbols[s // 2] if s % 2 == 0 else 0 for s in range(states)]
    best = np.full((frames, states), -np.inf)
    for first in range(frames):
        for end in range(first + 1, frames + 1):
            for path in product(range(states), repeat=end - first):
                if path[0] != 0 or path[-1] != states - 1:
                    continue
                steps = list(zip(path, path[1:]))
                if any(not 0 <= b - a <= 2 or (b - a == 2 and (a % 2 or labels[a] == labels[b])) for a, b in steps):
                    continue
                score = sum(rows[first + i, labels[s]] + (0 if more is None else more[first + i, s]) for i, s in enumerate(path))
                for i, s in enumerate(path):
                    best[first + i, s] = max(best[first + i, s], score)
    return best


@pytest.mark.parametrize("phones, tokens, at", [((1, 2, 3), (4, 4), (0, 2)), ((2, 2), (1, 3, 2), (0, 0, 1)), ((3,), (1,), (0,))])
def test_scores_equal_the_best_paths(phones, tokens, at):
    rng = np.random.default_rng(len(phones))
    heard, spelled = emissions(rng, 6, 4), emissions(rng, 6, 5)
    found = match(heard, spelled, [Entry(phones, phones, tuple(range(len(phones)))), Entry(tokens, phones, at)], keep=[0, 1])
    assert found.entries == [0, 1]
    sounds = through(relative(heard), phones)
    near = np.maximum(sounds - sounds.max(), FLOOR)
    frames = np.arange(6)
    near = np.stack([near[np.abs(frames - t) <= REACH].max(axis=0) for t in frames])
    ends = [*at[1:], len(phones)]
    draw = np.zeros((6, 2 * len(tokens) - 1))
    for j, (first, end) in enumerate(zip(at, ends)):
        draw[:, 2 * j] = near[:, 2 * first : max(2 * end - 1, 2 * first + 1)].max(axis=1)
    for j in range(len(tokens) - 1):
        draw[:, 2 * j + 1] = np.maximum(draw[:, 2 * j], draw[:, 2 * j + 2])
    pieces = through(relative(spelled), tokens, DRAW * draw)
    many, few = len(phones), len(tokens)
    fit, fit_pieces = sounds.max(), pieces.max()
    wanted = [fit / many, fit_pieces / few, fit / 10, fit_pieces / 10, many / 10, few / 10]
    assert found.features[1] == pytest.approx(wanted, abs=1e-4)
    reached = np.isfinite(pieces)
    assert np.allclose(found.scores[1][reached], (pieces - fit_pieces)[reached], atol=1e-4)
    assert (found.scores[1][~reached] < -1e6).all()


def test_spoken_entries_have_no_loss_and_others_are_dropped():
    said = [1, 0, 2, 2, 0, 3, 0]
    log_probs = np.full((7, 4), -9.0, np.float32)
    log_probs[np.arange(7), said] = -1e-3
    entries = [Entry((1, 2, 3), (1, 2, 3), (0, 1, 2)), Entry((3, 1), (3, 1), (0, 1)), Entry((2,), (), (0,)), Entry((2, 3), (2, 3), (0, 1))]
    found = match(log_probs, log_probs, entries)
    assert found.entries == [0, 3]
    assert found.features[0, :2] == pytest.approx([0.0, 0.0], abs=1e-5)
    assert found.scores[0].argmax(axis=1).tolist()[:6] == [0, 1, 2, 2, 3, 4]
    assert match(log_probs, log_probs, entries, keep=[1, 2]).entries == [0, 1, 3]
    assert match(log_probs, log_probs, entries, keep=[1]).features[1, 0] < WORST


def test_entries_with_the_best_total_fit_are_kept(monkeypatch):
    monkeypatch.setattr("ctcb.adapter.alignment.MOST", 1)
    log_probs = np.full((4, 6), -9.0, np.float32)
    log_probs[np.arange(4), [1, 2, 3, 4]] = -1e-3
    log_probs[0, 0] = -0.5
    short, long = Entry((2, 3), (2, 3), (0, 1)), Entry((5, 2, 3, 4), (5, 2, 3, 4), (0, 1, 2, 3))
    found = match(log_probs, log_probs, [short, long])  # the long one lacks its first phone: 2 nats a phone
    assert found.entries == [0]
    log_probs[0, 5] = -1.0
    assert match(log_probs, log_probs, [short, long]).entries == [1]  # 1 nat lost in 4 phones outweighs a perfect 2


def test_batch_alignment_orders_rows_by_entry():
    rng = np.random.default_rng(0)
    entries = [Entry((1, 2), (1, 2), (0, 1)), Entry((3,), (3,), (0,)), Entry((2, 1, 3), (2, 1, 3), (0, 1, 2))]
    heard = [emissions(rng, 6, 4), emissions(rng, 4, 4)]
    rows = [match(heard[0], heard[0], entries[:2], keep=[0, 1]), match(heard[1], heard[1], entries, keep=[2])]
    rows[1] = rows[1]._replace(entries=[2], features=rows[1].features[-1:], scores=rows[1].scores[-1:])
    evidence = evidence_of(rows, [0, 1, 2], [3, 1, 5], torch.zeros(2, 6, 4))
    assert evidence.scores.shape == (2, 6, 9)
    assert np.array_equal(evidence.scores[0, :, 3].numpy(), rows[0].scores[1][:, 0])
    assert np.array_equal(evidence.scores[1, :4, 4:].numpy(), rows[1].scores[0])
    assert bool((evidence.scores[0, :, 4:] == UNHEARD).all() and (evidence.scores[1, 4:] == UNHEARD).all())
    assert np.array_equal(evidence.features[1, 2].numpy(), rows[1].features[0]) and not evidence.features[1, :2].any()
