"""What vocabularies can write, and names in it."""
import pytest

from ctcb.text.scripts import is_unspaced
from ctcb.text.tokens import TokenTable, is_sign
from ctcb.text.writing import Writing, is_punctuation

GERMAN = Writing(frozenset("abcdefghijklmnopqrstuvwxyzäöüß"))
CASED = Writing(frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'"))
SIGNS = Writing(frozenset("abcdefghijklmnopqrstuvwxyz'.,-"))
RUSSIAN = Writing(frozenset("абвгдежзийклмнопрстуфхцчшщъыьэюяё"))
TURKISH = Writing(frozenset("abcçdefgğhıijklmnoöprsştuüvyz"))
CHINESE = Writing(frozenset("我们给李明打电话北京"))
GREEK = Writing(frozenset("αβγδεζηθικλμνξοπρστυφχψωάέήίόύώς"))
HEBREW = Writing(frozenset("אבגדהוזחטיכךלמםנןסעפףצץקרשת"))
POLISH = Writing(frozenset("aąbcćdeęfghijklłmnńoóprsśtuwyzźż"))
DIGITS = Writing(frozenset("abcdefghijklmnopqrstuvwxyzäöüß0123456789"))
FRENCH = Writing(frozenset("abcdefghijklmnopqrstuvwxyzàâæçéèêëîïôœùûüÿ'-"))


@pytest.mark.parametrize(
    "writing, text, forms",
    [
        (Writing.english(), "José Müller", ("jose muller",)),
        (Writing.english(), "25 Łódź", ("twenty five lodz",)),
        (GERMAN, "Müller", ("Müller",)),
        (GERMAN, "Mu\u0308ller", ("Müller",)),  # decomposed
        (GERMAN, "Weißestraße", ("Weißestraße",)),
        (GERMAN, "Škoda", ("Skoda",)),  # a letter that German lacks
        (GERMAN, "Jean-Pierre", ("Jean Pierre",)),
        (CASED, "McCarthy", ("McCarthy",)),
        (CASED, "O’Brien", ("O'Brien", "OBrien")),
        (CASED, "U.S.", ("U S", "US")),
        (SIGNS, "U.S.", ("U.S.", "U S")),
        (SIGNS, "Jean-Pierre", ("Jean-Pierre", "Jean Pierre")),
        (SIGNS, "Smith & Co.", ("Smith Co.", "Smith Co")),
        (RUSSIAN, "Сидоров", ("Сидоров",)),
        (RUSSIAN, "Санкт-Петербург", ("Санкт Петербург",)),
        (CHINESE, "李明", ("李明",)),
        (CHINESE, "李 明", ("李明",)),  # spaces mean nothing there
        (HEBREW, "שָׁלוֹם", ("שלום",)),  # vowel points are left out
        (POLISH, "Łódź", ("Łódź",)),
        (FRENCH, "Élysée", ("Élysée",)),
        (FRENCH, "l’Hôpital", ("l'Hôpital", "lHôpital")),
        (DIGITS, "Bundesstraße 27", ("Bundesstraße 27",)),
        (Writing(GERMAN.characters, "de"), "Bundesstraße 27", ("Bundesstraße siebenundzwanzig",)),
        (Writing(FRENCH.characters, "fr"), "Paris 8", ("Paris huit",)),
        (SIGNS, "...", ()),
    ],
)
def test_forms(writing, text, forms):
    assert writing.forms(text) == forms


def test_case_follows_the_letters():
    assert TURKISH.lower("DIYARBAKIR") == "dıyarbakır" and TURKISH.lower("İstanbul") == "istanbul"
    assert TURKISH.upper("istanbul") == "İSTANBUL"
    assert GERMAN.lower("ÖSTERREICH") == "österreich" and GERMAN.upper("Straße") == "STRASSE"
    assert Writing(frozenset("ABCÄÖÜẞSTRE")).upper("Straße") == "STRAẞE"
    assert GREEK.lower("ΟΔΟΣ") == "οδος"  # a final sigma
    assert Writing(TURKISH.characters, "en").lower("I") == "i"  # the stated language decides
    assert CASED.cased and not GERMAN.cased and not CHINESE.cased
    assert [casing("nasa X") for casing in CASED.casings] == ["nasa X", "nasa x", "Nasa X", "NASA X"]


def test_what_is_folded_is_said():
    assert GERMAN.folded("Škoda Müller") == "'Š' as 'S'"
    assert GERMAN.folded("Straße") == "" and POLISH.folded("Łódź") == ""
    assert HEBREW.folded("שׁ") == "'ׁ' left out"
    assert Writing.english().folded("Сидоров") == "'Сидоров' as 'sidorov'" and Writing.english().folded("José") == ""


def test_letters_that_cannot_be_folded_are_missing():
    assert CHINESE.missing("李伟") == ["伟"] and RUSSIAN.missing(RUSSIAN.forms("Ўлад")[0]) == []
    assert Writing(CHINESE.characters, any_character=True).missing("李伟") == []


def test_kinds_of_characters():
    assert is_unspaced("李") and is_unspaced("ひ") and is_unspaced("ไ") and not is_unspaced("한") and not is_unspaced("a")
    assert is_punctuation(".,") and not is_punctuation("u.") and not is_punctuation("")
    assert is_sign(",") and is_sign("▁.") and not is_sign("'") and not is_sign("-") and not is_sign("▁") and not is_sign("a")


def test_english_by_letters_or_by_name():
    assert CASED.is_english and SIGNS.is_english and not GERMAN.is_english and not RUSSIAN.is_english
    assert Writing(GERMAN.characters, "en-US").is_english and not Writing(SIGNS.characters, "nl").is_english
    assert TokenTable.of(["<blk>", "▁a", "é"], language="en").writing.is_english
