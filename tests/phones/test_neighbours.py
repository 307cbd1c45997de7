"""Sequences within a few edits, against a comparison of all pairs."""
from __future__ import annotations

from itertools import combinations

import numpy as np
from growth import linear
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from ctcb.phones.neighbours import near_pairs

SEQUENCES = st.lists(st.lists(st.integers(0, 2), max_size=12), max_size=12)


def by_all_pairs(sequences):
    limits = [(len(one) >= 4) + (len(one) >= 10) for one in sequences]
    return {
        (i, j): edits for i, j in combinations(range(len(sequences)), 2)
        if sequences[i] and sequences[j] and (edits := Levenshtein.distance(sequences[i], sequences[j])) <= min(limits[i], limits[j])
    }


def found(sequences):
    pairs = near_pairs([np.array(one, np.int64) for one in sequences])
    assert len(set(zip(pairs.first.tolist(), pairs.second.tolist()))) == len(pairs.first)
    return {(i, j): edits for i, j, edits in zip(pairs.first.tolist(), pairs.second.tolist(), pairs.edits.tolist())}


@settings(max_examples=150, deadline=None)
@given(SEQUENCES)
def test_finds_all_pairs_and_no_others(sequences):
    assert found(sequences) == by_all_pairs(sequences)


def test_by_hand():
    assert found([]) == {} == found([[], []])
    assert found([[1, 2, 3], [1, 2, 3], [1, 2, 4]]) == {(0, 1): 0}  # short ones have to be the same
    assert found([[1, 2, 3, 4], [1, 2, 4], [2, 2, 3, 4]]) == {(0, 2): 1}
    long = list(range(10))
    assert found([long, [*long[:4], 70, *long[6:], 71], [*long[3:], 1, 2, 3]]) == {}
    assert found([long, [*long[:4], 70, 71, *long[6:]]]) == {(0, 1): 2}


def test_long_sequences_are_near_within_one_edit():
    long = list(range(300))
    assert found([long, [*long[:50], *long[51:]], [*long[:50], *long[52:]]]) == {(0, 1): 1, (1, 2): 1}


def test_time_grows_with_the_number_of_sequences():
    random = np.random.default_rng(1)
    sequences = [random.integers(0, 39, length) for length in random.integers(4, 14, 40_000)]
    linear(lambda count: near_pairs(sequences[:count]), 10_000)
