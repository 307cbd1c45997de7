"""Parts of the report by hand: marks on the axis from 0 to 100, moments in time, and templates that escape."""
from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import UndefinedError

from ctcb.report.axis import AxisRow, mark
from ctcb.report.moments import LONGEST, MARGIN, WHOLE, Moment, TimedWord, differing, moments
from ctcb.report.page import render
from ctcb.report.svg import bars


@pytest.mark.parametrize("values, at, low, high, text, beyond", [
    ((0.5, 0.4, 0.6), 50, 40, 60, "50.0 (40.0 to 60.0)", False), ((0.0, 0.0, 0.5), 0, 0, 50, "0.0 (0.0 to 50.0)", False),
    ((1.2, 0.9, 1.5), 100, 90, 100, "120.0 (90.0 to 150.0)", True), ((-0.1, None, None), 0, None, None, "-10.0", False),
])  # fmt: skip
def test_marks_stay_on_the_axis(values, at, low, high, text, beyond):
    (one,) = mark(*values)
    assert (one.at, one.low, one.high, one.text, one.beyond) == (pytest.approx(at), low and pytest.approx(low), high and pytest.approx(high), text, beyond)


def test_no_mark_without_a_value():
    assert mark(None) == ()


WORDS = tuple(TimedWord(word, float(place), place + 0.5) for place, word in enumerate("ann met bob at noon and una met dan today".split()))
UNITS = tuple(word.word for word in WORDS)


def played(before, words=WORDS, seconds=None):
    """The moments at which the words differ from those of ``before``."""
    return moments(differing(before.split(), UNITS), UNITS, words, str.lower, seconds)


@pytest.mark.parametrize("before, expected", [
    ("ann met bop at noon and una met dan today", [(2 - MARGIN, 2.5 + MARGIN)]),
    ("ann met bop at moon and una met dan today", [(2 - MARGIN, 4.5 + MARGIN)]),  # near each other
    ("ant met bob at noon and una met dan to day", [(0.0, 0.5 + MARGIN), (9 - MARGIN, 9.5 + MARGIN)]),
    ("ann met bob at twelve noon and una met dan today", [(3.5 - MARGIN, 4 + MARGIN)]),  # a word that is gone
    ("ann met bob at noon and una met dan today", []),
])  # fmt: skip
def test_moments_by_hand(before, expected):
    assert [tuple(one) for one in played(before)] == [pytest.approx(one) for one in expected]


def test_long_moments_are_cut():
    (one,) = played("x " * 30)
    assert one == Moment(0.0, LONGEST)


def test_moment_of_characters_without_spaces():
    """One word with one time holds several units."""
    words = (TimedWord("東京", 1.0, 2.0), TimedWord("駅", 2.0, 2.5))
    assert moments([(2, 3)], ("東", "京", "駅"), words, str) == (Moment(2.0 - MARGIN, 2.5 + MARGIN),)


@pytest.mark.parametrize("seconds, expected", [(WHOLE, (Moment(0.0, None),)), (WHOLE + 1, ()), (None, ())])
def test_utterance_without_times_is_played_whole_where_it_is_short(seconds, expected):
    assert played("ann met bop", words=(), seconds=seconds) == expected
    assert played("ann met bop", words=WORDS[:3], seconds=seconds) == expected  # of another text


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from("abc"), max_size=8), st.lists(st.sampled_from("abc"), max_size=8))
def test_texts_are_equal_outside_of_what_differs(before, after):
    """Units outside of the stretches are a subsequence of the other text, and equal texts have none."""
    spans = differing(before, after)
    assert (spans == []) == (before == after)
    kept = [unit for place, unit in enumerate(after) if not any(first <= place < end for first, end in spans)]
    rest = iter(before)
    assert all(unit in rest for unit in kept)


def test_values_are_escaped():
    made = bars("<a> & b", "'unit'", [AxisRow("<script>", mark(0.5))])
    assert "<script>" not in made and "&lt;script&gt;" in made and "&lt;a&gt; &amp; b" in made


def test_the_longest_value_of_a_bar_fits():
    made = bars("t", "u", [AxisRow("joint", mark(1.0, 1.0, 1.0))])
    width, x = int(re.search(r"viewBox='0 0 (\d+)", made).group(1)), int(re.search(r"x='(\d+)'[^>]*>100.0 \(100.0", made).group(1))
    assert width - x >= len("100.0 (100.0 to 100.0)") * 13 * 0.6  # of 13 pixels; a digit of wide fonts takes 0.6 of them


def test_template_without_a_value_is_an_error():
    with pytest.raises(UndefinedError):
        render("bars.svg", title="t")
