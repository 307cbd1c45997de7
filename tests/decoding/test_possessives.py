"""A possessive belongs to the sentence: a name is found before it, in every search and technique, and it stays in the text."""
from __future__ import annotations

import json

import numpy as np
import pytest
from constructed import log_probs, write

import ctcb
from ctcb.cli import main
from ctcb.scoring.score import score
from ctcb.text.lexicon import phone_symbols
from ctcb.text.possessives import has_possessives, possessive_of

LETTERS = ["<pad>", "|", *"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZäöüéèïґіє'’.,-"]
PIECES = ["<blk>", "<unk>", "▁", "▁the", "▁speech", "z", "el", "en", "sk", "y", "'", "s", "'s", "▁car", "▁james", "▁an", "n", "a"]
SHIFT = 0.04


def said(tokens, symbols):
    """Frames that surely say the tokens: each in one frame, and a blank behind it."""
    return log_probs(symbols, [frame for token in tokens for frame in (token, symbols[0])])


def letters(text):
    return said(["|" if char == " " else char for char in text], LETTERS)


@pytest.mark.parametrize("word, ending", [
    ("brion's", "'s"), ("brion’s", "’s"), ("BRION'S", "'S"), ("james'", "'"), ("max’", "’"), ("alice'", "'"), ("weiß'", "'"), ("u.s.'s", "'s"),
    ("po'", ""), ("don't", ""), ("'s", ""), ("brion", ""), ("ankara'da", ""), ("s'", "'"), ("", ""), ("k2's", "'s"), ("brionʼs", "ʼs"),
])  # fmt: skip
def test_possessive_of(word, ending):
    assert possessive_of(word) == ending


def test_languages():
    assert all(map(has_possessives, [None, "en", "en-GB", "eng", "de_AT", "nl", "da"]))
    assert not any(map(has_possessives, ["fr", "it", "tr", "uk", "pl", "ca-ES"]))


@pytest.mark.parametrize("bias", ["decoder", "none"])  # searched for, and only recognised
@pytest.mark.parametrize("language, text, names, printed, words, sides", [
    (None, "the zelenskyy's speech", ["Zelenskyy"], "the Zelenskyy's speech", (1, 2), ("", "'s")),
    ("en", "the zelenskyy’s, speech", ["Zelenskyy"], "the Zelenskyy’s, speech", (1, 2), ("", "’s,")),
    ("en", "in james' car", ["James"], "in James' car", (1, 2), ("", "'")),
    ("en", "the NASA'S plan", ["NASA"], "the NASA'S plan", (1, 2), ("", "'S")),
    ("en", "marta novak's.", ["Marta Novak"], "Marta Novak's.", (0, 2), ("", "'s.")),
    ("en", "the u.s.'s army", ["U.S."], "the U.S.'s army", (1, 2), ("", "'s")),
    ("de", "andrea's haus", ["Andrea"], "Andrea's haus", (0, 1), ("", "'s")),
    ("de", "felix' müller", ["Felix"], "Felix' müller", (0, 1), ("", "'")),
    ("nl", "de auto is anna's", ["Anna"], "de auto is Anna's", (3, 4), ("", "'s")),
    (None, "jean-pierre's", ["Jean-Pierre"], "Jean-Pierre's", (0, 1), ("", "'s")),
    # None in these.
    ("it", "un po' di", ["Po"], "un po' di", None, None),
    (None, "un po' di", ["Po"], "un po' di", None, None),
    ("ca", "dona's pressa", ["Dona"], "dona's pressa", None, None),
    ("tr", "ankara'da", ["Ankara"], "ankara'da", None, None),
    ("pl", "kennedy'ego", ["Kennedy"], "kennedy'ego", None, None),
    ("uk", "ім'я", ["Ім"], "ім'я", None, None),
    (None, "don't go", ["Don"], "don't go", None, None),
    (None, "smith-like men", ["Smith"], "smith-like men", None, None),
])  # fmt: skip
def test_names_in_characters(bias, language, text, names, printed, words, sides):
    if language == "uk":
        text = text.replace("м", "m").replace("я", "y").replace("і", "i")
        names, printed = ["Im"], text
    decoder = ctcb.CtcDecoder(LETTERS, language=language, frame_shift=SHIFT, bias=bias)
    result = decoder.decode(letters(text), entities=names)
    assert result.text == printed
    assert [(one.words, (one.prefix, one.suffix)) for one in result.entities] == ([] if words is None else [(words, sides)])
    if words is not None:
        (one,) = result.entities
        before = len(" ".join(text.split()[: words[0]])) + (words[0] > 0)
        assert one.start == pytest.approx(2 * SHIFT * before)
        last = before + len(" ".join(text.split()[slice(*words)])) - 1
        assert one.end == pytest.approx(2 * SHIFT * last + SHIFT)
        assert one.entity == names[0]


@pytest.mark.parametrize("bias", ["decoder", "none"])
@pytest.mark.parametrize("name, printed, suffix", [("Inc.", "acme Inc.", ""), ("Inc", "acme Inc.", ".")])
def test_a_full_stop_ends_an_abbreviation_and_the_sentence(bias, name, printed, suffix):
    result = ctcb.CtcDecoder(LETTERS, bias=bias).decode(letters("acme inc."), entities=[name])
    assert result.text == printed and [one.suffix for one in result.entities] == [suffix]
    assert result.to_dict()["shown"] == printed


@pytest.mark.parametrize("text, names, found", [
    ("call logan, now", ["Logan"], "call Logan, now"), ("«logan» is", ["Logan"], "«Logan» is"), ("call nasa.", ["NASA"], "call NASA."),
    ("'logan' is", ["Logan"], "'Logan' is"), ("a selenski came", ["Logan"], "a selenski came"),
])  # fmt: skip
def test_names_beside_signs_that_only_the_encoder_was_biased_to(text, names, found):
    symbols = [*LETTERS, "«", "»"]
    emissions = said(["|" if char == " " else char for char in text], symbols)
    result = ctcb.CtcDecoder(symbols, bias="none").decode(emissions, entities=names)
    assert result.text == found and [one.entity for one in result.entities] == (names if names[0] in found else [])


def test_names_in_scripts_without_spaces_that_only_the_encoder_was_biased_to():
    symbols = ["<blk>", *"我们给李明打电话"]
    result = ctcb.CtcDecoder(symbols, bias="none").decode(said("给李明打电话", symbols), entities=["李明"])
    assert result.text == "给李明打电话" and [(one.entity, result.words[one.words[0]].word) for one in result.entities] == [("李明", "李明")]


@pytest.mark.parametrize("tokens, printed, suffix", [
    (["▁the", "▁", "z", "el", "en", "sk", "y", "y", "'", "s", "▁speech"], "the zelenskyy's speech", "'s"),
    (["▁the", "▁", "z", "el", "en", "sk", "y", "y", "'s", "▁speech"], "the zelenskyy's speech", "'s"),
    (["▁the", "▁", "z", "el", "en", "sk", {"s": 0.5, "y": 0.45}, "y", "'", "s", "▁speech"], "the zelenskyy's speech", "'s"),
    (["▁the", "▁", "z", "el", "en", "sk", "y", "y", "▁speech"], "the zelenskyy speech", ""),
    (["▁james", "'", "▁car"], "james' car", "'"),
])  # fmt: skip
@pytest.mark.parametrize("method", ["beam", "graph"])
def test_names_in_pieces(tmp_path, method, tokens, printed, suffix):
    how = {}
    if method == "graph":
        pytest.importorskip("k2")
        write(tmp_path, {}, PIECES)
        grams = "".join(f"-0.9\t{word}\n" for word in ("the", "speech", "car"))
        (tmp_path / "lm.arpa").write_text(f"\\data\\\nngram 1=6\n\n\\1-grams:\n-99\t<s>\n-0.9\t</s>\n-1.5\t<unk>\n{grams}\n\\end\\\n")
        main(["graph", "--lm", str(tmp_path / "lm.arpa"), "--tokens", str(tmp_path / "tokens.txt"), "--out", str(tmp_path / "g")])
        how = {"method": "graph", "graph": tmp_path / "g"}
    decoder = ctcb.CtcDecoder(PIECES, frame_shift=SHIFT, **how)
    result = decoder.decode(said(tokens, PIECES), entities=["Zelenskyy", "James"])
    assert result.text == printed
    (one,) = result.entities
    assert one.suffix == suffix and result.words[one.words[0]].word == one.entity.lower() + suffix
    first = 0 if tokens[0] == "▁james" else 1
    assert one.start == pytest.approx(2 * SHIFT * first)
    assert one.end == pytest.approx(2 * SHIFT * (len(tokens) - 2) + SHIFT)
    assert decoder.decode(said(tokens, PIECES), entities=["Annan"]).entities == ()


PHONES = phone_symbols()
WITH_S = ["AE", "N", "M", "EH", "T", "B", "AA", "B", "Z"]  # ann met bob's
SYMBOLS = ["<blk>", "▁", "▁an", "n", "▁met", "▁bo", "b", "v", "z", "'", "s"]


@pytest.fixture
def decode(ctcb, tmp_path):
    """Decode tokens and phones with a list; the line of ``hyps.jsonl``."""

    def call(names, tokens, phones, *options):
        (tmp_path / "names.txt").write_text(names)
        frames = [*phones, *["<blk>"] * (len(tokens) - len(phones))]
        tokens = [*tokens, *["<blk>"] * (len(frames) - len(tokens))]
        np.savez(tmp_path / "p.npz", u1=log_probs(PHONES, frames))
        files = write(tmp_path, {"u1": log_probs(SYMBOLS, tokens)}, SYMBOLS)
        ran = ctcb("decode", *files, "--entities", tmp_path / "names.txt", "--phone-emissions", tmp_path / "p.npz", *options, "--format", "jsonl")
        assert ran.code == 0, ran.err
        return json.loads(ran.out)

    return call


def test_verified_and_rescored_names_keep_it(decode):
    tokens = ["▁an", "n", "▁met", "<blk>", "▁bo", {"v": 0.5, "b": 0.4}, "'", "s", "<blk>"]
    own = "Bob\tpron=B AA1 B\nann\n"
    for with_ in (["verify"], ["phones"], ["verify", "phones", "lookup"]):
        row = decode(own, tokens, WITH_S, "--bias", "none", "--with", "subword", *(word for name in with_ for word in ("--with", name)))
        assert row["text"] == "ann met bob's" and [one["entity"] for one in row["entities"]] == ["ann", "Bob"]
        assert row["shown"] == "ann met Bob's"
    heard = decode(own, tokens, WITH_S, "--bias", "none", "--with", "subword", "--with", "verify")["entities"][1]["confidence"]
    other = decode(own, tokens, WITH_S[:-1] + ["M"], "--bias", "none", "--with", "subword", "--with", "verify", "--set", "verify.threshold=0")
    assert heard > other["entities"][1]["confidence"]


@pytest.mark.parametrize("spelled, phones, text, replaced", [
    (["▁bo", "v", "'", "s"], ["Z", "EH", "R", "AH", "B", "OW", "Z"], "ann met nzz bon's", "bov"),  # a possessive
    (["▁bo", "v", "'", "s"], ["Z", "EH", "R", "AH", "B", "OW"], "ann met nzz bon", "bov's"),  # the end of the name
    (["▁bo", "v"], ["Z", "EH", "R", "AH", "B", "OW"], "ann met nzz bon", "bov"),
])  # fmt: skip
def test_lookup_leaves_a_possessive_that_is_heard(decode, spelled, phones, text, replaced):
    tokens = ["▁an", "n", "<blk>", "▁met", "<blk>", "<blk>", *spelled]
    heard = ["AE", "N", "M", "EH", "T", "<blk>", *phones, "<blk>"]
    row = decode("Nzz Bón\tpron=Z EH R AH B OW\nann\n", tokens, heard, "--bias", "none", "--with", "lookup")
    assert row["text"] == text
    found = row["entities"][-1]
    assert (found["entity"], found["replaced"]) == ("Nzz Bón", replaced)
    assert row["shown"] == text.replace("nzz bon", "Nzz Bón")


def test_scoring_by_language():
    refs = {"1": "Brion's and James' house", "2": "brion's house"}
    english = score(refs, refs, entities=["Brion", "James"], language="en")
    assert (english.entities.found, english.entities.missed, english.entities.false) == (3, 0, 0)
    assert score(refs, refs, entities=["Brion"], language="fr").entities.found == 0
    assert score(refs, refs, entities=["Brion"]).entities.found == 2
