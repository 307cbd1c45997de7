"""Sequences made of others are as the tuples of their items."""
from __future__ import annotations

import pytest
from growth import linear
from hypothesis import given
from hypothesis import strategies as st

from ctcb.sequences import Lines, Runs, Spliced, spliced, spliced_alike


@given(st.integers(0, 60), st.lists(st.tuples(st.sets(st.integers(0, 59), max_size=3), st.lists(st.integers(), max_size=3)), max_size=5))
def test_spliced_as_tuples(size, changes):
    plain = made = tuple(range(size))
    for removed, more in changes:
        gone = sorted(place for place in removed if place < len(plain))
        plain = (*(value for place, value in enumerate(plain) if place not in gone), *more)
        made = spliced(made, gone, more)
        assert made == plain and plain == made and hash(made) == hash(plain) and tuple(made) == plain and len(made) == len(plain)
        assert made[1:] == plain[1:] and made + (7,) == (*plain, 7) and [made[-1 - place] for place in range(len(plain))] == list(plain[::-1])
        with pytest.raises(IndexError):
            made[len(plain)]


def test_what_came_stays_behind_while_it_is_little():
    made = spliced(tuple(range(100)), [5], "ab")
    assert isinstance(made, Spliced) and made.more == ("a", "b") and spliced(made, [99], "c").more == ("b", "c")
    assert isinstance(spliced(made, [], range(50)), tuple)


@given(st.integers(1, 60), st.lists(st.sets(st.integers(0, 59), max_size=3), min_size=1, max_size=3))
def test_several_alike(size, changes):
    made = one_by_one = [tuple(range(size)), tuple(range(100, 100 + size)), spliced(tuple(range(1 + size)), [0], [])]
    for removed in changes:
        gone = sorted(place for place in removed if place < len(made[0]))
        made, one_by_one = spliced_alike(made, gone, ["a", "b", "c"]), [spliced(own, gone, [more]) for own, more in zip(one_by_one, "abc")]
        assert made == one_by_one


def test_time_of_a_change_does_not_grow_with_those_before():
    def many(count):
        made = tuple(range(10_000))
        for number in range(count):
            made = spliced(made, [number], [number])

    linear(many, 200)


@given(st.lists(st.text(st.characters(blacklist_characters="\n"), max_size=4), min_size=1, max_size=6))
def test_lines_as_tuples(texts):
    made = Lines.of(texts)
    assert made == tuple(texts) and list(made) == texts and [made[place] for place in range(len(texts))] == texts


@given(st.lists(st.lists(st.floats(-9, 9), max_size=3).map(tuple), max_size=6).map(tuple))
def test_runs_as_tuples(rows):
    made = Runs.of(rows)
    assert made == rows and Runs.of(made) is made and made[1:] == rows[1:]
