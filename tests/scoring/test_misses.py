"""What was recognised in the place of missed names: by hand, and what holds for any texts."""
from __future__ import annotations

import json
import re
from collections import Counter
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcb.scoring.alignment import align
from ctcb.scoring.entities import EntityMatcher, compare_entities
from ctcb.scoring.misses import find_misses
from ctcb.scoring.render import render_per_utterance, render_text
from ctcb.scoring.score import score as score_with_intervals

score = partial(score_with_intervals, draws=0)


def missed(ref, hyp, *listed):
    matcher = EntityMatcher((name, name.split()) for name in listed)
    in_ref, in_hyp = matcher.occurrences(ref.split()), matcher.occurrences(hyp.split())
    return find_misses(align(ref.split(), hyp.split()), in_ref, in_hyp, compare_entities(in_ref, in_hyp).missed)


@pytest.mark.parametrize(
    "ref, hyp, name, recognised",
    [
        ("mister zelenskyy said", "mister the lens key said", "zelenskyy", "the lens key"),
        ("zelenskyy said", "the lens key said", "zelenskyy", "the lens key"),
        ("said zelenskyy", "said", "zelenskyy", ""),
        ("zelenskyy", "", "zelenskyy", ""),
        # words beside the name that differ too
        ("he met zelenskyy today", "we met the lens key to day", "zelenskyy", "the lens key"),
        ("mister zelenskyy spoke", "minister selen ski spoken", "zelenskyy", "selen ski"),
        # a part of the name is right
        ("by ursula von der leyen today", "by ursula fonder lion today", "ursula von der leyen", "ursula fonder lion"),
        ("the new york times", "the newark times", "new york", "newark"),
        # a word that stands elsewhere too
        ("the lens of zelenskyy", "the lens of the lens key", "zelenskyy", "the lens key"),
    ],
)
def test_recognised_words(ref, hyp, name, recognised):
    [miss] = missed(ref, hyp, name)
    assert miss.recognised == recognised
    assert hyp.split()[slice(*miss.hyp)] == recognised.split()
    assert ref.split()[slice(*miss.ref)] == name.split() == miss.reference.split()


def test_of_several_occurrences_those_that_lack_the_name():
    assert [(miss.ref, miss.recognised) for miss in missed("ann met bob and ann left ann", "ann met bob and anne left an", "ann")] == [
        ((4, 5), "anne"), ((6, 7), "an"),
    ]  # fmt: skip
    # What stands for the first is anne, although the name stands later.
    assert [(miss.ref, miss.recognised) for miss in missed("ann met ann", "anne met ann", "ann")] == [((0, 1), "anne")]


def test_another_listed_name_in_its_place():
    [miss] = missed("call anna now", "call hannah now", "anna", "hannah")
    assert miss.listed == ("hannah",) and miss.recognised == "hannah"


def test_misses_stand_in_the_order_of_the_missed_names():
    found = missed("bob and ann and bob", "rob and an and job", "ann", "bob")
    assert [(miss.entity, miss.recognised) for miss in found] == [("bob", "rob"), ("bob", "job"), ("ann", "an")]


WORDS = st.lists(st.sampled_from(["ann", "an", "lee", "bob", "b", "x"]), max_size=8).map(" ".join)


@settings(max_examples=300, deadline=None)
@given(WORDS, WORDS)
def test_each_missed_name_has_one_miss_and_none_holds_its_name_alone(ref, hyp):
    listed = ("ann", "ann lee", "bob")
    misses = missed(ref, hyp, *listed)
    matcher = EntityMatcher((name, name.split()) for name in listed)
    counts = [Counter(one.entity for one in matcher.occurrences(text.split())) for text in (ref, hyp)]
    assert Counter(miss.entity for miss in misses) == counts[0] - counts[1]
    assert len({miss.ref for miss in misses}) == len(misses)
    for miss in misses:
        assert " ".join(ref.split()[slice(*miss.ref)]) == miss.entity
        assert " ".join(hyp.split()[slice(*miss.hyp)]) == miss.recognised


REFS = {"u1": "Mister Zelenskyy said so.", "u2": "Zelenskyy's answer", "u3": "and Zelenskyy"}
HYPS = {"u1": "mister the lens key said so", "u2": "the lens key's answer", "u3": "and"}


def test_report_names_what_was_recognised():
    report = score(REFS, HYPS, ["Zelenskyy", "Ann"])
    assert report.recognised_instead == {"Zelenskyy": {"the lens key": 1, "the lens key's": 1, "": 1}}
    text = render_text(report, per_entity=True, misses=True)
    assert "Zelenskyy      0       3      0  the lens key, the lens key's, (nothing)\n" in text
    assert ["u1", "Zelenskyy", "the lens key", "mister zelenskyy said so"] in [re.split("  +", line) for line in text.splitlines()]
    assert render_per_utterance(report).splitlines()[1].endswith("\tmister the lens key said so\tthe lens key")
    data = json.loads(report.to_json())
    assert data["per_entity"]["Zelenskyy"]["recognised_instead"] == report.recognised_instead["Zelenskyy"]
    assert data["per_utterance"][0]["misses"] == [
        {"entity": "Zelenskyy", "reference": "zelenskyy", "recognised": "the lens key", "ref": [1, 2], "hyp": [1, 4], "listed": []}
    ]


def test_scripts_without_spaces():
    [miss] = score({"u": "我在北京工作"}, {"u": "我在背景工作"}, ["北京"]).utterances[0].misses
    assert (miss.recognised, miss.hyp) == ("背景", (2, 4))


def test_no_miss():
    assert "no entity was missed" in render_text(score({"u": "ann"}, {"u": "ann"}, ["ann"]), misses=True)
