"""``lang=``: a name's pronunciation in another language, beside the default one, in an English model."""
from __future__ import annotations

import json

import numpy as np
import pytest
from constructed import PIECES, log_probs, write
from needs_espeak import needs_espeak, without_espeak

import ctcb as api
from ctcb.entities import Entity, EntityList
from ctcb.entities.pronunciations import of_languages, pronunciations
from ctcb.text.g2g import spellings
from ctcb.text.lexicon import Lexicon, phone_symbols

__all__ = ["without_espeak"]

# How English dictionaries with the CMU's phones (and Merriam-Webster's respellings) give them as spoken in their own language.
FOREIGN = [
    ("de", "Schröder", "SH R ER D AH"), ("de", "Goethe", "G ER T AH"), ("de", "Freud", "F R OY T"), ("de", "Weiß", "V AY S"), ("de", "Zeiss", "T S AY S"),
    ("fr", "Renault", "R AH N OW"), ("fr", "Dubois", "D UW B W AA"), ("fr", "Camus", "K AA M UW"), ("es", "Jorge", "HH OW R HH EY"),
    ("es-419", "Zapata", "S AA P AA T AA"), ("es", "Muñoz", "M UW N Y OW TH"), ("pl", "Łódź", "W UW CH"), ("ru", "Щукин", "SH UW K IY N"),
    ("it", "Ciao", "CH AA OW"), ("cmn", "北京", "P EY CH IY NG"),
]  # fmt: skip


@needs_espeak
@pytest.mark.parametrize("language, name, phones", FOREIGN)
def test_known_pronunciations_stand_beside_the_default_one(language, name, phones):
    entity, lexicon = Entity(name, languages=(language,)), Lexicon()
    assert of_languages(entity, lexicon) == [tuple(phones.split())]
    both = pronunciations(entity, lexicon)
    assert both[0] == tuple(phones.split()) and set(pronunciations(Entity(name), lexicon)) <= set(both)
    assert len(pronunciations(entity, lexicon, limit=1)) in (1, 2) and pronunciations(entity, lexicon, limit=1)[-1] in both


@needs_espeak
def test_of_several_languages_and_of_what_is_spoken():
    entity = Entity("K2", spoken=("zwei",), prons=("K EY T UW",), languages=("de", "es"))
    first, german, spanish = pronunciations(entity, Lexicon())
    assert first == ("K", "EY", "T", "UW") and german == ("T", "S", "V", "AY") and spanish[0] == "TH"
    assert pronunciations(Entity("Ann", languages=("ja",), spoken=("東京",)), Lexicon()) == pronunciations(Entity("東京"), Lexicon())
    stressed = pronunciations(Entity("Weiß", languages=("de",)), Lexicon(stress=True))[0]
    assert stressed == ("V", "AY1", "S") and set(stressed) <= set(phone_symbols(True))


@needs_espeak
def test_fields_of_every_format_that_keeps_fields(tmp_path):
    want = [Entity("Müller", languages=("de",)), Entity("Jorge", 2.0, ("horhay",), languages=("es", "es-419"))]
    (tmp_path / "plain").write_text("Müller\tlang=de\nJorge\tlang=es\tweight=2\talias=horhay\tlang=es-419\n", "utf-8")
    (tmp_path / "csv").write_text("text,lang,weight,alias\nMüller,de,,\nJorge,es|es-419,2,horhay\n", "utf-8")
    rows = [{"text": "Müller", "lang": "de"}, {"text": "Jorge", "lang": ["es", "es-419"], "weight": 2, "alias": "horhay"}]
    (tmp_path / "json").write_text(json.dumps(rows), "utf-8")
    for form in ("plain", "csv", "json"):
        assert list(EntityList.read(tmp_path / form, form)) == want
    assert EntityList.of(want).entities == tuple(want)
    united = EntityList.of([Entity("Ann", languages=("de",)), Entity("ann", languages=("fr", "de"))])
    assert united.entities[0].languages == ("de", "fr")
    assert EntityList.of([Entity("Ann", languages="de")]).report.notes[0].reason == "languages are 'de'; give a tuple of strings"


@needs_espeak
def test_conversion_keeps_the_field(ctcb, tmp_path):
    (tmp_path / "hot.csv").write_text("text,lang\nMüller,de\n", "utf-8")
    assert ctcb("entities", "convert", tmp_path / "hot.csv", "--entities-format", "csv", "--out", tmp_path / "names.txt").code == 0
    assert (tmp_path / "names.txt").read_text("utf-8") == "Müller\tlang=de\n"


@needs_espeak
@pytest.mark.parametrize("form, content, line", [
    ("plain", "Ann\nMüller\tlang=deu\n", 2), ("csv", "text,lang\nMüller,deu\n", 2), ("json", '[\n"Ann",\n{"text": "Müller", "lang": "deu"}]', 3),
])  # fmt: skip
def test_wrong_code_is_refused_by_file_and_line(ctcb, tmp_path, form, content, line):
    path = tmp_path / "list"
    path.write_text(content, "utf-8")
    for command in (["entities", "check", path], ["entities", "convert", path, "--out", tmp_path / "o"]):
        ran = ctcb(*command, "--entities-format", form)
        assert (ran.code, ran.err) == (2, f"ctcb: {path}:{line}: 'deu' is no language that espeak-ng pronounces; write de\n")
    path.write_text(content.replace("deu", "de"), "utf-8")
    assert ctcb("entities", "check", path, "--entities-format", form).code == 0


def test_without_the_extra_lists_load_and_pronouncing_says_what_to_install(ctcb, tmp_path, without_espeak):
    (tmp_path / "names.txt").write_text("Müller\tlang=de\n", "utf-8")
    assert EntityList.read(tmp_path / "names.txt").entities[0].languages == ("de",)
    assert ctcb("entities", "convert", tmp_path / "names.txt", "--out", tmp_path / "o").code == 0
    ran = ctcb("entities", "check", tmp_path / "names.txt")
    assert ran.code == 1 and ran.err.splitlines()[-1].endswith("espeak-ng, which is not installed; pip install 'ctcb[espeak]'")
    (tmp_path / "names.txt").write_text("Ann\nMüller\tlang=german!\n", "utf-8")
    ran = ctcb("entities", "check", tmp_path / "names.txt")
    assert ran.code == 2 and "names.txt:2: 'german!' is no code of a language; write one such as de" in ran.err


@needs_espeak
def test_report_names_the_pronunciation_and_what_cannot_be_read(ctcb, tmp_path):
    (tmp_path / "names.txt").write_text("Goethe\tlang=de\n東京\tlang=ja\n", "utf-8")
    ran = ctcb("entities", "check", tmp_path / "names.txt", "--json", tmp_path / "o.json")
    assert ran.code == 0 and "pronunciations (lang=de, " in ran.out and ": G ER T AH | " in ran.out
    assert "WARNING: cannot be pronounced by lang=ja: write it, with spoken=, in letters that this language has" in ran.out
    assert [entity.get("languages") for entity in json.loads((tmp_path / "o.json").read_text("utf-8"))["entities"]] == [["de"], ["ja"]]


PHONES = phone_symbols()
# The phones say Bonz as Germans do, B AO N T S; what English makes of it is B AA N Z.
SPOKEN = log_probs(PHONES, ["AE", "N", "M", "EH", "T", "<blk>", "B", "AO", "N", "T", "S", "<blk>"])
OTHER = log_probs(PIECES, ["▁an", "n", "<blk>", "▁met", "<blk>", "▁", "v", "n", *["<blk>"] * 4])  # ann met vn
RIGHT = log_probs(PIECES, ["▁an", "n", "<blk>", "▁met", "<blk>", "▁bo", "n", "z", *["<blk>"] * 4])  # ann met bonz
LOOKUP = {"lookup.min_gain": 1.0, "lookup.short_name_penalty": 0.0}


def decode(tokens, entity, *techniques, **settings):
    decoder = api.CtcDecoder(PIECES, bias="none", with_=techniques, settings=settings, phone_emissions=True)
    return decoder.decode(tokens, [entity], phones=SPOKEN)


def test_ipa_of_the_list_reaches_a_cmu_model():
    assert decode(OTHER, Entity("Bonz"), "lookup", **LOOKUP).text == "ann met vn"
    for pron in ("B AO N T S", "b ɔ n ts", "b ɔ n t s"):
        assert decode(OTHER, Entity("Bonz", prons=(pron,)), "lookup", **LOOKUP).text == "ann met bonz"
    report = EntityList.of([Entity("Bonz", prons=("v ɛ s", "v ʘ")), Entity("Ann", prons=("m a t i n",))]).report
    assert [note.reason for note in report.notes] == ["pron=v ʘ ignored: 'ʘ' is not a CMU phone, as in Z EH0 L EH1 N S K IY0"]


@needs_espeak
def test_it_reaches_lookup_verification_and_rescoring():
    german, english = Entity("Bonz", languages=("de",)), Entity("Bonz")
    found = decode(OTHER, german, "lookup", **LOOKUP)
    assert found.text == "ann met bonz" and found.entities[0].replaced == "vn"
    assert decode(OTHER, english, "lookup", **LOOKUP).text == "ann met vn"
    sure, unsure = (decode(RIGHT, entity, "subword", "verify").entities[0].confidence for entity in (german, english))
    assert sure > 0.9 > 0.5 > unsure
    fits, misfits = (decode(RIGHT, entity, "phones").score for entity in (german, english))
    assert fits > misfits + 1


@needs_espeak
def test_command_reads_the_field(ctcb, tmp_path):
    np.savez(tmp_path / "p.npz", u1=SPOKEN)
    command = ["decode", *write(tmp_path, {"u1": OTHER}), "--entities", tmp_path / "names.txt", "--phone-emissions", tmp_path / "p.npz", "--bias", "none",
               "--with", "lookup", *(word for name, value in LOOKUP.items() for word in ("--set", f"{name}={value}"))]  # fmt: skip
    for field, text in (("\tlang=de", "ann met bonz"), ("", "ann met vn")):
        (tmp_path / "names.txt").write_text(f"Bonz{field}\n", "utf-8")
        ran = ctcb(*command)
        assert (ran.code, ran.out) == (0, f"u1 {text}\n")
    (tmp_path / "names.txt").write_text("Bonz\tlang=xq\n", "utf-8")
    ran = ctcb(*command)
    assert ran.code == 2 and ran.err == f"ctcb: {tmp_path}/names.txt:1: 'xq' is no language that espeak-ng pronounces; write its ISO 639-1 code, such as es for Spanish\n"


@needs_espeak
def test_variants_spell_what_another_language_makes_of_a_name():
    from ctcb.biasing.options import TechniqueOptions
    from ctcb.biasing.prepared_list import Context, Setting, SpelledList
    from ctcb.biasing.spelling_variants import SpellingVariants
    from ctcb.search.vocabulary import Vocabulary
    from ctcb.text.spelling import PieceSpelling
    from ctcb.text.tokens import TokenTable

    tokens = ["<blk>", "|", *"abcdefghijklmnopqrstuvwxyz'"]
    table = TokenTable.of(tokens)
    setting = Setting(Vocabulary.from_tokens(tokens, 0, "|"), PieceSpelling(table), None, TechniqueOptions())

    def variants(entity):
        return SpellingVariants().prepare(Context.of(SpelledList.of(EntityList.of([entity]), setting.spelling), setting)).variants[0]

    assert {"shukine", "shukin"} & set(variants(Entity("Щукин", languages=("ru",))))
    assert any(text.startswith("horh") for text in variants(Entity("Jorgue", spoken=("Jorje",), languages=("es",))))
    assert not any(text.startswith("horh") for text in variants(Entity("Jorje")))


def test_spellings_of_phones_are_those_that_english_has():
    lexicon = Lexicon()
    known = {word: lexicon.pronunciations(word)[0] for word in ("ship", "boat", "thin", "moon", "teach", "hay")}
    for word, phones in known.items():
        assert word in [variant.text for variant in spellings([phones], 60)], word
    two = spellings([known["ship"], known["boat"]], 5)
    assert len(two) == 5 and two[0].cost == pytest.approx(0.6) and all(variant.text.count(" ") == 1 for variant in two)
    assert [variant.cost for variant in two] == sorted(variant.cost for variant in two)
    assert "ship" not in [variant.text for variant in spellings([known["ship"]], 60, lambda word: word == "ship")]
    assert spellings([("XX",)], 5) == []
