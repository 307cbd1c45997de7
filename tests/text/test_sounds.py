"""Phones of any table by their features, and the nearest ones of a model."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctcb.text.lexicon import PHONES, Lexicon
from ctcb.text.sounds import LEAST, NearestPhones, difference, sounds_of

# The CMU phones as the dictionary's own documentation and Wikipedia's "ARPABET" write them in the IPA.
ARPABET = dict(
    AA="ɑ", AE="æ", AH="ʌ", AO="ɔ", AW="aʊ", AY="aɪ", B="b", CH="tʃ", D="d", DH="ð", EH="ɛ", ER="ɝ", EY="eɪ", F="f", G="ɡ", HH="h", IH="ɪ", IY="i",
    JH="dʒ", K="k", L="l", M="m", N="n", NG="ŋ", OW="oʊ", OY="ɔɪ", P="p", R="ɹ", S="s", SH="ʃ", T="t", TH="θ", UH="ʊ", UW="u", V="v", W="w",
    Y="j", Z="z", ZH="ʒ",
)  # fmt: skip
CMU = NearestPhones(PHONES)


def test_every_cmu_phone_is_the_nearest_to_its_ipa():
    assert set(ARPABET) == set(PHONES)
    assert {phone: CMU.write([ipa]) for phone, ipa in ARPABET.items()} == {phone: (phone,) for phone in PHONES}
    # and the other way, into a model of the IPA
    ipa = NearestPhones(tuple(ARPABET.values()))
    assert [ipa.write([phone]) for phone in PHONES] == [(ARPABET[phone],) for phone in PHONES]


@pytest.mark.parametrize("ipa, cmu", [
    ("ts yː r ɪ ç", "T S UW R IH SH"), ("pf aɪ fː ɜ", "P F AY F AH"), ("m u ɲ o θ", "M UW N Y OW TH"), ("k ɔ̃", "K AO N"), ("ɡ ˈœ t ə", "G ER T AH"),
    ("x o ɾ x e", "HH OW R HH EY"), ("b a x", "B AA HH"), ("ʎ o", "L Y OW"), ("sʲ i d", "S IY D"), ("f ɹ əl", "F R AH L"), ("ʔ a", "AA"), ("a5 m", "AA M"),
    ("f ʁ ɔø t", "F R OY T"), ("v iɛ n", "V IY EH N"), ("f aɪɚ", "F AY ER"),
])  # fmt: skip
def test_ipa_becomes_cmu(ipa, cmu):
    assert CMU.write(ipa.split()) == tuple(cmu.split())


def test_phones_of_the_table_stay():
    table = NearestPhones(["a", "aː", "ˈa", "y", "ts", "ɔ̃", "n", "ɲ"])
    assert table.write(["aː", "a", "ˈa", "ˌy", "yː", "ts", "ɔ̃", "ɲ"]) == ("aː", "a", "ˈa", "y", "y", "ts", "ɔ̃", "ɲ")
    assert table.write(["ø"]) == ("y",) and table.write(["n", "p"]) == ()  # no stop is there


def test_unknown_symbols_have_no_sounds_and_no_likeness():
    assert sounds_of("&x!") == () == CMU.write(["&"]) and NearestPhones(["%", "&"]).write(["a", "b"]) == ()
    assert NearestPhones(["%", "&"]).write(["&"]) == ("&",)


@given(st.lists(st.sampled_from("ptkbdɡfvszʃʒxhmnŋlrjwiyeøɛœaɑɔouʊɪə"), min_size=1, max_size=8))
def test_all_of_the_common_sounds_have_a_cmu_phone(phones):
    written = CMU.write(phones)
    assert len(written) >= len(phones) and set(written) <= set(PHONES)
    # of the same kind, one by one
    for phone in phones:
        (first, *_) = CMU.write([phone])
        assert sounds_of(phone)[0].kind == sounds_of(first)[0].kind


def test_differences_are_symmetric_and_sensible():
    def away(one, other):
        return difference(sounds_of(one)[0], sounds_of(other)[0])

    for like, unlike in [("s z", "s m"), ("y u", "y a"), ("ʁ ɹ", "ʁ s"), ("ç ʃ", "ç m"), ("tʃ ʃ", "tʃ l"), ("aɪ ɛɪ", "aɪ u"), ("j i", "j a")]:
        assert LEAST <= away(*like.split()) == away(*like.split()[::-1]) < away(*unlike.split()) <= 1


def test_lexicon_writes_both_in_its_own():
    assert Lexicon().adapted(["Z", "EH0"]) == ("Z", "EH") == Lexicon().adapted(["z", "ɛ"])
    assert Lexicon(stress=True).adapted(["z", "ɛ"]) == ("Z", "EH1") and Lexicon().adapted(["m", "y"]) == ("M", "UW")
