"""Where the guided start pins tokens."""
import pytest
import torch

from ctcb.training.guided_start import pinned_loss, pinned_tokens, token_frames


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
