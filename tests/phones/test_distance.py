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


@pytest.mark.parametrize("stress", ["", "ˈ"])
def test_tables_of_the_ipa_have_distances_too(stress):
    table = ("<blk>", "<unk>", *(f"{stress if phone in 'aːiuɔø' else ''}{phone}" for phone in "p b t s ʃ ts m ʁ aː a i u ɔø %".split()))
    found = costs(table)
    rows = range(2, len(table))
    assert np.array_equal(found.swap[np.ix_(rows, rows)], found.swap[np.ix_(rows, rows)].T) and (np.diag(found.swap)[2:-1] == 0).all()
    assert found.presence[[0, 1, len(table)]].tolist() == [0, 0, 0] and (found.presence[2:-1] > 0).all()
    place = {phone.lstrip("ˈ"): index for index, phone in enumerate(table)}
    for like, unlike in [("p b", "p m"), ("s ʃ", "s ʁ"), ("a aː", "a i"), ("ts s", "ts ʁ"), ("aː a", "aː u")]:
        away, farther = (found.swap[tuple(place[phone] for phone in pair.split())] for pair in (like, unlike))
        assert away < farther
    assert set(found.swap[place["%"]][2:-2].tolist()) == {1.0}  # neither CMU nor IPA: as far as can be
    near, far = edit_costs(
        [np.array([place["m"], place["aː"], place["s"]])] * 2, [np.array([place[x] for x in ("m", "a", "ʃ")]), np.array([place[x] for x in ("t", "i", "ʁ")])], found
    )
    assert near < 0.6 < 1.5 < far


def test_an_ipa_table_is_as_the_cmu_table_where_the_sounds_are_the_same():
    pairs = {"p": "P", "b": "B", "s": "S", "z": "Z", "ʃ": "SH", "tʃ": "CH", "m": "M", "ŋ": "NG", "i": "IY", "ɪ": "IH", "æ": "AE", "u": "UW"}
    ours = costs(("<blk>", *pairs))
    rows = [SYMBOLS.index(phone) for phone in pairs.values()]
    assert np.allclose(ours.swap[1:-1, 1:-1], COSTS.swap[np.ix_(rows, rows)])
