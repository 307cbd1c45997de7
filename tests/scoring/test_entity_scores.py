"""Entity occurrences and their counts, by hand and against a loop over the whole list."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcb.scoring.entities import (
    EntityCounts,
    EntityMatcher,
    UtteranceEntities,
    compare_entities,
    count_each_entity,
    count_entities,
)
from ctcb.scoring.false_alarms import FalseAlarms, false_alarms
from ctcb.scoring.measures import known_measures


def matcher(*names):
    return EntityMatcher((name, name.split()) for name in names)


def names(found):
    return [occurrence.entity for occurrence in found]


def compared(ref, hyp, *listed):
    known = matcher(*listed)
    return compare_entities(known.occurrences(ref.split()), known.occurrences(hyp.split()))


def test_longest_entity_wins_without_overlap():
    known = matcher("new york", "new york city", "york", "city hall")
    found = known.occurrences("new york city hall in new york near york".split())
    assert [tuple(one) for one in found] == [(0, 3, "new york city"), (5, 7, "new york"), (8, 9, "york")]


def test_incomplete_entity_at_the_end_is_not_counted():
    assert names(matcher("new york city").occurrences("in new york".split())) == []
    assert names(matcher("new york city", "new").occurrences("in new york".split())) == ["new"]


def test_entities_match_whole_words_in_order():
    assert names(matcher("ann lee").occurrences("lee ann and annlee ann x lee".split())) == []


WORDS = st.sampled_from("a b c".split())


@given(st.lists(st.lists(WORDS, min_size=1, max_size=4), max_size=6), st.lists(WORDS, max_size=15))
@settings(max_examples=300, deadline=None)
def test_matcher_equals_a_loop_over_the_list(entities, words):
    expected, at = [], 0
    while at < len(words):
        fitting = [entity for entity in entities if words[at : at + len(entity)] == entity]
        longest = max(fitting, key=len, default=None)
        if longest:
            expected.append((at, at + len(longest), " ".join(longest)))
        at += len(longest) if longest else 1
    found = EntityMatcher((" ".join(entity), entity) for entity in entities).occurrences(words)
    assert [tuple(one) for one in found] == expected


def test_counts_of_an_utterance_are_the_smaller_of_both_sides():
    result = compared("ann met ann and bob", "ann and bob saw bob", "ann", "bob", "carl")
    assert result == UtteranceEntities(found=("ann", "bob"), missed=("ann",), false=("bob",))


def test_listed_name_recognised_as_another_is_a_miss_and_a_false_alarm():
    result = compared("mister linnell spoke", "mister lynell spoke", "linnell", "lynell")
    assert result.counts == EntityCounts(found=0, missed=1, false=1)


def test_partial_name_is_a_miss_only():
    assert compared("to new york", "to new yolk", "new york").counts == EntityCounts(missed=1)


def test_precision_recall_and_f1():
    counts = EntityCounts(found=6, missed=2, false=4)
    assert (counts.precision, counts.recall) == (0.6, 0.75)
    assert counts.f1 == pytest.approx(2 * 0.6 * 0.75 / (0.6 + 0.75))


def test_undefined_rates_are_none():
    nothing = EntityCounts()
    assert (nothing.precision, nothing.recall, nothing.f1) == (None, None, None)
    all_missed = EntityCounts(missed=3)
    assert (all_missed.precision, all_missed.recall, all_missed.f1) == (None, 0.0, 0.0)


def test_micro_average_and_entity_table():
    utterances = [
        compared("ann ann", "ann", "ann", "bob"),
        compared("bob", "ann bob", "ann", "bob"),
        compared("nobody", "nobody", "ann", "bob"),
    ]
    assert count_entities(utterances) == EntityCounts(found=2, missed=1, false=1)
    assert list(count_each_entity(utterances).items()) == [("ann", EntityCounts(1, 1, 1)), ("bob", EntityCounts(1))]


def test_names_with_equal_words_count_as_one():
    known = EntityMatcher([("K2", ["k", "two"]), ("k two", ["k", "two"]), ("!", [])])
    assert len(known) == 1
    assert names(known.occurrences("the k two".split())) == ["K2"]


def test_false_alarms():
    assert false_alarms(EntityCounts(found=9, false=3), words=1500, seconds=1800) == FalseAlarms(3, 1500, 0.5)
    assert false_alarms(EntityCounts(false=3), words=10).hours is None


def test_false_alarm_rates():
    def rates(**counts):
        return {name: float(measure.ratio(counts)) for name, measure in known_measures(counts).items() if "false_alarms" in name}

    assert rates(false=3, words=1500, milliseconds=1_800_000) == {"false_alarms_per_hour": 6.0, "false_alarms_per_thousand_words": 2.0}
    assert np.isnan(rates(false=3, words=0)["false_alarms_per_thousand_words"])
    assert "false_alarms_per_hour" not in rates(false=3, words=10)
