"""By how much better an entry must fit where fitting tells little."""
import math

import numpy as np
import pytest
import torch

from ctcb.models.handicap import BRIEF, DOUBLE, FEW_PHONES, INSIDE, LONG_LIST, MOST_INSIDE, handicaps, within_word
from ctcb.models.matching import Found

STARTS = np.array([False, True, False, True, False])  # blank, ▁a, b, ▁c, d


def heard(*rows):
    """``[T, 5]`` log-probabilities of frames that say so much of each piece."""
    return np.log(np.array(rows, np.float32) + 1e-9)


def at(frames, count):
    """The scores of an entry of one piece whose best path is in it at some frames."""
    scores = np.full((count, 1), -5.0, np.float32)
    scores[frames] = 0.0
    return scores


SPOKEN = heard(
    [0.97, 0.02, 0.01, 0.0, 0.0],
    [0.10, 0.60, 0.20, 0.05, 0.05],  # a word begins
    [0.97, 0.01, 0.02, 0.0, 0.0],
    [0.97, 0.02, 0.01, 0.0, 0.0],
    [0.10, 0.02, 0.50, 0.03, 0.35],  # within one
    [0.97, 0.01, 0.02, 0.0, 0.0],
)


def test_an_entry_that_begins_within_a_word_is_told_by_the_pieces_there():
    found = Found([0, 1], np.zeros((2, 6), np.float32), [at([1], 6), at([4], 6)])
    more = within_word(found, SPOKEN, STARTS)
    assert more == pytest.approx([math.log(0.25 / 0.65), math.log(0.85 / 0.05)], abs=1e-4)
    lost = handicaps(found, SPOKEN, STARTS, [9, 9], torch.tensor([False, False]), 10)
    assert lost.tolist() == pytest.approx([0.0, INSIDE * math.log(17.0)], abs=1e-4)


def test_a_piece_that_a_word_begins_with_may_come_a_frame_later():
    rows = heard([0.97, 0.01, 0.02, 0, 0], [0.5, 0.05, 0.45, 0, 0], [0.1, 0.9, 0, 0, 0])
    found = Found([0], np.zeros((1, 6), np.float32), [at([1], 3)])
    assert within_word(found, rows, STARTS) == pytest.approx([math.log(0.45 / 0.9)], abs=1e-4)


def test_what_cannot_be_told_costs_nothing_and_certainty_costs_no_more_than_so_much():
    rows = heard([0.0, 0.0, 1.0, 0.0, 0.0])
    found = Found([0], np.zeros((1, 6), np.float32), [at([0], 1)])
    doubles = torch.tensor([False])
    assert handicaps(found, rows, np.zeros(5, bool), [9], doubles, 10).tolist() == [0.0]
    assert handicaps(found, rows, STARTS, [9], doubles, 10).tolist() == pytest.approx([INSIDE * MOST_INSIDE])


@pytest.mark.parametrize("listed, times", [(10, 0.0), (LONG_LIST, 0.0), (10 * LONG_LIST, math.log(10))])
def test_short_names_cost_in_long_lists_and_names_like_words_in_all(listed, times):
    found = Found([0, 1, 2], np.zeros((3, 6), np.float32), [at([1], 6)] * 3)
    lost = handicaps(found, SPOKEN, STARTS, [FEW_PHONES - 2, FEW_PHONES, 20], torch.tensor([False, True, False]), listed)
    assert lost.tolist() == pytest.approx([2 * BRIEF * times, DOUBLE, 0.0], abs=1e-5)
