"""Token sequences as arrays are as tuples of tuples of tuples."""
from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ctcb.text.token_sequences import TokenSequences

SEQUENCES = st.lists(st.integers(0, 3), min_size=1, max_size=4).map(tuple)
TEXTS = st.lists(st.lists(SEQUENCES, max_size=4).map(tuple), max_size=5).map(tuple)


@given(TEXTS)
def test_items(texts):
    made = TokenSequences.of(texts)
    assert made == texts and tuple(made) == texts and made.lists() == list(map(list, texts)) and TokenSequences.of(made) is made
    assert made.counts.tolist() == list(map(len, texts))
    assert made.owners.tolist() == [place for place, own in enumerate(texts) for _ in own]


@given(TEXTS)
def test_repeated_ones(texts):
    made = TokenSequences.of(texts)
    assert made.kept(made.are_new()) == tuple(tuple(dict.fromkeys(own)) for own in texts)
    assert made.first_ones() == tuple(own[:1] for own in texts)
    assert made.without(2) == tuple(tuple(ids for ids in own if 2 not in ids) for own in texts)


@given(TEXTS, st.data())
def test_chosen_and_grouped(texts, data):
    made = TokenSequences.of(texts)
    places = data.draw(st.lists(st.integers(0, len(texts) - 1), max_size=6)) if texts else []
    assert made.at(np.array(places, np.int64)) == tuple(texts[place] for place in places)
    cut = data.draw(st.integers(0, len(texts)))
    assert made.grouped([cut, 0, len(texts) - cut]) == (sum(texts[:cut], ()), (), sum(texts[cut:], ()))


@given(st.lists(st.tuples(st.lists(SEQUENCES, max_size=3).map(tuple), st.lists(SEQUENCES, max_size=3).map(tuple)), max_size=5))
def test_followed_by_others(pairs):
    own, others = (TokenSequences.of([pair[which] for pair in pairs]) for which in (0, 1))
    both, order = own.followed_by(others)
    assert both == tuple(first + second for first, second in pairs)
    every = [ids for first, _ in pairs for ids in first] + [ids for _, second in pairs for ids in second]
    assert [every[number] for number in order] == [ids for first, second in pairs for ids in first + second]
    assert both.kept(both.are_new()) == tuple(tuple(dict.fromkeys(first + second)) for first, second in pairs)
