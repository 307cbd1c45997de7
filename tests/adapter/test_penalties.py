"""The penalty terms of the adapter."""
import math

import numpy as np
import pytest
import torch

from ctcb.adapter.alignment import UNHEARD, Found, relative
from ctcb.adapter.common_words import CommonWords
from ctcb.adapter.entries import Entry
from ctcb.adapter.penalties import (
    FEW_PHONES,
    FITTED,
    HOPELESS,
    MOST_AHEAD,
    MOST_BEHIND,
    MOST_INSIDE,
    Against,
    Handicap,
    Listed,
    WordEdges,
    span,
    worst_piece,
)

STARTS = np.array([False, True, False, True, False])  # blank, ▁a, b, ▁c, d
NO_WORDS = CommonWords([], [])
NOTHING = Against(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def heard(*rows):
    """``[T, N]`` log-probabilities of frames with these probabilities of each symbol."""
    return np.log(np.array(rows, np.float32) + 1e-9)


def at(*states, count):
    """``[T, S]`` scores of an entry whose best path is in its states at some frames each."""
    scores = np.full((count, len(states)), -5.0, np.float32)
    for state, frames in enumerate(states):
        scores[frames, state] = 0.0
    return scores


def listed(scores, entries=None, own=None):
    entries = entries or [Entry((1,), (1,) * 9, (0,))] * len(scores)
    found = Found(list(range(len(scores))), np.zeros((len(scores), 6), np.float32), scores)
    return Listed(found, entries, own or [()] * len(scores))


SPOKEN = heard(
    [0.97, 0.02, 0.01, 0.0, 0.0],
    [0.10, 0.60, 0.20, 0.05, 0.05],  # a word begins
    [0.97, 0.01, 0.02, 0.0, 0.0],
    [0.97, 0.02, 0.01, 0.0, 0.0],
    [0.10, 0.02, 0.50, 0.03, 0.35],  # within one
    [0.97, 0.01, 0.02, 0.0, 0.0],
)


def test_entry_starting_within_a_word_is_penalised():
    edges = WordEdges(SPOKEN, STARTS)
    assert edges.before(at([1], count=6)) == pytest.approx(math.log(0.25 / 0.65), abs=1e-4)
    assert edges.before(at([4], count=6)) == pytest.approx(math.log(0.85 / 0.05), abs=1e-4)


def test_word_start_may_be_one_frame_late():
    rows = heard([0.97, 0.01, 0.02, 0, 0], [0.5, 0.05, 0.45, 0, 0], [0.1, 0.9, 0, 0, 0])
    assert WordEdges(rows, STARTS).before(at([1], count=3)) == pytest.approx(math.log(0.45 / 0.9), abs=1e-4)


def test_entry_ending_within_a_word_is_penalised():
    edges = WordEdges(SPOKEN, STARTS)
    assert edges.behind(at([1], count=6)) == pytest.approx(math.log(0.85 / 0.05), abs=1e-4)
    assert edges.behind(at([0], count=6)) == pytest.approx(math.log(0.25 / 0.65), abs=1e-4)
    assert edges.behind(at([4], count=6)) == 0.0


def test_span_is_that_of_the_best_path():
    assert span(at([2, 3], [4], [5, 6], count=9)) == (2, 6)


def test_worst_piece_has_the_highest_loss():
    """▁a on frames 1 and 2, of which the second has b; a blank without support; d on frame 4."""
    rows = heard([1, 0, 0, 0, 0], [0.1, 0.8, 0.1, 0, 0], [0, 0.2, 0.8, 0, 0], [0.25, 0, 0, 0.75, 0], [0.1, 0, 0.6, 0, 0.3])
    scores = at([1, 2], [3], [4], count=5)
    lost = relative(rows)
    first, second = math.log(0.8 / 0.2) + math.log(0.75 / 0.25), math.log(0.6 / 0.3)
    assert worst_piece(lost, (1, 4), scores) == pytest.approx(first, abs=1e-4)
    rows[2] = heard([0, 0.8, 0.2, 0, 0])[0]
    rows[3] = heard([1, 0, 0, 0, 0])[0]
    assert worst_piece(relative(rows), (1, 4), scores) == pytest.approx(second, abs=1e-4)


def test_all_penalty_terms_are_summed():
    phones = heard(*[[0.5, 0.3, 0.2]] * 6)
    entries = [Entry((1,), (1,) * (FEW_PHONES - 2), (0,)), Entry((2,), (1,) * 9, (0,))]
    against = Handicap(STARTS, NO_WORDS).against(listed([at([1], count=6), at([4], count=6)], entries), phones, SPOKEN)
    assert against.base == 1.0 and against.common == 0.0
    assert against.brief.tolist() == [2.0, 0.0]
    assert against.unsure == pytest.approx([math.log(2) / (FEW_PHONES - 2), math.log(2) / 9], abs=1e-4)
    assert against.worst == pytest.approx([0.0, 0.0], abs=1e-4)
    assert against.before == pytest.approx([0.0, math.log(17.0)], abs=1e-4)
    assert against.behind == pytest.approx([math.log(17.0), 0.0], abs=1e-4)
    lost = Handicap(STARTS, NO_WORDS)(torch.zeros(2) + 99.0, listed([at([1], count=6), at([4], count=6)], entries), phones, SPOKEN)
    table = np.broadcast_arrays(*against)
    assert lost.tolist() == pytest.approx((np.array(FITTED) @ np.array(table)).tolist(), abs=1e-4)
    assert lost.dtype == torch.float32


def test_edge_terms_are_zero_without_word_starts_and_capped():
    rows = heard([0.0, 0.0, 1.0, 0.0, 0.0])
    one = listed([at([0], count=1)])
    assert Handicap(np.zeros(5, bool), NO_WORDS).against(one, rows, rows).before.tolist() == [0.0]
    assert Handicap(STARTS, NO_WORDS).against(one, rows, rows).before.tolist() == [MOST_INSIDE]


def test_better_common_word_costs_and_worse_one_gains():
    """Phone 1 is certain; the word is another phone, or the same."""
    phones = heard(*[[1, 0, 0]] * 5, [0, 1, 0], *[[1, 0, 0]] * 5)
    pieces = heard(*[[1, 0, 0, 0, 0]] * 5, [0, 1, 0, 0, 0], *[[1, 0, 0, 0, 0]] * 5)
    said, other = Entry((1,), (1,), (0,)), Entry((1,), (2,), (0,))
    scores = [at([5], count=11)]
    weights = NOTHING._replace(common=0.5)
    judged = torch.tensor([99.0])

    def lost(word, entry, own=()):
        return Handicap(STARTS, CommonWords(["word"], [word]), weights)(judged, listed(scores, [entry], [own]), phones, pieces).item()

    assert lost((1,), said) == 0.0
    assert lost((2,), said) == pytest.approx(-0.5 * 8.0)  # on its one frame
    assert lost((1,), other) == pytest.approx(0.5 * MOST_AHEAD)
    assert lost((1,), other, own=("word",)) == -0.5 * MOST_BEHIND  # nothing else could have been said


def test_hopeless_entry_is_dropped():
    phones = pieces = heard(*[[1, 0, 0, 0, 0]] * 3)
    weights = NOTHING._replace(common=0.1)
    handicap = Handicap(STARTS, CommonWords(["word"], [(1,)]), weights)
    edge = HOPELESS - 0.1 * MOST_BEHIND
    lost = handicap(torch.tensor([edge - 0.01, edge + 0.01]), listed([at([1], count=3)] * 2), phones, pieces)
    assert lost[0] == -UNHEARD and lost[1] < 1.0
