"""Scores of texts in many languages, with values worked out by hand."""
from __future__ import annotations

import json

import pytest

from ctcb.entities import Entity
from ctcb.errors import InputError
from ctcb.report.utterances import NAME, WRONG, pieces
from ctcb.scoring.biased_wer import BiasedErrorCounts
from ctcb.scoring.entities import EntityCounts, EntityMatcher, Occurrence
from ctcb.scoring.render import render_text
from ctcb.scoring.score import score
from ctcb.scoring.wer import ErrorCounts

# Spaced and unspaced scripts in one file: WER counts what stands between spaces.
REFS = {
    "sv": "hon är här", "cs": "být bydlet", "ru": "это всё моё", "he": "שָׁלוֹם לך", "hi": "वह कि है", "ja": "東京へ行く",
    "el": "ο νόμος", "ar": "كَتَبَ الولد",
}  # fmt: skip
HYPS = {
    "sv": "hon er här", "cs": "byt bydlet", "ru": "это все моё", "he": "שלום לך", "hi": "वह की है", "ja": "東京え行く",
    "el": "ο νομός", "ar": "كُتِبَ الولد",
}  # fmt: skip


def test_one_wrong_word_in_each_language():
    report = score(REFS, HYPS, draws=0)
    assert report.unit == "word"
    assert report.wer == ErrorCounts(words=3 + 2 + 3 + 2 + 3 + 1 + 2 + 2, substitutions=len(REFS))
    assert [one.errors.errors for one in report.utterances] == [1] * len(REFS)
    assert score(REFS, HYPS, fold=True, draws=0).wer.errors < len(REFS)


def test_case_and_punctuation_do_not_count():
    assert score({"u": "«Straße, JETZT!» Ça va?"}, {"u": "STRASSE jetzt ça va"}, draws=0).wer.errors == 0


def test_texts_without_spaces_are_counted_in_characters():
    report = score({"a": "他在家", "b": "我在北京。"}, {"a": "她在 家", "b": "我 再背景"}, ["北京", "上海"], draws=0)
    assert report.unit == "character"
    assert report.wer == report.cer == ErrorCounts(words=7, substitutions=4)  # 他, 在, 北, 京
    assert report.entities == EntityCounts(missed=1)
    assert report.biased == BiasedErrorCounts(ErrorCounts(5, substitutions=2), ErrorCounts(2, substitutions=2))
    assert "7 characters" in render_text(report) and "4 sub + 0 del + 0 ins = 4 of 7 characters" in render_text(report)
    assert score({"a": "他在家", "b": "我在北京"}, {"a": "她在家", "b": "我在北京"}, unit="word", draws=0).wer == ErrorCounts(2, substitutions=1)


def test_unit_can_be_named():
    mixed = {"a": "我用python写", "b": "hello world"}
    assert score(mixed, {**mixed, "a": "我用pyton写"}, draws=0).wer == ErrorCounts(3, substitutions=1)
    assert score(mixed, {**mixed, "a": "我用pyton写"}, draws=0, unit="character").wer == ErrorCounts(6, substitutions=1)
    with pytest.raises(InputError, match="'letter' is no unit; choose from word, character"):
        score(mixed, mixed, unit="letter")


def test_rare_characters_are_those_within_a_name():
    # 北 stands twice, once within the name; so does แก.
    report = score({"a": "北京的北面"}, {"a": "北京的南面"}, ["北京"], draws=0)
    assert report.biased == BiasedErrorCounts(ErrorCounts(3, substitutions=1), ErrorCounts(2))
    own = score({"a": "北京的北面"}, {"a": "南京的北面"}, rare_words={"a": {"北京"}}, draws=0)
    assert own.biased == BiasedErrorCounts(ErrorCounts(3), ErrorCounts(2, substitutions=1))
    thai = score({"a": "ไปแกลงแกเอง"}, {"a": "ไปแกลงเอง"}, ["แกลง"], draws=0)
    assert thai.biased == BiasedErrorCounts(ErrorCounts(7, deletions=2), ErrorCounts(4))


def test_an_inserted_name_that_is_spoken_counts_as_biased():
    report = score({"a": "去北京"}, {"a": "去北京北京"}, ["北京", "上海"], draws=0)
    assert report.biased == BiasedErrorCounts(ErrorCounts(1), ErrorCounts(2, insertions=2))
    assert report.entities == EntityCounts(found=1, false=1)
    other = score({"a": "去北京"}, {"a": "去北京上海"}, ["北京", "上海"], draws=0)
    assert other.biased == BiasedErrorCounts(ErrorCounts(1, insertions=2), ErrorCounts(2))


def test_collateral_and_false_alarms_count_characters():
    refs, hyps, without = {"a": "我在北京吃饭", "b": "他在家"}, {"a": "我在北京吃反", "b": "他在上海"}, {"a": "我在背景吃饭", "b": "他在家"}
    report = score(refs, hyps, ["北京", "上海"], without=without, draws=0)
    assert report.collateral == (1, 9)  # 饭; the names took the place of others
    assert report.entities == EntityCounts(found=1, false=1)
    assert report.estimates["false_alarms_per_thousand_words"].value == pytest.approx(1000 / 9)


@pytest.mark.parametrize("ref, hyp, listed", [
    ("ich sah Herrn Müller heute", "ich sah herrn muller heute", "Müller"),
    ("позвони Сидорову йоду", "позвони сидорову иоду", "Йоду"),
    ("اتصل بأحمد", "اتصل باحمد", "بأحمد"),
    ("東京タワーへ", "東京タウーへ", "東京タワー"),
    ("ไปเชียงใหม่กัน", "ไปเชียงไหม่กัน", "เชียงใหม่"),
    ("오늘 김민준 씨", "오늘 김민중 씨", "김민준"),
])
def test_names_are_found_in_the_list_s_writing(ref, hyp, listed):
    assert score({"u": ref}, {"u": ref.upper()}, [listed], draws=0).entities == EntityCounts(found=1)
    assert score({"u": ref}, {"u": hyp}, [listed], draws=0).entities == EntityCounts(missed=1)


def test_longest_name_wins_within_unspaced_text():
    found = score({"u": "我去北京大学和北京"}, {"u": "我去北京大学和北京"}, ["北京", "北京大学"], draws=0).utterances[0].entities.found
    assert sorted(found) == ["北京", "北京大学"]


def test_a_name_does_not_end_before_a_tone_mark():
    assert EntityMatcher([("มา", "มา")]).occurrences("มา่") == []
    assert EntityMatcher([("มา", "มา")]).occurrences("มาก") == [Occurrence(0, 2, "มา")]


def test_possessives_belong_to_the_sentence():
    refs = {"a": "Zelenskyy’s speech", "b": "James' and Ann Lee's house", "c": "the Smith's", "d": "zelenskyys"}
    hyps = {"a": "zelenskyy's speech", "b": "james's and ann lee's house", "c": "the smiths", "d": "zelenskyy's"}
    report = score(refs, hyps, ["Zelenskyy", "James", "Ann Lee", "the Smith's"], draws=0)
    assert [one.entities.found for one in report.utterances] == [("Zelenskyy",), ("James", "Ann Lee"), (), ()]
    assert [one.entities.missed for one in report.utterances][2] == ("the Smith's",)
    assert report.utterances[3].entities.false == ("Zelenskyy",)


def test_possessive_forms_on_the_list_come_first():
    matcher = EntityMatcher([("Mc", ("mc",)), ("Mc's", ("mc's",)), ("Ann", ("ann",)), ("Ann's Bar", ("ann's", "bar"))], possessives=True)
    assert [one.entity for one in matcher.occurrences("mc's and mc near ann's bar or ann's place".split())] == ["Mc's", "Mc", "Ann's Bar", "Ann"]
    assert EntityMatcher([("Ann", ("ann",))]).occurrences(["ann's"]) == []


def test_numbers_in_names_and_their_spoken_forms():
    listed = ["B12", Entity("U2", spoken=("you two",))]
    report = score({"u": "Vitamin B12 by U2"}, {"u": "vitamin b zwölf by you two"}, listed, language="de", draws=0)
    assert report.entities == EntityCounts(found=2)
    assert score({"u": "Vitamin B12"}, {"u": "vitamin b zwölf"}, listed, draws=0).entities == EntityCounts(missed=1)


def test_speakers_are_summed_up():
    refs, hyps = {"a": "er är", "b": "är", "c": "ja"}, {"a": "är är", "b": "är", "c": "nej"}
    report = score(refs, hyps, ["Är"], speakers={"a": "s1", "b": "s1"}, draws=0)
    first, none = report.per_speaker["s1"], report.per_speaker[""]
    assert (first.utterances, first.wer, first.entities) == (2, ErrorCounts(3, substitutions=1), EntityCounts(found=2, false=1))
    assert first.cer == ErrorCounts(7, substitutions=1) and none.wer == ErrorCounts(1, substitutions=1)
    assert json.loads(report.to_json())["per_speaker"]["s1"]["wer"]["words"] == 3
    rows = [line.split() for line in render_text(report, per_speaker=True).splitlines()]
    assert ["s1", "2", "3", "33.33", "14.29"] == next(row[:5] for row in rows if row[:1] == ["s1"])


def test_json_has_the_rules_and_both_rates():
    found = json.loads(score({"a": "他在家"}, {"a": "她在家"}, language="hi", draws=0).to_json())
    assert (found["unit"], found["language"], found["numbers_read"]) == ("character", "hi", False)
    assert found["measures"]["cer"]["value"] == found["measures"]["wer"]["value"] == pytest.approx(1 / 3)


def test_rules_exclude_each_other():
    for rules in ({"normalize": None, "fold": True}, {"normalize": str.lower, "language": "de"}):
        with pytest.raises(InputError, match="rules of your own"):
            score({"a": "b"}, {"a": "b"}, **rules)
    with pytest.raises(InputError, match="'german language' is not the tag of a language; give a code such as de"):
        score({"a": "b"}, {"a": "b"}, language="german language")


def test_report_marks_wrong_characters_and_names_without_spaces():
    report = score({"a": "我在北京"}, {"a": "我再北京"}, ["北京"], compare={"a": "我在背景"}, draws=0)
    assert pieces(report.utterances[0]) == [("", "我", ""), ("", "再", WRONG), ("", "北", NAME), ("", "京", NAME)]
    spaced = score({"a": "call Ann Lee's cat"}, {"a": "tall ann lee's cat"}, ["Ann Lee"], draws=0)
    assert pieces(spaced.utterances[0]) == [("", "tall", WRONG), (" ", "ann", NAME), (" ", "lee's", NAME), (" ", "cat", "")]
