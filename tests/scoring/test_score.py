"""The whole report on a small corpus with values worked out by hand, and its text and JSON."""
from __future__ import annotations

import dataclasses
import json
import random
from functools import partial

import jiwer
import pytest
from growth import linear

from ctcb.entities import Entity
from ctcb.errors import InputError
from ctcb.scoring.biased_wer import BiasedErrorCounts
from ctcb.scoring.entities import EntityCounts
from ctcb.scoring.false_alarms import FalseAlarms
from ctcb.scoring.render import render_per_utterance, render_text
from ctcb.scoring.score import score as score_by_default
from ctcb.scoring.wer import ErrorCounts
from ctcb.text.normalize import normalize

score = partial(score_by_default, fold=True)  # the texts below are compared in the letters a-z; tests/scoring/test_scoring_languages.py has the other rules

REFS = {
    "u1": "Doctor Łukasz Selenski moved to New York.",  # doctor lukasz selenski moved to new york
    "u2": "He takes B12 and acyclovir",  # he takes b twelve and acyclovir
    "u3": "nothing to hear",
}
HYPS = {
    "u3": "nothing to hear ann",  # one insertion, a false alarm
    "u1": "doctor lucas selenski moved to new york",  # one substitution; lukasz is missed
    "u2": "he takes b twelve and a cyclovir",  # one substitution, one insertion; acyclovir is missed
}
LISTED = ["Łukasz", "New York", "B12", Entity("acyclovir", weight=2.0), "Ann", "!?", "new-york"]
SECONDS = {"u1": 4.0, "u2": 3.5, "u3": 1.5}
CER = jiwer.cer([normalize(REFS[name]) for name in REFS], [normalize(HYPS[name]) for name in REFS])


def test_score_by_hand():
    report = score(REFS, HYPS, LISTED, seconds=SECONDS)
    assert report.wer == ErrorCounts(words=16, substitutions=2, deletions=0, insertions=2)
    assert report.entities == EntityCounts(found=2, missed=2, false=1)  # new york, b twelve
    # Rare words: lukasz, new, york; b, twelve, acyclovir; none.
    assert report.biased == BiasedErrorCounts(
        unbiased=ErrorCounts(words=10, insertions=2), biased=ErrorCounts(words=6, substitutions=2)
    )
    assert report.false_alarms == FalseAlarms(count=1, words=16, hours=9.0 / 3600)
    assert report.listed == 5 and report.unscorable == ("!?",)
    values = {name: found.value for name, found in report.estimates.items()}
    assert values == pytest.approx(
        {
            "wer": 4 / 16, "cer": CER, "u_wer": 2 / 10, "b_wer": 2 / 6, "entity_precision": 2 / 3, "entity_recall": 2 / 4,
            "entity_f1": 4 / 7, "false_alarms_per_hour": 400.0, "false_alarms_per_thousand_words": 62.5,
        }
    )  # fmt: skip
    assert [utterance.id for utterance in report.utterances] == ["u1", "u2", "u3"]
    assert list(report.per_entity) == ["Ann", "acyclovir", "Łukasz", "B12", "New York"]


def test_rates_and_estimates_agree():
    report = score(REFS, HYPS, LISTED, seconds=SECONDS)
    values = {name: found.value for name, found in report.estimates.items()}
    assert values == pytest.approx(
        {
            "wer": report.wer.rate, "cer": report.cer.rate, "u_wer": report.biased.unbiased.rate, "b_wer": report.biased.biased.rate,
            "entity_precision": report.entities.precision, "entity_recall": report.entities.recall,
            "entity_f1": report.entities.f1, "false_alarms_per_hour": report.false_alarms.count / report.false_alarms.hours,
            "false_alarms_per_thousand_words": 1000 * report.false_alarms.count / report.false_alarms.words,
        }
    )  # fmt: skip


def test_only_wer_and_cer_without_a_list():
    report = score(REFS, HYPS)
    assert list(report.estimates) == ["wer", "cer"]
    assert report.entities is report.biased is report.false_alarms is report.listed is None


def test_each_utterance_has_its_own_list():
    lists = {"u1": ["new york"], "u2": [], "u3": ["nothing", "ann"], "u9": ["of another set"]}
    report = score(REFS, HYPS, entities_per_utt=lists)
    assert report.entities == EntityCounts(found=2, false=1)
    assert report.biased.biased.words == 3  # new york; nothing
    assert report.listed == 3


def test_spoken_forms_count_as_the_entity():
    listed = [Entity("Q", spoken=("k two",)), Entity("DJ7", spoken=("dee jay", "the jay")), "the jay", Entity("★", spoken=("star",))]
    refs = {"u1": "the DJ7 and K2 and a star", "u2": "the jay", "u3": "zelensky"}
    hyps = {"u1": "the dee jay and q and a star", "u2": "the jay", "u3": "selenski"}
    report = score(refs, hyps, [*listed, Entity("zelensky", aliases=("selenski",))])
    names = [utterance.entities for utterance in report.utterances]
    assert [sorted(found.found) for found in names] == [["DJ7", "Q", "★"], ["the jay"], []]
    assert [found.missed for found in names] == [(), (), ("zelensky",)]  # an alias is no right spelling
    assert (report.listed, report.unscorable) == (5, ())


def test_own_rare_words():
    rare = {"u1": {"Selenski", "lukasz"}, "u2": set(), "u3": {"ann"}}
    report = score(REFS, HYPS, rare_words=rare)
    assert list(report.estimates) == ["wer", "cer", "u_wer", "b_wer"]
    assert report.biased.biased == ErrorCounts(words=2, substitutions=1, insertions=1)
    assert score(REFS, HYPS, LISTED, rare_words=rare).biased == report.biased


def test_case_counts_without_normalisation():
    report = score_by_default({"u": "Ann saw B12"}, {"u": "ann saw B12"}, ["Ann", "B12"], normalize=None)
    assert report.wer == ErrorCounts(words=3, substitutions=1)
    assert report.entities == EntityCounts(found=1, missed=1)


def test_missing_and_extra_utterances():
    with pytest.raises(InputError, match="no hypothesis for 2 of 3 utterances, the first is 'u1'"):
        score(REFS, {"u3": "nothing to hear"})
    with pytest.raises(InputError, match="1 of 4 utterances have no reference, the first is 'u4'"):
        score(REFS, {**HYPS, "u4": ""}, allow_missing=True)
    report = score(REFS, {"u3": "nothing to hear"}, LISTED, allow_missing=True)
    assert report.missing == ("u1", "u2")
    assert report.wer == ErrorCounts(words=16, deletions=13)
    assert report.entities == EntityCounts(missed=4)
    note = "NOTE: utterances without a hypothesis, their words counted as deleted: 2, such as 'u1'"
    assert note in render_text(report).splitlines()


def test_wrong_arguments_are_refused():
    with pytest.raises(InputError, match="no reference"):
        score({}, {})
    with pytest.raises(InputError, match="both given"):
        score(REFS, HYPS, ["ann"], entities_per_utt=dict.fromkeys(REFS, ()))
    with pytest.raises(InputError, match="no list of entities for 2 of the references, the first is 'u2'"):
        score(REFS, HYPS, entities_per_utt={"u1": ["ann"]})
    with pytest.raises(InputError, match="no rare words for 3"):
        score(REFS, HYPS, rare_words={})


def test_hours_need_every_duration():
    assert score(REFS, HYPS, LISTED, seconds={"u1": 4.0}).false_alarms.hours is None


def test_comparison_of_two_systems():
    report = score(REFS, REFS, LISTED, compare=HYPS)
    assert report.comparison.differences["wer"].difference == pytest.approx(-4 / 16)
    assert report.comparison.differences["entity_f1"].difference == pytest.approx(1 - 4 / 7)
    same = score(REFS, HYPS, LISTED, compare=dict(HYPS))
    assert all((found.difference, found.p_value) == (0.0, 1.0) for found in same.comparison.differences.values())


def test_texts_without_any_word():
    report = score({"u1": "", "u2": "..."}, {"u1": "", "u2": "oh"}, ["ann"])
    assert report.estimates["wer"].value is None
    assert "0 sub + 0 del + 1 ins = 1 of 0 words" in render_text(report)
    json.loads(report.to_json())


def test_json_is_complete_without_nan():
    report = score(REFS, HYPS, LISTED, compare=REFS, seconds=SECONDS)
    found = json.loads(report.to_json(), parse_constant=pytest.fail)
    assert found == json.loads(json.dumps(report.to_dict()))
    assert found["measures"]["entity_f1"]["value"] == pytest.approx(4 / 7)
    assert found["counts"]["wer"] == {"words": 16, "substitutions": 2, "deletions": 0, "insertions": 2}
    assert found["per_entity"]["Łukasz"] == {"found": 0, "missed": 1, "false": 0, "recognised_instead": {"lucas": 1}}
    assert found["per_utterance"][0]["edits"] == [["sub", 1, 1]]
    assert found["per_utterance"][2]["entities"] == {"found": [], "missed": [], "false": ["Ann"]}


def test_text_report_shows_each_measure_within_its_column():
    report = score(REFS, HYPS, LISTED, compare=REFS, seconds=SECONDS)
    text = render_text(report, per_entity=True)
    lines = text.splitlines()
    assert lines[0] == "3 utterances, 16 words, 0.00 hours, 5 entities listed"
    assert "NOTE: listed entities that hold no word, not scored: 1, such as '!?'" in lines
    rows = {line.split("  ")[0]: line for line in lines}
    assert "25.00 %" in rows["WER"] and "+25.00 %" in text
    assert "2 found, 2 missed, 1 false" in text
    assert rows["Łukasz"].split() == ["Łukasz", "0", "1", "0", "lucas"]
    assert text.endswith("\n") and not any(line != line.rstrip() for line in lines)


def test_per_utterance_table():
    rows = [line.split("\t") for line in render_per_utterance(score(REFS, HYPS, LISTED)).splitlines()]
    assert rows[0] == "utt_id words sub del ins found missed false ref hyp instead".split()
    assert rows[1] == [
        "u1", "7", "1", "0", "0", "New York", "Łukasz", "",
        "doctor lukasz selenski moved to new york", "doctor lucas selenski moved to new york", "lucas",
    ]  # fmt: skip
    assert all(len(row) == len(rows[0]) for row in rows)


def test_the_report_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        score(REFS, HYPS).missing = ()


def test_large_corpus_is_scored_fast():
    chance = random.Random(0)
    words = ["".join(chance.choices("abcdefghij", k=6)) for _ in range(5000)]
    refs = {f"u{i}": " ".join(chance.choices(words, k=12)) for i in range(8000)}
    hyps = {
        utterance: " ".join(word if chance.random() < 0.8 else chance.choice(words) for word in text.split())
        for utterance, text in refs.items()
    }
    # All begin with one of ten words: a list of full names has few first names.
    entities = [f"{words[i % 10]} {words[i]}" for i in range(4000)]

    def first(count):  # utterances, and a name for each two
        score(*({f"u{i}": side[f"u{i}"] for i in range(count)} for side in (refs, hyps)), entities[: count // 2])

    linear(first, 2000)
