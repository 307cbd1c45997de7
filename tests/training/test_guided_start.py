"""Forced alignment against brute force, and where the guided start pins tokens."""
import itertools

import numpy as np
import pytest
import torch

from ctcb.ctc.viterbi import align_tokens
from ctcb.training.guided_start import pinned_loss, pinned_tokens, token_frames


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
def test_alignment_equals_the_best_path(blank):
    rng = np.random.default_rng(blank)
    for _ in range(60):
        log_probs = np.log(rng.dirichlet(np.ones(3), size=rng.integers(1, 7))).astype(np.float32)
        targets = rng.choice([k for k in range(3) if k != blank], size=rng.integers(1, 4))
        found = align_tokens(log_probs, targets.astype(np.int64), blank)
        expected = brute_force(log_probs, targets, blank)
        assert found.tolist() == ([-1] * len(targets) if expected is None else expected)


def test_empty_frames_and_targets():
    assert align_tokens(np.zeros((0, 3), np.float32), np.array([1]), 0).tolist() == [-1]
    assert align_tokens(np.zeros((4, 3), np.float32), np.array([], np.int64), 0).tolist() == []


def test_tokens_are_spread_over_their_word():
    # four phones and two tokens; one phone and two tokens; three phones and three tokens
    frames = token_frames([3, 5, 8, 11, 20, 30, 31, 32], [(4, 2), (1, 2), (3, 3)])
    assert frames == [3, 8, 20, -1, 30, 31, 32]


def test_pinned_tokens_are_counted_over_the_batch():
    spikes = torch.full((2, 6, 4), -5.0)
    spikes[..., 0] = -0.1
    for row, frame, phone in ((0, 1, 1), (0, 3, 2), (1, 0, 3), (1, 4, 1)):
        spikes[row, frame, phone] = 5.0
    phones, lengths = torch.tensor([1, 2, 3, 1]), torch.tensor([2, 2])
    index, position = pinned_tokens(spikes, torch.tensor([6, 5]), phones, lengths, [[(2, 1)], [(1, 2), (1, 1)]])
    assert index.tolist() == [0, 1, 3] and position.tolist() == [1, 6, 10]
    log_probs = torch.randn(2, 6, 9).log_softmax(-1)
    tokens = torch.tensor([5, 6, 7, 8])
    by_hand = -(log_probs[0, 1, 5] + log_probs[1, 0, 6] + log_probs[1, 4, 8]) / 3
    assert float(pinned_loss(log_probs, tokens, index, position)) == pytest.approx(float(by_hand))
    nothing = torch.zeros(0, dtype=torch.int64)
    assert float(pinned_loss(log_probs, tokens, nothing, nothing)) == 0.0
