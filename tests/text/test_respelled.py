"""Spellings of many texts as arrays are as lists."""
from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ctcb.text.respelled import Respelled

ROWS = st.lists(st.lists(st.tuples(st.integers(0, 99), st.text("ab", max_size=2)), max_size=3), max_size=5)


@given(rows=ROWS, data=st.data())
def test_as_lists(rows, data):
    found = Respelled.of(rows)
    assert list(found.rows()) == rows and [rows[place] for place in found.owners] == [own for own in rows for _ in own]
    stays = {row for own in rows for row in own if data.draw(st.booleans())}
    kept = found.kept(np.array([row in stays for own in rows for row in own], bool))
    assert list(kept.rows()) == [[row for row in own if row in stays] for own in rows]
    others = {place: data.draw(ROWS.filter(bool))[0] for place in range(len(rows)) if data.draw(st.booleans())}
    replaced = found.replaced(list(others), Respelled.of(list(others.values())))
    assert list(replaced.rows()) == [others.get(place, own) for place, own in enumerate(rows)]
