"""The rules by which texts are compared: by examples of many scripts, by Unicode's own definitions, against today's folding."""
from __future__ import annotations

import unicodedata

import jiwer
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcb.scoring.score import score
from ctcb.scoring.text import characters_of, comparable, units_of, without_spaces
from ctcb.text.normalize import normalize
from ctcb.text.scripts import is_unspaced


@pytest.mark.parametrize("one, other", [
    ("er", "är"), ("ma", "mà"), ("fordern", "fördern"), ("ferme", "fermé"), ("pan", "pań"), ("zle", "źle"), ("byt", "být"),
    ("ба", "бя"), ("и", "й"), ("все", "всё"), ("ילד", "יֶלֶד"), ("שׁ", "שׂ"), ("كتب", "كتّب"), ("क", "कि"), ("ไม่", "ไม้"),
    ("他", "她"), ("は", "ば"), ("ハ", "は"), ("가", "까"), ("νομος", "νόμος"), ("ı", "i"), ("o", "ø"), ("rock'n", "rockn"), ("می‌خواهم", "میخواهم"),
])  # fmt: skip
def test_letters_that_tell_words_apart_are_kept(one, other):
    assert comparable(one) != comparable(other) and comparable(one) and comparable(other)


@pytest.mark.parametrize("one, other", [
    ("Straße", "STRASSE"), ("ΣΟΦΟΣ", "σοφος"), ("МОСКВА", "москва"), ("É", "e\u0301"), ("が", "か\u3099"), ("한", "\u1112\u1161\u11ab"),
    ("o’clock", "o'clock"), ("п’ять", "п'ять"), ("Jean-Pierre", "jean pierre"), ("U.S.", "u s"), ("«Да», — сказал", "да сказал"),
    ("你好，世界。", "你好 世界"), ("soft\u00adware", "software"), ("\u200fשלום\u200f", "שלום"), ("❤️ love", "love"), ("צה״ל", 'צה"ל'), ("ג׳ורג׳", "ג'ורג'"),
    ("¿Qué?", "qué"), ("नमस्ते।", "नमस्ते"), ("«ÉTÉ»", "été"), ("\ufeffa", "a"),
])  # fmt: skip
def test_case_canonical_forms_and_punctuation_do_not_count(one, other):
    assert comparable(one) == comparable(other) != ""


def test_numbers_keep_their_separators_and_words_their_middle_dots():
    assert comparable("3.14, 1,000 and 5.") == "3.14 1,000 and 5"
    assert comparable("paral·lel · x") == "paral·lel x"
    assert comparable("... ❤ — ’") == ""


def test_turkish_and_azeri_have_a_dotless_i():
    assert comparable("IĞDIR İzmir", "tr") == "ığdır izmir" == comparable("ığdır izmir", "tr-TR")
    assert comparable("Bakı BAKI", "az") == "bakı bakı"
    assert comparable("ILE", "de") == "ile" and comparable("IŞIK", "tr") != comparable("IŞIK")


@given(st.text(max_size=30), st.sampled_from([None, "tr", "de"]))
@settings(max_examples=500, deadline=None)
def test_comparable_text_is_a_fixed_point_and_canonical(text, language):
    made = comparable(text, language)
    assert comparable(made, language) == made == unicodedata.normalize("NFC", made)
    assert comparable(unicodedata.normalize("NFD", text), language) == made


@given(st.text(alphabet="abcxyz' .,-!?;:\"()", max_size=40))
@settings(max_examples=500, deadline=None)
def test_lower_case_english_is_compared_as_by_folding(text):
    assert comparable(text) == normalize(text)


@given(st.text(max_size=30))
@settings(max_examples=300, deadline=None)
def test_units_and_characters_hold_the_whole_text(text):
    made = comparable(text)
    assert "".join(units_of(made)) == made.replace(" ", "") == characters_of(made).replace(" ", "")
    assert all(len(unit) == 1 or not any(map(is_unspaced, unit)) for unit in units_of(made))


@pytest.mark.parametrize("text, units, characters", [
    ("我用python写代码", "我 用 python 写 代 码", "我用python写代码"),
    ("我 用 python 写", "我 用 python 写", "我用python写"),
    ("東京タワーへ 行く", "東 京 タ ワ ー へ 行 く", "東京タワーへ行く"),
    ("มา กับ john", "ม า ก ั บ john", "มากับjohn"),
    ("서울 역", "서울 역", "서울 역"),
    ("мы в городе", "мы в городе", "мы в городе"),
])
def test_units_and_characters_by_example(text, units, characters):
    assert units_of(text) == tuple(units.split()) and characters_of(text) == characters


def test_texts_without_spaces_are_told_from_others():
    assert without_spaces(["我在北京", "他在家"]) and without_spaces(["ฉันไปตลาด"] * 9 + ["hello there"])
    assert not without_spaces(["我在北京", "wir fordern", "das"]) and not without_spaces(["서울 역에서", "привет"]) and not without_spaces(["", ""])


WORDS = {
    "pl": "zażółć gęślą jaźń pan pań", "ru": "всё все мой йод ёж", "vi": "ma má mà mả mã mạ", "he": "שָׁלוֹם שלום יֶלֶד", "hi": "नमस्ते दुनिया कि की",
    "zh": "我 在 北 京 背 景 家", "ja": "東 京 タ ワ は ば", "th": "ไ ม ่ ้ ใ ช",
}  # fmt: skip


@pytest.mark.parametrize("language", WORDS)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_cer_equals_jiwer(language, data):
    words = st.lists(st.sampled_from(WORDS[language].split()), min_size=1, max_size=8)
    glue = "" if language in ("zh", "ja", "th") else " "
    ref, hyp = (unicodedata.normalize("NFC", glue.join(data.draw(words))) for _ in range(2))
    found = score({"u": ref}, {"u": hyp}, draws=0)
    # A tone mark that begins a text stands on nothing, and is no letter to us.
    if comparable(ref) == ref and comparable(hyp) == hyp:
        theirs = jiwer.process_characters(ref, hyp)
        assert found.cer.rate == pytest.approx(theirs.cer) and found.cer.words == theirs.hits + theirs.substitutions + theirs.deletions
        assert found.wer.rate == pytest.approx(theirs.cer if glue == "" else jiwer.wer(ref, hyp))
