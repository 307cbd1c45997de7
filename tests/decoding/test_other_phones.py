"""Models whose phones are not the CMU dictionary's: made-up German, French and Russian ones, through the whole decode."""
from __future__ import annotations

import io
import json
import shutil

import numpy as np
import pytest
import sentencepiece
from constructed import log_probs
from needs_espeak import needs_espeak, without_espeak

import ctcb as api
from ctcb.acoustic.directory import LoadedModel, load_model, save_model, write_model_yaml
from ctcb.data.features import FeatureConfig
from ctcb.models.config import EncoderConfig, InterCtc, ModelConfig
from ctcb.models.ctc import CtcModel
from ctcb.phones.phonetics import Phonetics
from ctcb.text.lang import Lang, copy_lang

__all__ = ["without_espeak"]

SENTENCES = {
    "de": "herr müller kam heute|frau schön ging schnell nach köln|wir trafen jürgen beim bäcker|heute kam frau weiß nach zürich|der schöne garten",
    "fr": "monsieur françois est venu|le garçon arrive à orléans|nous avons vu hélène hier|la forêt près du château|cet été où êtes vous",
    "ru": "позвони иванову сегодня|мы были в москве вчера|она живёт у щукина|хороший новый дом|это мой брат сергей",
}
# Pronunciations that each lexicon has; the others come from espeak-ng.
OWN = {"de": "kam\tk a m\nkam\tk aː m\nHeute\th ɔø t ə\n", "fr": "le\tl ə\n", "ru": "мы\tm ɨ\n"}
PHONES = {
    "de": "ˈ a aː aɪ aʊ b d e eː f h i iː j k l m n o oː p r s t u uː v x y yː z ç ø øː ŋ œ ɔ ɔø ə ɛ ɜ ɡ ɪ ʃ ʊ ʏ pf ts".split()[1:],
    "fr": "a b d e f i j k l m n o p s t u v w y z ø œ ɑ̃ ɔ ɔ̃ ə ɛ ɛ̃ ɡ ɥ ɲ ʁ ʃ ʒ".split(),
    "ru": "a b d e f i j k l m n o p r s t u v x z ɕ ɡ ɨ ʂ ʐ ts tɕ".split(),
}


def make_model(folder, language):
    """A model directory with random weights in the letters and phones of a language."""
    lang, target = folder / "lang", folder / "model"
    lang.mkdir(parents=True)
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES[language].split("|") * 3), model_writer=model, vocab_size=55 if language != "ru" else 52, model_type="unigram",
        character_coverage=1.0, pad_id=0, pad_piece="<blk>", unk_id=1, unk_piece="<unk>", bos_id=-1, eos_id=-1, minloglevel=2,
        normalization_rule_name="identity", hard_vocab_limit=False,
    )
    (lang / "tokens.model").write_bytes(model.getvalue())
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    pieces = [processor.id_to_piece(place) for place in range(processor.get_piece_size())]
    (lang / "tokens.txt").write_text("".join(f"{piece}\n" for piece in pieces), "utf-8")
    (lang / "phones.txt").write_text("".join(f"{phone}\n" for phone in ["<blk>", *PHONES[language]]), "utf-8")
    (lang / "lexicon.txt").write_text(OWN[language], "utf-8")
    (lang / "language.txt").write_text(language + "\n")
    config = ModelConfig(
        num_subwords=len(pieces), num_phones=len(PHONES[language]) + 1, encoder=EncoderConfig(dim=32, layers=3, heads=2, ff_dim=64, conv_kernel=5),
        inter_ctc=(InterCtc(1, "phone"), InterCtc(2, "subword")),
    )
    source = folder / "training"
    source.mkdir()
    write_model_yaml(source, config, FeatureConfig())
    copy_lang(lang, source)
    save_model(target, CtcModel(config).state_dict(), source)
    return target


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return {language: make_model(tmp_path_factory.mktemp(language), language) for language in PHONES}


def said(symbols, units, frames):
    """Emissions of ``frames`` frames that say units one after another, a blank behind each."""
    row = [unit for one in units for unit in (one, "<blk>")]
    return log_probs(symbols, row + ["<blk>"] * (frames - len(row)))


@pytest.fixture
def decode(ctcb, models, tmp_path):
    """Decode what was spelled and what was spoken, with a list; the line of ``hyps.jsonl``."""

    def call(language, spelled, spoken, names, *options, model=None):
        model = model or models[language]
        lang = Lang.load(model)
        pieces = [lang.tokenizer.pieces[token] for token in lang.tokenizer.encode(spelled)]
        frames = 2 * max(len(pieces), len(spoken.split())) + 2
        np.savez(tmp_path / "e.npz", u1=said(lang.tokenizer.pieces, pieces, frames))
        np.savez(tmp_path / "p.npz", u1=said(lang.phones, spoken.split(), frames))
        (tmp_path / "names.txt").write_text(names, "utf-8")
        ran = ctcb(
            "decode", "--model", model, "--emissions", tmp_path / "e.npz", "--phone-emissions", tmp_path / "p.npz", "--entities", tmp_path / "names.txt",
            "--bias", "none", "--format", "jsonl", *options,
        )
        assert ran.code == 0, ran.err
        return {**json.loads(ran.out), "err": ran.err}

    return call


LOOKUP = ("--with", "lookup", "--lookup-evidence", 2, "--set", "lookup.short_name_penalty=0")
HEARD = [
    # what the tokens say, the phones (by a dictionary), the listed name, and what is right
    ("de", "herr muller kam heute", "h ɛ r m ʏ l ɜ k aː m h ɔø t ə", "Müller", "herr müller kam heute"),
    ("fr", "le garson arrive", "l ə f ʁ ɑ̃ s w a a ʁ i v", "François", "le françois arrive"),
    ("ru", "мы сигодня были", "m ɨ ɕ u k i n b ɨ l i", "Щукин", "мы щукин были"),
]


@needs_espeak
@pytest.mark.parametrize("language, spelled, spoken, name, right", HEARD)
def test_lookup_puts_in_the_name_whose_phones_were_spoken(decode, language, spelled, spoken, name, right):
    row = decode(language, spelled, spoken, f"{name}\n", *LOOKUP)
    (found,) = row["entities"]
    assert (row["text"], found["entity"], found["why"]) == (right, name, ["lookup"]) and found["replaced"] == spelled.split()[1]
    # Other phones: the words stay.
    other = " ".join("a" if phone not in ("a",) else "i" for phone in spoken.split())
    assert decode(language, spelled, other, f"{name}\n", *LOOKUP)["text"] == spelled


@needs_espeak
@pytest.mark.parametrize("language, spelled, spoken, name, right", HEARD)
def test_verification_keeps_spoken_names_and_withdraws_others(decode, language, spelled, spoken, name, right):
    kept = decode(language, right, spoken, f"{name}\n", "--with", "subword", "--with", "verify")
    assert [found["entity"] for found in kept["entities"]] == [name] and kept["entities"][0]["confidence"] > 0.9
    never = " ".join("p" if phone != "p" else "m" for phone in spoken.split())
    row = decode(language, right, never, f"{name}\n", "--with", "subword", "--with", "verify")
    # The unbiased search has the same words, so that the name stays; its confidence says that it was not spoken.
    assert row["entities"][0]["confidence"] < 0.1 and row["text"] == right


@needs_espeak
def test_words_come_from_the_lexicon_in_any_case_and_then_from_espeak(models):
    lexicon = Lang.load(models["de"]).lexicon
    assert lexicon.pronunciations("kam") == (("k", "a", "m"), ("k", "aː", "m")) and lexicon.origin("heute") == "own"
    assert lexicon.words("Heute: Müller-Weiß!") == ["heute", "müller", "weiß"]
    assert lexicon.pronunciations("weiß") == (("v", "aɪ", "s"),) and lexicon.origin("weiß") == "espeak"
    # ɾ and ʁ are r here, ɑː is a or aː, tʃ is t ʃ.
    assert set(lexicon.phones_of_text("Jürgen Rossmann Peking Deutsch Čapek garage")) <= set(PHONES["de"])
    assert lexicon.pronunciations("сидоров") == () and lexicon.origin("сидоров") == "none"


@needs_espeak
def test_pronunciations_of_the_list_may_be_in_the_ipa_or_in_cmu_phones(decode):
    # The list's own phones are mapped to the model's: ɾ is r.
    for pron in ("ʃ ɾ ɛ ŋ s t", "SH R EH NG S T"):
        row = decode("de", "herr schnell heute", "h ɛ r ʃ r ɛ ŋ s t h ɔø t ə", f"Granit\tpron={pron}\n", *LOOKUP)
        assert (row["text"], [found["entity"] for found in row["entities"]]) == ("herr granit heute", ["Granit"])


@needs_espeak
def test_name_that_cannot_be_pronounced_is_neither_found_nor_withdrawn(decode, ctcb, models, tmp_path):
    row = decode("de", "herr kam heute", "h ɛ r k aː m h ɔø t ə", "Сидоров\tspoken=kam\n李明\tspoken=李明\n", "--with", "lookup", "--with", "verify", "--with", "phones")
    assert row["text"] == "herr kam heute"
    model = tmp_path / "mute"  # has no language, and its lexicon no name
    shutil.copytree(models["de"], model)
    (model / "language.txt").unlink()
    row = decode("de", "herr köln heute", "h ɛ r k œ l n h ɔø t ə", "Köln\n", "--with", "subword", "--with", "verify", "--with", "lookup", model=model)
    assert [(found["entity"], found.get("confidence")) for found in row["entities"]] == [("Köln", None)]
    (tmp_path / "names.txt").write_text("Kam\n", "utf-8")
    ran = ctcb("entities", "check", tmp_path / "names.txt", "--model", model)
    assert ran.code == 0 and "pronunciations (own): k a m | k aː m" in ran.out
    (tmp_path / "names.txt").write_text("Köln\n", "utf-8")
    ran = ctcb("entities", "check", tmp_path / "names.txt", "--model", model)
    assert "WARNING: has no pronunciation in the model's phones: phones, lookup and verify leave it out" in ran.out


def test_without_the_extra_the_lexicon_is_used_and_one_warning_says_so(decode, without_espeak):
    row = decode("de", "kam kam heute müller", "k a m h ɔø t ə h ɔø t ə", "Heute\nKöln\nJürgen\n", *LOOKUP)
    assert (row["text"], [found["why"] for found in row["entities"]]) == ("kam heute heute müller", [["lookup"], []])
    assert row["err"].count("have no pronunciation: espeak-ng is not installed; pip install 'ctcb[espeak]'") == 1


@needs_espeak
def test_python_and_command_read_the_same_phones_of_another_model(ctcb, models, tmp_path):
    """A model that is not ours, of characters; its phone head is described by a folder."""
    tokens = ["<blk>", "|", *"abcdefghijklmnopqrstuvwxyzäöüß"]
    emissions, lang = said(tokens, [*"herr|muller|kam"], 34), tmp_path / "lang"
    lang.mkdir()
    for name in ("phones.txt", "language.txt"):
        shutil.copy(models["de"] / name, lang / name)
    phones = said(Phonetics.read(lang).symbols, "h ɛ r m ʏ l ɜ k aː m".split(), 34)
    options = {"lookup.min_gain": 2.0, "lookup.short_name_penalty": 0.0}
    decoder = api.CtcDecoder(tokens, frame_shift=0.02, language="de", bias="none", with_=["lookup"], settings=options, phone_emissions=lang)
    transcript = decoder.decode(emissions, ["Müller"], phones=phones)
    assert transcript.text == "herr müller kam" and transcript.entities[0].why == ("lookup",)
    np.savez(tmp_path / "e.npz", u1=emissions)
    np.savez(tmp_path / "p.npz", u1=phones)
    (tmp_path / "tokens.txt").write_text("".join(f"{token}\n" for token in tokens), "utf-8")
    (tmp_path / "names.txt").write_text("Müller\n", "utf-8")
    command = ["decode", "--emissions", tmp_path / "e.npz", "--tokens", tmp_path / "tokens.txt", "--language", "de", "--frame-shift", 0.02,
               "--entities", tmp_path / "names.txt", "--bias", "none", *LOOKUP]  # fmt: skip
    ran = ctcb(*command, "--phone-emissions", tmp_path / "p.npz", "--phone-lang", lang)
    assert (ran.code, ran.out) == (0, "u1 herr müller kam\n")
    ran = ctcb(*command, "--phone-lang", lang)
    assert ran.code == 2 and "--phone-lang is for --phone-emissions; leave it out or give --phone-emissions" in ran.err
    ran = ctcb(*command, "--phone-emissions", tmp_path / "p.npz", "--phone-lang", tmp_path / "none")
    assert ran.code == 2 and "none: no such folder" in ran.err


def test_model_directory_keeps_its_language(models, tmp_path):
    loaded = load_model(models["de"])
    assert isinstance(loaded, LoadedModel) and loaded.lang.lexicon.language == "de" == loaded.lang.writing.language
    assert loaded.lang.tokenizer.decode(loaded.lang.tokenizer.encode("Müller, Weiß")) == "müller weiß"


@pytest.mark.parametrize("content, told", [
    ("", "language.txt:1: '' is not the one code of a language; write one, such as de"),
    ("de\nfr\n", "language.txt:2: 'fr' is not the one code"), ("Deutsch!\n", "language.txt:1: 'Deutsch!' is not the one code"),
])  # fmt: skip
def test_bad_language_file_is_refused(models, tmp_path, content, told):
    shutil.copytree(models["de"], tmp_path / "model")
    (tmp_path / "model" / "language.txt").write_text(content)
    with pytest.raises(api.InputError) as caught:
        Lang.load(tmp_path / "model")
    assert told in str(caught.value)


@needs_espeak
def test_language_that_does_not_exist_is_refused(models, tmp_path):
    shutil.copytree(models["de"], tmp_path / "model")
    (tmp_path / "model" / "language.txt").write_text("deu\n")
    with pytest.raises(api.InputError, match="language.txt:1: 'deu' is no language that espeak-ng pronounces; write de"):
        Lang.load(tmp_path / "model")


def test_name_with_letters_that_no_piece_has_is_rejected(decode):
    row = decode("de", "herr kam heute", "h ɛ r k aː m h ɔø t ə", "Xerxq\nKam\n")
    assert [found["entity"] for found in row["entities"]] == ["Kam"] and "'Xerxq' needs letters that no token has: q x" in row["err"]


@needs_espeak
def test_graphs_over_phones_spell_names_of_other_languages(models):
    from ctcb.biasing.prepared_list import SpelledList
    from ctcb.entities import Entity, EntityList
    from ctcb.graph.compiling import units_of_lang
    from ctcb.graph.spellings import PhoneSpelling

    units = units_of_lang(models["de"], "phone")
    spelling = PhoneSpelling(units.table, {**units.entries, "müller": [("m", "ʏ", "l", "ɜ")]})
    names = EntityList.of([Entity("Müller"), Entity("Kam"), Entity("Köln", languages=("de",)), Entity("Ann", prons=("ʔ a n",))])
    found = [[" ".join(units.table.symbols[token] for token in ids) for ids in own] for own in SpelledList.of(names, spelling).phrases]
    assert found == [["m ʏ l ɜ"], ["k a m", "k aː m"], ["k œ l n"], ["a n"]]


@needs_espeak
def test_adapter_reads_the_pronunciation_of_a_language_beside_the_default_one(models, lang_dir):
    from ctcb.adapter.cache import CatalogueCache
    from ctcb.adapter.encoded_list import entries_of
    from ctcb.adapter.entries import EntrySpeller
    from ctcb.entities import Entity

    for folder, language, own in ((lang_dir, "de", "T S AA N"), (models["de"], "fr", "z a n")):
        lang = Lang.load(folder)
        entity = Entity("zann", spoken=("zann",))
        for prons in ((), ("M AA N",)):
            plain, _ = entries_of([api.Entity("zann", prons=prons)], EntrySpeller(lang, True))
            both, owners = entries_of([api.Entity("zann", prons=prons, languages=(language,))], EntrySpeller(lang, True))
            assert both[: len(plain)] == plain and owners == [0, 0]
            assert " ".join(lang.phones[phone] for phone in both[-1].phones) == own
        assert len(entries_of([api.Entity("zann", languages=(language,))], EntrySpeller(lang, False))[0]) == 1
        key = CatalogueCache(folder).key
        assert key("m", [entity], lang.writing) != key("m", [Entity("zann", spoken=("zann",), languages=(language,))], lang.writing)


@needs_espeak
def test_training_targets_are_in_the_models_phones(models):
    import pickle

    from ctcb.data.loader import Targets

    lang = pickle.loads(pickle.dumps(Lang.load(models["ru"])))
    targets = Targets(lang.tokenizer, lang.lexicon, lang.phones)
    phones = [lang.phones[phone] for phone in targets("Мы жук 李明")["phone"]]
    assert phones == ["m", "ɨ", "ʐ", "u", "k"] and targets.words("мы 李明")[1][0] == 0
