"""Numbers through num2words, and NIST's alternatives: of several readings the closest is compared."""
from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from num2words import num2words

from ctcb.errors import InputError
from ctcb.scoring.readers import Transcripts
from ctcb.scoring.readings import reads_numbers, text_of
from ctcb.scoring.score import score
from ctcb.scoring.text import comparable


def errors(ref, hyp, language=None):
    return score({"u": ref}, {"u": hyp}, language=language, draws=0).wer.errors


@pytest.mark.parametrize("language, ref, hyp", [
    ("en", "25", "twenty five"), ("en", "one hundred twenty one", "121"), ("en", "121", "one hundred and twenty-one"),
    ("en", "in 1984", "in nineteen eighty four"), ("en", "the 21st", "the twenty first"), ("en", "B12 or 3.5", "b twelve or three point five"),
    ("en", "1,000 men", "one thousand men"), ("en", "007", "zero zero seven"), ("en", "-5", "minus five"), ("en", "room 101", "room one zero one"),
    ("de", "25", "fünfundzwanzig"), ("de", "1.000 Euro", "eintausend Euro"), ("de", "3,5 Meter", "drei Komma fünf Meter"),
    ("de", "am 3. Mai", "am dritte Mai"), ("de", "Er ist 3.", "er ist drei"), ("de", "1984", "ein tausend neunhundert vierundachtzig"),
    ("fr", "25 pommes", "vingt-cinq pommes"), ("ru", "2\u00a0000 рублей", "две тысячи рублей"), ("ru", "2 000 рублей", "две тысячи рублей"),
    ("pl", "121", "sto dwadzieścia jeden"), ("tr", "25 elma", "yirmi beş elma"), ("vi", "25", "hai mươi lăm"), ("sv", "25", "tjugofem"),
    ("ja", "25人", "二十五人"), ("th", "25บาท", "ยี่สิบห้าบาท"), ("th", "๒๕ บาท", "ยี่สิบห้าบาท"), ("ko", "25명", "이십오명"), ("ar", "٢٥", "خمسة و عشرون"),
    ("pt-BR", "25", "vinte e cinco"), ("pt_br", "vinte e cinco", "25"), ("es-MX", "25", "veinticinco"), ("de", "25", "25"), ("en", "5 200 men", "five two hundred men"),
])  # fmt: skip
def test_digits_equal_words_where_the_language_is_named(language, ref, hyp):
    assert errors(ref, hyp, language) == 0
    assert errors(ref, hyp) > 0 or ref == hyp


@pytest.mark.parametrize("language, ref, hyp", [("de", "25", "zweiundfünfzig"), ("en", "25", "twenty four"), ("de", "25", "twenty five"), ("de", "26", "25"), ("hi", "25", "पच्चीस")])
def test_other_numbers_stay_wrong(language, ref, hyp):
    assert errors(ref, hyp, language) > 0


@given(st.integers(0, 10**6), st.sampled_from(["en", "de", "fr", "ru", "tr", "pl", "es", "it", "sv", "ar", "vi", "fa", "uk"]))
@settings(max_examples=150, deadline=None)
def test_every_number_equals_its_cardinal(number, language):
    words = num2words(number, lang=language)
    assert errors(f"x {number} y", f"x {words} y", language) == errors(f"x {words} y", f"x {number} y", language) == 0


def test_each_number_of_a_text_has_its_own_reading():
    assert errors("1984 in 1984", "one thousand nine hundred eighty four in nineteen eighty four", "en") == 0
    found = score({"u": "I have 25"}, {"u": "i had twenty five"}, language="en", draws=0)
    assert (found.wer.words, found.wer.errors) == (4, 1)


@given(st.text(alphabet="0123456789.,- ٣५a人", max_size=20), st.text(alphabet="0123456789.,- ٣५a人", max_size=20), st.sampled_from(["en", "ja", "tr", "hi"]))
@settings(max_examples=150, deadline=None)
def test_any_digits_can_be_scored(ref, hyp, language):
    report = score({"u": ref}, {"u": hyp}, [ref], language=language, draws=0)
    assert report.wer.errors >= 0 and score({"u": ref}, {"u": ref}, language=language, draws=0).wer.errors == 0


def test_long_numbers_are_read_digit_by_digit():
    assert errors("12345678901234567890", " ".join("one two three four five six seven eight nine zero".split() * 2), "en") == 0


def test_language_tags_are_checked():
    assert reads_numbers("de") and reads_numbers("pt-BR") and reads_numbers("de-AT") and not reads_numbers("zh")
    for tag in ("", "german", "d", "../de", "de_"):
        with pytest.raises(InputError, match="is not the tag of a language"):
            reads_numbers(tag)


@pytest.mark.parametrize("ref, hyp, wrong, words", [
    ("so { um / uh / @ } yes", "so uh yes", 0, 3), ("so { um / uh / @ } yes", "so yes", 0, 2), ("so { um / uh } yes", "so yes", 1, 3),
    ("{ i've / i have } been", "I have been", 0, 3), ("a { b { c / d } / e } f", "a b d f", 0, 4), ("a { b { c / d } / e } f", "a e f", 0, 3),
    ("(well) yes", "yes", 0, 1), ("(well) yes", "well yes", 0, 2), ("{ 5 / six }", "five", 0, 1),
])
def test_alternatives_by_hand(ref, hyp, wrong, words):
    found = score(Transcripts({"u": ref}, alternatives=True), {"u": hyp}, language="en", draws=0).wer
    assert (found.errors, found.words) == (wrong, words)


def test_braces_are_punctuation_elsewhere():
    assert text_of("a { b / c }").places == [] and comparable("a { b / c }") == "a b c"
    assert errors("a { b / c }", "a b c") == 0


@pytest.mark.parametrize("ref, hyp, wrong", [
    ("add 1/2 cup", "add one half cup", 0), ("add 1/2 cup", "add one two cup", 0), ("1/2 cup", "half cup", 0), ("2 3/4 miles", "two and three quarters miles", 0),
    ("2 3/4 miles", "two and three fourths miles", 0), ("2½ cups ¼", "two and a half cups one quarter", 0), ("½", "one half", 0), ("in 2010 1/2", "in twenty ten one half", 0),
    ("open 24/7", "open twenty four seven", 0), ("open 24/7", "open twenty four sevenths", 1), ("on 3/14/2020", "on three fourteen twenty twenty", 0),
])  # fmt: skip
def test_english_fractions(ref, hyp, wrong):
    assert errors(ref, hyp, "en") == wrong


def test_fractions_are_read_where_texts_are_folded():
    assert score({"u": "1/2 cup 3/4"}, {"u": "one half cup three quarters"}, fold=True, draws=0).wer.errors == 0
    assert score({"u": "24/7"}, {"u": "twenty four seven"}, fold=True, draws=0).wer.errors == 0
