"""By how much better an entry must fit where fitting tells little."""
import math

import numpy as np
import pytest
import torch

from ctcb.adapter.alignment import EXCLUDED, UtteranceAlignment, below_best
from ctcb.adapter.common_words import CommonWords
from ctcb.adapter.entries import Entry
from ctcb.adapter.penalties import (
    FEW_PHONES,
    FITTED,
    MAX_COMMON,
    MAX_EDGE,
    MIN_COMMON,
    MIN_SCORE,
    AlignedEntries,
    Penalties,
    PenaltyWeights,
    WordEdges,
    span,
    worst_piece,
)

STARTS = np.array([False, True, False, True, False])  # blank, ▁a, b, ▁c, d
NO_WORDS = CommonWords([], [])
NOTHING = PenaltyWeights(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def heard(*rows):
    """``[T, N]`` log-probabilities of frames that say so much of each symbol."""
    return np.log(np.array(rows, np.float32) + 1e-9)


def at(*states, count):
    """``[T, S]`` scores of an entry whose best path is in its states at some frames each."""
    scores = np.full((count, len(states)), -5.0, np.float32)
    for state, frames in enumerate(states):
        scores[frames, state] = 0.0
    return scores


def listed(scores, entries=None, own=None):
    entries = entries or [Entry((1,), (1,) * 9, (0,))] * len(scores)
    alignment = UtteranceAlignment(list(range(len(scores))), np.zeros((len(scores), 6), np.float32), scores)
    return AlignedEntries(alignment, entries, own or [()] * len(scores))


SPOKEN = heard(
    [0.97, 0.02, 0.01, 0.0, 0.0],
    [0.10, 0.60, 0.20, 0.05, 0.05],  # a word begins
    [0.97, 0.01, 0.02, 0.0, 0.0],
    [0.97, 0.02, 0.01, 0.0, 0.0],
    [0.10, 0.02, 0.50, 0.03, 0.35],  # within one
    [0.97, 0.01, 0.02, 0.0, 0.0],
)


def test_an_entry_that_begins_within_a_word_is_told_by_the_pieces_there():
    edges = WordEdges(SPOKEN, STARTS)
    assert edges.before(at([1], count=6)) == pytest.approx(math.log(0.25 / 0.65), abs=1e-4)
    assert edges.before(at([4], count=6)) == pytest.approx(math.log(0.85 / 0.05), abs=1e-4)


def test_a_piece_that_a_word_begins_with_may_come_a_frame_later():
    rows = heard([0.97, 0.01, 0.02, 0, 0], [0.5, 0.05, 0.45, 0, 0], [0.1, 0.9, 0, 0, 0])
    assert WordEdges(rows, STARTS).before(at([1], count=3)) == pytest.approx(math.log(0.45 / 0.9), abs=1e-4)


def test_an_entry_whose_word_goes_on_is_told_by_the_next_piece():
    edges = WordEdges(SPOKEN, STARTS)
    assert edges.behind(at([1], count=6)) == pytest.approx(math.log(0.85 / 0.05), abs=1e-4)
    assert edges.behind(at([0], count=6)) == pytest.approx(math.log(0.25 / 0.65), abs=1e-4)
    assert edges.behind(at([4], count=6)) == 0.0


def test_an_entrys_frames_are_its_best_paths():
    assert span(at([2, 3], [4], [5, 6], count=9)) == (2, 6)


def test_the_worst_piece_is_the_one_that_loses_most():
    """▁a on frames 1 and 2 of which the second says b, a blank that is not heard, d on frame 4."""
    rows = heard([1, 0, 0, 0, 0], [0.1, 0.8, 0.1, 0, 0], [0, 0.2, 0.8, 0, 0], [0.25, 0, 0, 0.75, 0], [0.1, 0, 0.6, 0, 0.3])
    scores = at([1, 2], [3], [4], count=5)
    lost = below_best(rows)
    first, second = math.log(0.8 / 0.2) + math.log(0.75 / 0.25), math.log(0.6 / 0.3)
    assert worst_piece(lost, (1, 4), scores) == pytest.approx(first, abs=1e-4)
    rows[2] = heard([0, 0.8, 0.2, 0, 0])[0]
    rows[3] = heard([1, 0, 0, 0, 0])[0]
    assert worst_piece(below_best(rows), (1, 4), scores) == pytest.approx(second, abs=1e-4)


def test_all_terms_are_counted():
    phones = heard(*[[0.5, 0.3, 0.2]] * 6)
    entries = [Entry((1,), (1,) * (FEW_PHONES - 2), (0,)), Entry((2,), (1,) * 9, (0,))]
    terms = Penalties(STARTS, NO_WORDS).terms(listed([at([1], count=6), at([4], count=6)], entries), phones, SPOKEN)
    assert terms.base == 1.0 and terms.common == 0.0
    assert terms.short_name.tolist() == [2.0, 0.0]
    assert terms.uncertainty == pytest.approx([math.log(2) / (FEW_PHONES - 2), math.log(2) / 9], abs=1e-4)
    assert terms.worst_piece == pytest.approx([0.0, 0.0], abs=1e-4)
    assert terms.before == pytest.approx([0.0, math.log(17.0)], abs=1e-4)
    assert terms.behind == pytest.approx([math.log(17.0), 0.0], abs=1e-4)
    lost = Penalties(STARTS, NO_WORDS)(torch.zeros(2) + 99.0, listed([at([1], count=6), at([4], count=6)], entries), phones, SPOKEN)
    table = np.broadcast_arrays(*terms)
    assert lost.tolist() == pytest.approx((np.array(FITTED) @ np.array(table)).tolist(), abs=1e-4)
    assert lost.dtype == torch.float32


def test_pieces_that_do_not_tell_where_words_begin_cost_nothing_and_certainty_no_more_than_so_much():
    rows = heard([0.0, 0.0, 1.0, 0.0, 0.0])
    one = listed([at([0], count=1)])
    assert Penalties(np.zeros(5, bool), NO_WORDS).terms(one, rows, rows).before.tolist() == [0.0]
    assert Penalties(STARTS, NO_WORDS).terms(one, rows, rows).before.tolist() == [MAX_EDGE]


def test_a_common_word_that_fits_better_costs_and_one_that_fits_worse_gives():
    """Phone 1 was said beyond doubt; the word is the other phone, or the same."""
    phones = heard(*[[1, 0, 0]] * 5, [0, 1, 0], *[[1, 0, 0]] * 5)
    pieces = heard(*[[1, 0, 0, 0, 0]] * 5, [0, 1, 0, 0, 0], *[[1, 0, 0, 0, 0]] * 5)
    said, other = Entry((1,), (1,), (0,)), Entry((1,), (2,), (0,))
    scores = [at([5], count=11)]
    weights = NOTHING._replace(common=0.5)
    entry_scores = torch.tensor([99.0])

    def lost(word, entry, own=()):
        return Penalties(STARTS, CommonWords(["word"], [word]), weights)(entry_scores, listed(scores, [entry], [own]), phones, pieces).item()

    assert lost((1,), said) == 0.0
    assert lost((2,), said) == pytest.approx(-0.5 * 8.0)  # on its one frame
    assert lost((1,), other) == pytest.approx(0.5 * MAX_COMMON)
    assert lost((1,), other, own=("word",)) == 0.5 * MIN_COMMON  # nothing else could have been said


def test_what_cannot_be_heard_whatever_was_said_loses_all():
    phones = pieces = heard(*[[1, 0, 0, 0, 0]] * 3)
    weights = NOTHING._replace(common=0.1)
    penalties = Penalties(STARTS, CommonWords(["word"], [(1,)]), weights)
    edge = MIN_SCORE + 0.1 * MIN_COMMON
    lost = penalties(torch.tensor([edge - 0.01, edge + 0.01]), listed([at([1], count=3)] * 2), phones, pieces)
    assert lost[0] == -EXCLUDED and lost[1] < 1.0
