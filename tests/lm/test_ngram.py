"""Queries through kenlm, messages for wrong files, and vocabularies that do not fit."""
import gzip
import math
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_arpa import GOOD, written

from ctcb.errors import InputError, RunError
from ctcb.lm.estimate import ESTIMATORS, LmOptions
from ctcb.lm.ngram import NgramLm
from ctcb.lm.vocabulary import check_vocabulary

pytest.importorskip("kenlm")
LN10 = math.log(10)
BUILD_BINARY = shutil.which("build_binary") or shutil.which("build_binary", path=str(Path(sys.executable).parent))


def test_scores_by_hand(tmp_path):
    lm = NgramLm.load(written(tmp_path, GOOD))
    assert lm.order == 2 and "a" in lm and "c" not in lm
    assert lm.unk_log_prob == pytest.approx(-1.5 * LN10)
    score, state = lm.score(lm.begin(), "a")
    assert score == pytest.approx(-0.3 * LN10)
    score, state = lm.score(state, "a")  # no "a a": the backoff of a, then a alone
    assert score == pytest.approx((-0.25 - 0.4) * LN10, rel=1e-6)
    score, after = lm.score(state, "xyz")
    assert score == pytest.approx((-0.25 - 1.5) * LN10, rel=1e-6) and after == lm.empty()
    assert hash(after) == hash(lm.empty())
    assert lm.end(state) == pytest.approx((-0.25 - 0.7) * LN10, rel=1e-6)
    assert lm.sentence(["a", "b"]) == pytest.approx((-0.3 - 0.2 - 0.1) * LN10, rel=1e-6)


def test_perplexity_by_hand(tmp_path):
    found = NgramLm.load(written(tmp_path, GOOD)).perplexity(["a b", "xyz"])
    # <s> a, a b, b </s>; <s> xyz (backoff of <s>), </s> after an unknown word
    scores = [-0.3, -0.2, -0.1, -0.5 - 1.5, -0.7]
    assert (found.words, found.unknown, found.sentences) == (5, 1, 2)
    assert found.log_prob == pytest.approx(sum(scores) * LN10, rel=1e-6)
    assert found.perplexity == pytest.approx(10 ** (-sum(scores) / 5), rel=1e-6)
    assert found.perplexity_of_known == pytest.approx(10 ** ((0.3 + 0.2 + 0.1 + 0.7) / 4), rel=1e-6)
    with pytest.raises(InputError, match="no text"):
        NgramLm.load(tmp_path / "lm.arpa").perplexity([])


def test_gzip_scores_the_same(tmp_path):
    plain = NgramLm.load(written(tmp_path, GOOD))
    packed = NgramLm.load(written(tmp_path, gzip.compress(GOOD.encode()), "lm.arpa.gz"))
    assert packed.sentence(["a", "c", "b"]) == plain.sentence(["a", "c", "b"])
    assert packed.path == tmp_path / "lm.arpa.gz"


@pytest.mark.skipif(BUILD_BINARY is None, reason="build_binary is not installed")
@pytest.mark.parametrize("kind", ["probing", "trie"])
def test_kenlm_binaries(tmp_path, kind):
    rng = random.Random(0)
    ESTIMATORS["builtin"].estimate([" ".join(rng.choices("abcdefgh", k=9)) for _ in range(40)], LmOptions(), tmp_path / "lm.arpa")
    binary = tmp_path / "lm.bin"
    subprocess.run([BUILD_BINARY, "-s", kind, tmp_path / "lm.arpa", binary], check=True, capture_output=True)
    lm, same = NgramLm.load(tmp_path / "lm.arpa"), NgramLm.load(binary)
    for _ in range(20):
        words = rng.choices("abcdefghxyz", k=6)
        assert same.sentence(words) == pytest.approx(lm.sentence(words), abs=1e-5)
    for name, wrong in (("cut.bin", binary.read_bytes()[:-200]), ("packed.bin.gz", gzip.compress(binary.read_bytes()))):
        with pytest.raises(InputError, match=name):
            NgramLm.load(written(tmp_path, wrong, name))


@pytest.mark.parametrize("text, says", [
    (GOOD.replace("-0.2\ta b", "0.2\ta b"), r"lm.arpa:14: a log10 probability above 0"),
    (b"mmap lm http://kheafield.com/code format version 5\n\0" + b"\0" * 200, "lm.arpa: kenlm refuses it"),
    ("", "is not an ARPA file"),
    (b"\x1f\x8b\x08 not gzip", "cannot be read on"),
    (GOOD.replace("ngram 2=3", "ngram 2=0").replace("-0.3\t<s> a\n-0.2\ta b\n-0.1\tb </s>\n", ""), None),
])
def test_wrong_files_are_refused(tmp_path, text, says):
    path = written(tmp_path, text)
    if says is None:  # a model that backs off always is right, if poor
        assert NgramLm.load(path).sentence(["b"]) == pytest.approx((-0.5 - 0.6 - 0.125 - 0.7) * LN10, rel=1e-6)
        return
    with pytest.raises(InputError, match=says) as caught:
        NgramLm.load(path)
    assert "\n" not in str(caught.value) and str(caught.value).startswith(str(path))


def test_order_beyond_the_kenlm_build(tmp_path):
    ESTIMATORS["builtin"].estimate(["a b c d e f g h i"] * 3, LmOptions(order=6), tmp_path / "six.arpa")
    assert NgramLm.load(tmp_path / "six.arpa").order == 6
    lines = GOOD.replace("ngram 2=3\n", "".join(f"ngram {n}=3\n" for n in range(2, 10)))
    longer = "".join(f"\\{n}-grams:\n" + f"-1\t{' '.join('a' * n)}\n" * 3 + "\n" for n in range(3, 10))
    with pytest.raises(InputError, match="kenlm refuses it: .*order 9"):
        NgramLm.load(written(tmp_path, lines.replace("\\end\\", longer + "\\end\\")))


def test_missing_kenlm_is_reported(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "kenlm", None)
    with pytest.raises(RunError, match=r"pip install 'ctcb\[lm\]'"):
        NgramLm.load(written(tmp_path, GOOD))


def test_lm_vocabulary_is_checked_against_tokens():
    words = [f"{a}{b}{c}" for a in "pqrst" for b in "aeiou" for c in "bdgkm"]
    upper, pieces = {word.upper() for word in words}, {f"\u2581{word}" for word in words}
    found = check_vocabulary(set(words).__contains__, words * 2, "the lexicon")
    assert (found.known, found.total, found.note) == (len(words), len(words), None)
    half = check_vocabulary(set(words[:30]).__contains__, words, "the text")
    assert (half.known, half.total) == (30, 125)
    assert "30 of 125 words of the text" in half.note and half.unknown[0] == words[30] and words[30] in half.note
    for known, says in ((upper, "0 of 125 words of the text are in the LM, but 125 in upper case"),
                        (upper | set(words[:10]), "but 115 in upper case"), (pieces, "as sentencepiece pieces"),
                        ({"other"}, "0 of 125"), ({words[0]}, "1 of 125")):
        with pytest.raises(InputError, match=says) as caught:
            check_vocabulary(known.__contains__, words, "the text", "some.arpa")
        assert "some.arpa" in str(caught.value) and "ctcb lm" in caught.value.hint
    assert check_vocabulary(set().__contains__, [], "the text").note is None


def test_upper_case_lm_is_refused(tmp_path):
    lm = NgramLm.load(written(tmp_path, GOOD.replace("a", "A").replace("\tb", "\tB").replace(" b", " B").replace("dAtA", "data")
                              .replace("ngrAm", "ngram").replace("-grAms", "-grams")))
    with pytest.raises(InputError, match=r"lm.arpa: 0 of 2 words of the lexicon are in the LM, but 2 in upper case"):
        lm.check_vocabulary(["a", "b"], "the lexicon")
