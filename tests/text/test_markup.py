"""Markup of transcripts: what is dropped and what is kept, written by hand from the conventions of corpora and tools."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctcb.errors import InputWarning
from ctcb.text.html_entities import decode_entities
from ctcb.text.lines import read_sentences
from ctcb.text.markup import clean, first_alternatives, is_sound, render_dropped
from ctcb.text.normalize import normalize

# text -> its words, and the marks that are dropped
DROPPED = [
    ("[noise] hello <unk> (laughter) you <COMMA>", "hello you", {"[noise]", "<unk>", "(laughter)", "<comma>"}),
    ("{breath} ja ((unintelligible)) so", "ja so", {"{breath}", "((unintelligible))"}),
    ("%hesitation ich %äh weiß <noise/> nicht", "ich weiß nicht", {"%hesitation", "%äh", "<noise/>"}),
    ("[SPEAKER_01]: [00:12:03] да [музыка]", "да", {"[speaker_01]:", "[00:12:03]", "[музыка]"}),
    ("SPEAKER_02: ok", "ok", {"speaker_02:"}),
    ("Speaker 3: ok", "ok", {"speaker 3:"}),
    ("（笑）你好【掌声】", "你好", {"(笑)", "[掌声]"}),
    ("(Gelächter) (rires) (смех) (risas) (박수) yes", "yes", {"(gelächter)", "(rires)", "(смех)", "(risas)", "(박수)"}),
    ("(background noise) (inaudible 00:01) (speaking foreign language) (speech unclear) a", "a",
     {"(background noise)", "(inaudible 00:01)", "(speech unclear)", "(speaking foreign language)"}),
    ("<background noise> a <font color=\"#fff\" size=2>b</font> <v Ann Lee>c <i>d</i> <00:01.500>", "a b c d",
     {"<background noise>", '<font color="#fff" size=2>', "</font>", "<v ann lee>", "<i>", "</i>", "<00:01.500>"}),
    ("<|en|> <|0.00|> a <s> b </s> &lt;sil&gt;", "a b", {"<|en|>", "<|0.00|>", "<s>", "</s>", "<sil>"}),
    ("word(2) (%hesitation) ++breath++ !SIL &=laughs *coughs* b", "word b", {"(2)", "(%hesitation)", "++breath++", "!sil", "&=laughs", "*coughs*"}),
    ("yes[laughter] [laughter-maybe]", "yes maybe", {"[laughter]", "[laughter-...]"}),
    ("a [crowd [cheers] loud] b", "a b", {"[cheers]", "[crowd loud]"}),
]  # fmt: skip
KEPT = [
    "he (as he always did) went", "(so) they say (the king)", "a < b and c > d", "i <3 you", "{ um / uh / @ } so", "{a/b}", "100 %ige lösung", "5% of", "2*3*4",
    "wow!", "R&D", "[] () {} <>", "he said (he was) laughing", "C++ and G++", "« bon »", "speaker: yes", "Speakers 2: x", "《红楼梦》",
]  # fmt: skip


@pytest.mark.parametrize("text, words, marks", DROPPED)
def test_markup_is_dropped_and_named(text, words, marks):
    cleaned = clean(text)
    assert " ".join(cleaned.text.split()) == words
    assert set(cleaned.dropped) == marks and len(cleaned.dropped) == len(marks)


@pytest.mark.parametrize("text", KEPT)
def test_words_and_signs_are_kept(text):
    assert clean(text) == (text, ())


def test_parts_of_words_in_brackets_are_kept():
    assert clean("[T]he king th[is]-").text == "The king th-"


def test_sctk_braces():
    assert clean("{ um } {laugh} so", sctk=True) == ("{ um }   so", ("{laugh}",))
    assert clean("{ um } {laugh} so").dropped == ("{ um }", "{laugh}")
    assert first_alternatives("{ um / uh / @ } so { @ / x } { a / { b / c } }").split() == ["um", "so", "a"]


def test_sounds():
    assert is_sound("laughter") and is_sound("Heavy breathing") and is_sound("лёгкий смех") is False and is_sound("громкий смех")
    assert not is_sound("the king") and not is_sound("background") and not is_sound("") and not is_sound("the music")


@given(st.text(alphabet="ab[]<>(){}/%&;#*+!3 -:|", max_size=40))
def test_any_text_is_cleaned(text):
    cleaned = clean(text)
    assert bool(cleaned.dropped) or set(cleaned.text) <= set(decode_entities(text))
    assert clean(text, sctk=True).text is not None


@pytest.mark.parametrize("text, decoded", [
    ("don&#39;t &amp; can&#x27;t", "don't & can't"), ("&quot;sí&quot;&nbsp;no", '"sí"\u00a0no'), ("&eacute;t&Eacute; &uuml;ber", "étÉ über"), ("&amp;#39;", "'"), ("it&#39s", "it's"),
    ("fish &amp chips", "fish & chips"), ("&AMP; &APOS;tis", "& 'tis"), ("AT&T R&D; &notaword; &; &#; a&b", "AT&T R&D; &notaword; &; &#; a&b"), ("&hellip;&mdash;", "…—"),
    ("&copyright &notin", "&copyright &notin"),
])  # fmt: skip
def test_character_references(text, decoded):
    assert decode_entities(text) == decoded


@pytest.mark.parametrize("text, words", [
    ("don&#39;t you", "don't you"), ("R&amp;D &quot;yes&quot;&nbsp;sir", "r and d yes sir"), ("caf&eacute; 5&euro;", "cafe five euros"), ("1&frac12; &#189;", "one and one half one half"),
])  # fmt: skip
def test_character_references_are_decoded_before_normalisation(text, words):
    assert normalize(text) == words


def test_texts_of_language_models_have_no_markup(tmp_path):
    (tmp_path / "a.txt").write_text("<s> [noise] hallo welt </s>\n(Applaus)\nR&amp;D <unk>\n", encoding="utf-8")
    with pytest.warns(InputWarning, match=r"a.txt: markup dropped: 5 \(1 <s>, 1 </s>, 1 \[noise\], 1 \(applaus\), 1 <unk>\)"):
        assert list(read_sentences(tmp_path / "a.txt")) == ["hallo welt", "R&D"]


def test_counts_are_shown():
    assert render_dropped({"[a]": 1, "[b]": 1200, "c": 2, "d": 2, "e": 2, "f": 1}) == "1,208 (1,200 [b], 2 c, 2 d, 2 e, 1 [a], ...)"
