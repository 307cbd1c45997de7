"""The command ``ctcb decode --lm`` and unigram boosting, on constructed emissions."""
from __future__ import annotations

import gzip
import json
import shutil

import pytest
from constructed import LETTERS, MET, PIECES, SPOKEN, log_probs, write
from tones import sentences, write_manifest

import ctcb as package
from ctcb.errors import InputError, InputWarning
from ctcb.search.find_lm import LM_FILE, find_lm

# "bob" is a word of the LM, "bov" is not; the emissions prefer "bov" (0.6 to 0.25).
WORDS = """\\data\\
ngram 1=6

\\1-grams:
-99\t<s>
-1\t</s>
-4\t<unk>
-1\tann
-1\tmet
-2\tbob

\\end\\
"""


@pytest.fixture
def lm(tmp_path):
    (tmp_path / "lm.arpa").write_text(WORDS)
    return tmp_path / "lm.arpa"


@pytest.fixture
def decode(ctcb, tmp_path):
    """Decode MET in one of the vocabularies; options follow."""

    def call(*options, symbols=PIECES, frames=MET):
        return ctcb("decode", *write(tmp_path, {"u1": log_probs(symbols, frames)}, symbols), *options)

    return call


def test_lm_changes_the_best_words(decode, lm, tmp_path):
    assert decode().out == "u1 ann met bov\n"
    assert decode("--lm", lm).out == "u1 ann met bob\n"
    assert decode("--lm", lm, "--lm-weight", 0.1).out == "u1 ann met bov\n"
    assert decode("--lm", "none").out == "u1 ann met bov\n"
    assert decode("--lm", lm, symbols=LETTERS, frames=SPOKEN).out == "u1 ann met bob\n"
    packed = tmp_path / "lm.arpa.gz"
    packed.write_bytes(gzip.compress(lm.read_bytes()))
    assert decode("--lm", packed).out == "u1 ann met bob\n"


def test_listed_names_score_as_class_units(decode, lm, tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("Boz\tweight=3\n")
    only = ["--entities", names, "--lm", lm, "--lm-weight", 0.5, "--bias", "none", "--with", "unigram", "--format", "jsonl"]

    def found(*options):
        ran = decode(*only, *options)
        assert ran.code == 0, ran.err
        row = json.loads(ran.out)
        return row["text"], [(entity["entity"], entity["why"], entity["bonus"]) for entity in row["entities"]]

    assert found("--class-bonus", 0) == ("ann met bob", [])
    # As a unit `boz` has ln 3 + 12 more than as an unknown word of two tokens, at the LM's weight of 0.5.
    boz = "Boz", ["unigram"], pytest.approx((1.0986 + 12 + 2 * 1.5) / 2, abs=1e-3)
    assert found("--class-bonus", 12, "--piece-bonus", -1.5) == ("ann met boz", [boz])
    # With its boosts, weighed by 3: "▁bo" is its frame's best, "z" ln 6 below it; one letter of three earns nothing.
    gain = (1.0986 + 12 + 2 * 1.5) / 2 + 3 * (2 / 3) * (2 * 0.4 + 0.4 + 0.7 * 1.7918)
    boosts = ["--with", "subword", "--alpha", 0.7, "--beta", 0.4]
    both = [("Boz", ["subword", "unigram"], pytest.approx(gain, abs=2e-3))]
    assert found("--class-bonus", 12, "--piece-bonus", -1.5, *boosts) == ("ann met boz", both)


def test_preset_has_unigram_only_with_an_lm(decode, lm, tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("boz\n")
    options = ["--entities", names, "--lm", lm, "--alpha", 0, "--beta", 0, "--class-bonus", 12]
    assert decode(*options).out == "u1 ann met boz\n"
    assert decode(*options, "--without", "unigram").out == "u1 ann met bob\n"


@pytest.mark.parametrize("options, says", [
    (["--lm", "lm.arpa", "--method", "greedy"], "greedy decoding takes no --lm"),
    (["--lm-weight", 1], "--lm-weight is for an LM, and there is none; give --lm FILE"),
    (["--lm", "none", "--class-bonus", 1], "--class-bonus is for an LM, and there is none"),
    (["--lm", "lm.arpa", "--lm-weight", -1], "beam.lm_weight is -1.0; it must be at least 0"),
    (["--lm", "nowhere.arpa"], "nowhere.arpa: no such file; `ctcb lm` makes an LM"),
    (["--lm", "greek.arpa"], "greek.arpa: 0 of its 3 words can be written in the model's tokens; 'ΑΝΝ' cannot"),
    (["--lm", "cut.arpa"], "cut.arpa:8: only 3 1-grams, where the header announces 6"),
    (["--entities", "names.txt", "--with", "unigram"], "the technique 'unigram' needs an LM; give one (--lm FILE"),
])
def test_wrong_lms_are_refused(decode, lm, tmp_path, monkeypatch, options, says):
    monkeypatch.chdir(tmp_path)
    lm.with_name("greek.arpa").write_text(WORDS.replace("ann", "ΑΝΝ").replace("met", "ΜΕΤ").replace("bob", "ΒΟΒ"), "utf-8")
    lm.with_name("cut.arpa").write_text("\n".join(WORDS.splitlines()[:7]) + "\n\n")
    (tmp_path / "names.txt").write_text("bob\n")
    ran = decode(*options)
    assert ran.code == 2 and says in ran.err and ran.err.count("\n") == 1, ran.err


def test_lm_of_the_model_is_the_default(ctcb, tmp_path, model_dir):
    folder = tmp_path / "model"
    shutil.copytree(model_dir, folder)
    assert find_lm(None, folder) is None and find_lm(None, None) is None
    (folder / LM_FILE).write_text("no ARPA file\n")  # so that it shows who reads it
    manifest = write_manifest(tmp_path, sentences(1))
    assert f"{LM_FILE}:1: is not an ARPA file" in ctcb("decode", "--model", folder, manifest).err
    for options in (["--lm", "none"], ["--method", "greedy"]):
        assert ctcb("decode", "--model", folder, *options, manifest).code == 0
    with pytest.raises(InputError, match="is not an ARPA file"):
        package.load(folder)
    package.load(folder, lm="none")


def test_lm_in_another_case_is_matched(decode, lm, tmp_path):
    for name, text in (("upper", WORDS.upper().replace("NGRAM", "ngram").replace("\\DATA", "\\data").replace("\\END", "\\end").replace("GRAMS", "grams")),
                       ("mixed", WORDS.replace("bob", "Bob").replace("met", "MET"))):  # fmt: skip
        other = tmp_path / f"{name}.arpa"
        other.write_text(text)
        for symbols, frames in ((PIECES, MET), (LETTERS, SPOKEN)):
            ran = decode("--lm", other, symbols=symbols, frames=frames)
            assert (ran.code, ran.out) == (0, "u1 ann met bob\n")
            assert ran.err.count("\n") == 1 and f"ctcb: warning: {other}: " in ran.err and "in lower case" in ran.err
    with pytest.warns(InputWarning, match="in lower case") as caught:
        assert package.CtcDecoder(PIECES, lm=other).decode(log_probs(PIECES, MET)).text == "ann met bob"
    assert len(caught) == 1


@pytest.mark.parametrize("unk", ["", "-99\t<unk>\n", "-inf\t<UNK>\n"])
def test_lm_without_unk_keeps_names_and_their_neighbours(decode, lm, tmp_path, unk):
    """As with the <unk> of the rarest word (-2), which the LM of the same words gets; without, bov would cost 230 nats."""
    wanted, closed, names = tmp_path / "open.arpa", tmp_path / "closed.arpa", tmp_path / "names.txt"
    wanted.write_text(WORDS.replace("-4\t<unk>", "-2\t<unk>"))
    closed.write_text(WORDS.replace("-4\t<unk>\n", unk).replace("ngram 1=6", "ngram 1=6" if unk else "ngram 1=5"))
    names.write_text("Bov\n")
    for options, last in (([], "bob"), (["--entities", names], "bov"), (["--entities", names, "--bias", "none", "--with", "unigram"], "bov")):
        told = decode("--lm", wanted, "--format", "jsonl", *options)
        ran = decode("--lm", closed, "--format", "jsonl", *options)
        assert ran.out == told.out and json.loads(ran.out)["text"] == f"ann met {last}" and told.err == ""
        assert ran.err.count("\n") == 1 and f"ctcb: warning: {closed}: " in ran.err and "<unk>" in ran.err


def test_lm_in_python(lm):
    decoder = package.CtcDecoder(PIECES, lm=lm)
    assert decoder.decode(log_probs(PIECES, MET)).text == "ann met bob"
    leaning = package.CtcDecoder(PIECES, lm=lm, settings={"unigram.class_bonus": 12.0}).decode(log_probs(PIECES, MET), ["Boz"])
    assert leaning.text == "ann met boz" and "unigram" in leaning.entities[0].why
