"""Collateral: what a list changes beside its names, by hand and through `score`."""
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctcb.scoring.collateral import count_collateral
from ctcb.scoring.score import score


@pytest.mark.parametrize("without, with_list, names, changed", [
    ("call bricks by now", "call brixby now", [(1, 2)], 0),  # the name replaced two words
    ("call bricks by now", "call brixby new", [(1, 2)], 1),
    ("call now", "call now", [], 0),
    ("call now", "tall now", [], 1),
    ("call him now", "call now", [], 1),
    ("call now", "call him up now", [], 2),
    ("call brixby now", "call brixby now", [(1, 2)], 0),
    ("a b c d", "x brixby y d", [(1, 2)], 2),  # words beside the name that differ
    ("a brixby d", "a bricks d", [], 1),  # a name that the list took away
    ("", "brixby", [(0, 1)], 0),
    ("", "so brixby", [(1, 2)], 1),
])
def test_changed_words_by_hand(without, with_list, names, changed):
    counted = count_collateral(without.split(), with_list.split(), names)
    assert counted == (changed, len(without.split()))


@given(st.lists(st.sampled_from("abc"), max_size=8), st.lists(st.sampled_from("abc"), max_size=8))
def test_without_names_it_is_the_edit_distance_or_more(without, with_list):
    from rapidfuzz.distance import Levenshtein

    counted = count_collateral(without, with_list, [])
    assert counted.changed >= Levenshtein.distance(without, with_list)
    assert (counted.changed == 0) == (without == with_list)


@given(st.lists(st.sampled_from("abc"), max_size=6), st.lists(st.sampled_from("abc"), max_size=6), st.lists(st.sampled_from("abc"), max_size=3))
def test_a_name_in_the_place_of_words_changes_nothing_else(before, behind, replaced):
    counted = count_collateral([*before, *replaced, *behind], [*before, "brixby", *behind], [(len(before), len(before) + 1)])
    assert counted.changed == 0


def test_score_reports_it_where_two_systems_are_compared():
    refs = {"1": "call brixby now", "2": "no name here"}
    with_list, without = {"1": "call brixby now", "2": "no fame hear"}, {"1": "call bricks by now", "2": "no fame here"}
    report = score(refs, with_list, ["Brixby"], compare=without, draws=0)
    assert report.estimates["collateral"].value == pytest.approx(1 / 7)
    assert "collateral" not in score(refs, with_list, ["Brixby"], draws=0).estimates
    assert "collateral" not in score(refs, with_list, compare=without, draws=0).estimates
    assert "collateral" not in report.comparison.differences


def test_the_command_prints_it(ctcb, tmp_path):
    for name, lines in {"ref": "1 call brixby now\n", "with": "1 call brixby new\n", "without": "1 call bricks by now\n"}.items():
        (tmp_path / name).write_text(lines)
    (tmp_path / "names.txt").write_text("Brixby\n")
    words = ["score", "--ref", tmp_path / "ref", "--hyp", tmp_path / "with", "--compare", tmp_path / "without", "--entities", tmp_path / "names.txt"]
    ran = ctcb(*words, "--json", tmp_path / "score.json")
    assert ran.code == 0 and "1 of 4 words outside names differ" in ran.out and "25.0" in ran.out
    assert json.loads((tmp_path / "score.json").read_text())["measures"]["collateral"]["value"] == 0.25
