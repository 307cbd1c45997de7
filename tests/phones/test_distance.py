"""Phone distances: against rapidfuzz where all edits cost the same, and by hand where they do not."""
from __future__ import annotations

import numpy as np
import pytest
from rapidfuzz.distance import Levenshtein

from ctcb.phones.distance import Costs, costs, edit_costs
from ctcb.text.lexicon import PHONES, phone_symbols

SYMBOLS = phone_symbols()
COSTS = costs(SYMBOLS)


def ids(text):
    return np.array([SYMBOLS.index(phone) for phone in text.split()], np.int64)


def test_equal_costs_give_levenshtein():
    swap = 1 - np.eye(6, dtype=np.float32)
    presence = np.array([1, 1, 1, 1, 1, 0], np.float32)
    rng = np.random.default_rng(0)
    heard, said = ([rng.integers(0, 5, rng.integers(0, 9)) for _ in range(200)] for _ in range(2))
    want = [Levenshtein.distance(one.tolist(), other.tolist()) for one, other in zip(heard, said)]
    assert edit_costs(heard, said, Costs(swap, presence)).tolist() == want
    assert edit_costs([], [], COSTS).shape == (0,)


def test_every_phone_has_features_and_costs_are_symmetric():
    rows = [SYMBOLS.index(phone) for phone in PHONES]
    swap = COSTS.swap[np.ix_(rows, rows)]
    assert np.array_equal(swap, swap.T) and (np.diag(swap) == 0).all()
    assert ((swap + np.eye(len(rows)) >= 0.15) & (swap <= 1)).all()
    assert (COSTS.presence[rows] > 0).all() and COSTS.presence[[0, len(SYMBOLS)]].tolist() == [0, 0]


def test_similar_phones_have_low_costs():
    def swap(one, other):
        return COSTS.swap[SYMBOLS.index(one), SYMBOLS.index(other)]

    for like, unlike in [("S Z", "S M"), ("T D", "T L"), ("IH IY", "IH AO"), ("ER R", "IY R"), ("M N", "M K"), ("AA AO", "AA IY")]:
        assert swap(*like.split()) < swap(*unlike.split())
    near, far = edit_costs([ids("Z EH L EH N S K IY")] * 2, [ids("S AH L EH N S K IY"), ids("B AO M EH N T UW")], COSTS)
    assert near == pytest.approx(swap("Z", "S") + swap("EH", "AH")) and far > 3


def test_stress_is_ignored():
    stressed = costs(phone_symbols(True))
    table = phone_symbols(True)
    one, other = (np.array([table.index(phone)]) for phone in ("AE0", "AE1"))
    assert edit_costs([one], [other], stressed)[0] == 0
