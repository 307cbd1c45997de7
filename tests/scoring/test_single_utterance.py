"""One utterance has no interval, since resampling gives the same utterance. All outputs show this."""
from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from ctcb.report.measured import measure_notes
from ctcb.scoring import bootstrap
from ctcb.scoring.render import render_text
from ctcb.scoring.score import score

sys.path[:0] = [str(Path(__file__).parents[2] / folder) for folder in ("recipes/benchmarks/lm", "recipes/benchmarks/decoders", "utils")]

import lm_table  # noqa: E402
import results_table  # noqa: E402
import table as peers_table  # noqa: E402

REFS, HYPS = {"u1": "we met bob and bob", "u2": "a b c d", "u3": "a b c"}, {"u1": "we met bob and rob", "u2": "a b x d", "u3": "a b c"}
NOTE = "no interval, because only one utterance contributes: "


def first(texts):
    return {"u1": texts["u1"]}


def test_one_utterance_has_no_interval_and_no_p_value():
    report = score(first(REFS), first(HYPS), ["bob"], compare=first(REFS))
    assert {(found.low, found.high) for found in report.estimates.values()} == {(None, None)}
    assert report.estimates["wer"].value == 0.2
    assert {(found.low, found.p_value) for found in report.comparison.differences.values()} == {(None, None)}
    assert report.comparison.differences["wer"].difference == 0.2


def test_only_utterances_of_the_measure_count():
    """Only the first utterance has names; all three have words."""
    report = score(REFS, HYPS, ["bob"], compare=REFS)
    for name, found in report.estimates.items():
        of_names = name.startswith(("entity", "b_"))
        assert (found.low is None) == of_names and found.value is not None, name
        if name != "collateral":  # itself a comparison of the two
            assert (report.comparison.differences[name].low is None) == of_names, name
    assert set(report.without_interval) == {"b_wer", "entity_precision", "entity_recall", "entity_f1"}
    assert report.estimates["false_alarms_per_thousand_words"].low == 0.0  # a rate of nothing is known all the same


def test_two_utterances_have_an_interval():
    counts = {"errors": np.array([1, 0]), "words": np.array([4, 4])}
    found = bootstrap.estimate(counts)["wer"]
    assert (found.low, found.value, found.high) == (0.0, 0.125, 0.25)
    assert bootstrap.compare(counts, counts)["wer"].p_value == 1.0


def test_comparison_needs_two_utterances_of_both():
    words = {"words": np.array([4, 4])}
    many, one = {"found": np.array([1, 1]), "false": np.array([1, 0])}, {"found": np.array([1, 0]), "false": np.array([0, 0])}
    found = bootstrap.compare({**words, **many}, {**words, **one})["entity_precision"]
    assert found.difference == pytest.approx(2 / 3 - 1) and (found.low, found.high, found.p_value) == (None, None, None)


def test_table_shows_no_interval():
    told = render_text(score(first(REFS), first(HYPS)))
    assert f"NOTE: {NOTE}WER" in told and " to " not in told.replace(NOTE, "")
    assert NOTE in render_text(score(REFS, HYPS, ["bob"])) and NOTE not in render_text(score(REFS, HYPS))
    assert NOTE not in render_text(score(first(REFS), first(HYPS), draws=0))  # none was asked for


def test_command_and_report_show_no_interval(ctcb, tmp_path):
    for name, texts in (("ref", REFS), ("hyp", HYPS)):
        (tmp_path / name).write_text(f"u1 {texts['u1']}\n")
    (tmp_path / "names.txt").write_text("Bob\n")
    files = ["--ref", tmp_path / "ref", "--hyp", tmp_path / "hyp", "--entities", tmp_path / "names.txt"]
    ran = ctcb("score", *files, "--json", tmp_path / "o.json")
    assert ran.code == 0 and f"NOTE: {NOTE}WER, CER, U-WER, B-WER" in ran.out
    assert json.loads((tmp_path / "o.json").read_text())["measures"]["wer"] == {"value": 0.2, "low": None, "high": None}
    assert ctcb("report", *files, "--out", tmp_path / "r.html").code == 0
    assert f"There is {NOTE}WER" in (tmp_path / "r.html").read_text()
    (tmp_path / "set").mkdir()
    (tmp_path / "o.json").rename(tmp_path / "set/score.json")
    assert results_table.row(tmp_path / "set", "human")[4] == "20.0"


def test_result_tables_leave_out_the_interval():
    report = score(first(REFS), first(HYPS), ["bob"], compare=first(REFS))
    assert lm_table._estimate(report.estimates["wer"]) == "20.0"
    assert lm_table._difference(report.comparison.differences["wer"]) == "+20.0"
    assert peers_table._interval({"value": 0.2, "low": None, "high": None}, "value") == "20.0"
    assert any("There is no interval" in note for note in measure_notes(report)) and len(measure_notes(score(REFS, HYPS))) == 1
