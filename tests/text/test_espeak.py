"""Pronunciations by espeak-ng, against those of dictionaries."""
from __future__ import annotations

import threading
import unicodedata

import pytest
from needs_espeak import needs_espeak, without_espeak

from ctcb.errors import InputError, RunError
from ctcb.text import espeak

__all__ = ["without_espeak"]

# Wiktionary and Duden, Petit Robert and Larousse, DRAE; the sounds that all transcriptions of the name share.
KNOWN = [
    ("de", "Müller", "m ʏ l"), ("de", "Schröder", "ʃ r øː d"), ("de", "Goethe", "ɡ t ə"), ("de", "Zürich", "ts yː r ɪ ç"), ("de", "Bach", "b a x"),
    ("de", "Pfister", "pf ɪ s t"), ("de", "Weiß", "v aɪ s"), ("de", "Freud", "f r ɔø t"),
    ("fr", "François", "f ʁ ɑ̃ s w a"), ("fr", "Macron", "m a k ʁ ɔ̃"), ("fr", "Renault", "ʁ ə n o"), ("fr", "Dubois", "d y b w a"),
    ("es", "Jorge", "x o ɾ x e"), ("es", "Muñoz", "m u ɲ o θ"), ("es-419", "Muñoz", "m u ɲ o s"), ("es", "Quijote", "k i x o t e"),
    ("ru", "Путин", "p u tʲ i n"), ("ru", "Жуков", "ʒ u k"), ("pl", "Szczecin", "ʃ tʃ ɛ tɕ i n"), ("it", "Ciao", "tʃ a o"),
    ("tr", "Erdoğan", "ɛ r d oː a n"), ("el", "Παπαδόπουλος", "p a p a ð o p u l o s"), ("ja", "トヨタ", "t o j o t a"), ("cmn", "北京", "p ei tɕ i ŋ"),
]  # fmt: skip


def bare(phones):
    """Without the marks on vowels that only say how open or central they are."""
    marks = "\N{COMBINING DOWN TACK BELOW}\N{COMBINING DIAERESIS}"
    return unicodedata.normalize("NFC", "".join(char for char in unicodedata.normalize("NFD", phones) if char not in marks or phones == "ʏ"))


@needs_espeak
@pytest.mark.parametrize("language, name, phones", KNOWN)
def test_known_pronunciations(language, name, phones):
    (found,) = espeak.pronounce([name], language)
    rest = iter([bare(phone) for phone in found])
    assert all(bare(phone) in rest for phone in phones.split()), found  # in this order
    assert len(found) <= len(phones.split()) + 2


@needs_espeak
def test_phones_are_apart_and_stress_is_kept_on_demand():
    assert espeak.pronounce(["Weiß", "zwei Pfund", ""], "de", stress=True) == [("v", "ˈaɪ", "s"), ("ts", "v", "ˈaɪ", "pf", "ˈʊ", "n", "t"), ()]
    assert espeak.pronounce(["Zürich"], "de", stress=True) == [("ts", "ˈyː", "r", "ɪ", "ç")]
    assert espeak.pronounce(["Mu\N{COMBINING DIAERESIS}ller"], "de") == espeak.pronounce(["Müller"], "de")
    # A word of another language has no (en) in it, a tone no number.
    for phones in espeak.pronounce(["Apple", "Windows"], "de") + espeak.pronounce(["李雪梅", "我"], "cmn") + espeak.pronounce(["hỏi", "ngã"], "vi"):
        assert phones and all(char.isalpha() or unicodedata.category(char) == "Mn" for phone in phones for char in phone), phones


@needs_espeak
@pytest.mark.parametrize("language, text", [("de", "Сидоров"), ("de", "李明"), ("en-us", "Сидоров"), ("ja", "東京"), ("ja", "田"), ("ko", "李明"), ("fr", "Я")])
def test_script_that_the_language_does_not_read_has_no_phones(language, text):
    assert espeak.pronounce([text], language) == [()]


@needs_espeak
@pytest.mark.parametrize("code, hint", [
    ("deu", "write de"), ("german", "write de"), ("DE", "write de"), ("de-AT", "write de"), ("en_US", "write en-us or en"), ("zho", "write zh"), ("qqq", "such as es"),
])  # fmt: skip
def test_unknown_language_is_refused_and_the_hint_works(code, hint):
    with pytest.raises(InputError, match=f"{code!r} is no language that espeak-ng pronounces; .*{hint}"):
        espeak.pronounce(["ann"], code)
    for meant in [word for word in hint.split() if word not in ("write", "or", "such", "as")]:
        espeak.check_language(meant)
    with pytest.raises(InputError) as caught:
        espeak.check_language(code, "names.txt", 3)
    assert str(caught.value).startswith("names.txt:3: ") and "de" in espeak.languages()


@needs_espeak
def test_threads_get_their_own_language():
    names = [f"Jean{end}" for end in "abcdefghij" * 3]
    want = {language: espeak.pronounce([name + "x" for name in names], language) for language in ("de", "fr", "es")}
    espeak._load.cache_clear()
    found, threads = {}, []
    for language in want:
        threads.append(threading.Thread(target=lambda code=language: found.update({code: espeak.pronounce([name + "x" for name in names], code)})))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == want


def test_missing_extra_is_named(without_espeak):
    with pytest.raises(RunError, match=r"espeak-ng, which is not installed; pip install 'ctcb\[espeak\]'"):
        espeak.pronounce(["ann"], "de")
