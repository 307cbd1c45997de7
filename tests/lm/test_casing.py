"""LMs in another case than the recogniser's words, and LMs without a usable <unk>."""
from __future__ import annotations

import gzip
import math
import random
import warnings
from itertools import product

import numpy as np
import pytest
from test_arpa import GOOD, written
from test_arrays import walk

from ctcb.errors import InputError, InputWarning
from ctcb.lm.arpa import read_arpa
from ctcb.lm.arrays import ArrayLm, advance
from ctcb.lm.casing import load_matching, respelled
from ctcb.lm.estimate import ESTIMATORS, LmOptions

LN10 = math.log(10)
LOWER = set("abcdefghijklmnopqrstuvwxyz'").issuperset

# "The" and "the" become one, with P = .1 + .3. P(cat | The) = .5, P(Cat | The) = 10^-.2 * .1 (by the backoff),
# P(cat | the) = .2, and P(Cat | the) = .1. P(cat) = .2 + .1 = .3.
THE_CAT = (0.1 * (0.5 + 10**-0.2 * 0.1) + 0.3 * (0.2 + 0.1)) / 0.4
MIXED = f"""\\data\\
ngram 1=8
ngram 2=3

\\1-grams:
{math.log10(0.1)}\t<unk>
-99\t<s>\t0
{math.log10(0.1)}\t</s>
{math.log10(0.1)}\tThe\t-0.2
{math.log10(0.3)}\tthe\t-0.1
{math.log10(0.2)}\tcat
{math.log10(0.1)}\tCat
{math.log10(0.1)}\tdog

\\2-grams:
{math.log10(0.5)}\tThe cat
{math.log10(0.2)}\tthe cat
{math.log10(0.1)}\tthe Cat

\\end\\
"""


def shout(text):
    """The words of an ARPA file in upper case."""
    return "\n".join(line if line.startswith(("\\", "ngram")) else line.upper() for line in text.split("\n"))


def test_upper_case_lm_scores_as_in_lower_case(tmp_path):
    same = ArrayLm.load(written(tmp_path, GOOD))
    for data in (shout(GOOD), gzip.compress(shout(GOOD).encode())):
        lm = load_matching(written(tmp_path, data, "upper"), LOWER)
        assert lm.words == same.words and np.array_equal(lm.arrays.node, same.arrays.node)
        (note,) = lm.notes
        assert note.startswith("2 of its 2 words are written otherwise") and "in lower case, such as 'A' as 'a'" in note
    assert load_matching(tmp_path / "lm.arpa", LOWER).notes == ()


def test_united_words_by_hand(tmp_path):
    lm = load_matching(written(tmp_path, MIXED), LOWER)
    assert lm.words == ["</s>", "<s>", "<unk>", "cat", "dog", "the"]
    backoff = (1 - THE_CAT) / (1 - 0.3)
    expected = [0.4, THE_CAT, 0.1, 0.4, backoff * 0.1, 0.1]  # the cat dog | the dog | </s>
    assert walk(lm, "the cat dog the dog".split()) == pytest.approx([math.log(value) for value in expected], rel=1e-5)
    assert "2 of its 5 words" in lm.notes[0]


@pytest.mark.parametrize("order, prune", [(2, ()), (3, ()), (4, (0, 0, 1))])
def test_united_lm_sums_to_one_and_gives_a_sentence_the_probability_of_its_variants_together(tmp_path, order, prune):
    rng = random.Random(order)
    words = [f"w{'abcdefghij'[i]}" for i in range(10)]

    def sentence():
        text = [rng.choices(words, [1 / (i + 1) for i in range(10)])[0]]
        while rng.random() < 0.85:
            text.append(words[(words.index(text[-1]) * 3 + rng.randrange(3)) % 10])
        return [text[0].capitalize(), *(word.upper() if rng.random() < 0.2 else word for word in text[1:])]

    text = [" ".join(sentence()) for _ in range(600)]
    ESTIMATORS["builtin"].estimate(text, LmOptions(order, prune), tmp_path / "mixed.arpa")
    united, mixed = load_matching(tmp_path / "mixed.arpa", LOWER), ArrayLm.load(tmp_path / "mixed.arpa")
    assert united.words == ["</s>", "<s>", "<unk>", *words] and len(mixed.words) > 25
    predicted = [number for number, word in enumerate(united.words) if word != "<s>"]
    states = {0, united.begin}
    for line in text[:60]:
        state = united.begin
        for number in united.ids(line.lower().split()):
            states.add(state := advance(united.arrays, state, number)[1])
    for state in states:
        assert sum(math.exp(advance(united.arrays, state, word)[0]) for word in predicted) == pytest.approx(1, abs=2e-3)
    off = []
    for line in (sentence()[:5] for _ in range(40)):
        variants = product(*({word.lower(), word.capitalize(), word.upper()} & set(mixed.words) for word in line))
        together = math.log(sum(math.exp(sum(walk(mixed, variant))) for variant in variants))
        off.append((sum(walk(united, list(map(str.lower, line)))) - together) / (len(line) + 1))
    # The variants of a history are mixed by their own probability, not by the sentence's, so that single sentences differ.
    assert abs(np.mean(off)) < 0.05 and np.abs(off).max() < 0.3


@pytest.mark.parametrize("letters, listed, expected", [
    ("абвгдежзийклмнопрстуфхцчшщъыьэюя", ["МОСКВА", "Сидоров"], ["москва", "сидоров"]),
    ("abcçdefgğhıijklmnoöprsştuüvyz", ["İSTANBUL", "ISPARTA"], ["istanbul", "ısparta"]),
    ("abcdefghijklmnopqrstuvwxyz", ["İSTANBUL", "ANKARA"], ["istanbul", "ankara"]),
    ("αβγδεζηθικλμνξοπρσςτυφχψω", ["ΛΟΓΟΣ"], ["λογος"]),
    ("abcdefghiklmnopqrstuvxyàáâãèéêìíòóôõùúýăđĩũơư\u1ebf\u1ec7", ["VIE\u0323\u0302T", "NAM"], ["vi\u1ec7t", "nam"]),
    ("abcdefghijklmnopqrstuvwxyz\u0301\u0308", ["MU\u0308LLER", "CAFÉ"], ["mu\u0308ller", "cafe\u0301"]),
])  # fmt: skip
def test_case_and_composition_follow_the_recognisers_letters(tmp_path, letters, listed, expected):
    ngrams = "".join(f"-1\t{word}\n" for word in ("<s>", "</s>", "<unk>", *listed))
    path = written(tmp_path, f"\\data\\\nngram 1={3 + len(listed)}\n\n\\1-grams:\n{ngrams}\n\\end\\\n")
    lm = load_matching(path, set(letters).issuperset)
    assert sorted(lm.words) == sorted(["<s>", "</s>", "<unk>", *expected])
    assert len(lm.notes) == 1


def test_words_that_fit_stay_as_they_are(tmp_path):
    """A recogniser that writes capitals has an LM of its own writing; and words that no case makes fit change nothing."""
    for fits in (set("ABCabc").issuperset, set("xyz").issuperset):
        lm = load_matching(written(tmp_path, GOOD.replace("\ta\t", "\tA\t").replace("a b", "A b").replace("<s> a", "<s> A")), fits)
        assert "A" in lm.words and lm.notes == ()


def test_faults_of_an_lm_whose_words_are_united_are_named_with_their_line(tmp_path):
    with pytest.raises(InputError, match="lm.arpa:18: this 2-gram is a duplicate"):
        load_matching(written(tmp_path, MIXED.replace("the Cat", "the cat")), LOWER)


def test_unchanged_words_leave_the_contents_alone(tmp_path):
    arpa = read_arpa(written(tmp_path, GOOD))
    assert respelled(arpa, str.lower).tables is arpa.tables


@pytest.mark.parametrize("old, new", [("-1.5\t<unk>", "-99\t<unk>"), ("-1.5\t<unk>", "-inf\t<unk>"), ("-1.5\t<unk>", "-100\t<UNK>"), ("-1.5\t<unk>\t0\n", "")])
def test_unusable_unknown_word_scores_as_the_rarest_word(tmp_path, old, new):
    text = GOOD.replace(old, new)
    path = written(tmp_path, text.replace("ngram 1=5", "ngram 1=4") if not new else text)
    lm = ArrayLm.load(path)
    (note,) = lm.notes
    assert "<unk>" in note and "log10 -0.60" in note
    assert walk(lm, ["a", "xyz"]) == pytest.approx([-0.3 * LN10, (-0.25 - 0.6) * LN10, -0.7 * LN10], rel=1e-6)


def test_no_word_but_signs_has_a_finite_unknown_word(tmp_path):
    lm = ArrayLm.load(written(tmp_path, "\\data\\\nngram 1=2\n\n\\1-grams:\n-99\t<s>\n-1\t</s>\n\n\\end\\\n"))
    assert walk(lm, ["xyz"])[0] == pytest.approx(-math.log(2))


def test_kenlm_gives_the_same_scores_and_one_warning(tmp_path):
    pytest.importorskip("kenlm")
    from ctcb.lm.ngram import NgramLm

    path = written(tmp_path, GOOD.replace("=5", "=4").replace("-1.5\t<unk>\t0\n", ""))
    with pytest.warns(InputWarning, match="lm.arpa: has no 1-gram <unk>") as caught:
        lm = NgramLm.load(path)
    assert len(caught) == 1 and lm.unk_log_prob == pytest.approx(-0.6 * LN10, rel=1e-6)
    found = lm.perplexity(["a xyz"])
    assert found.log_prob == pytest.approx((-0.3 - 0.25 - 0.6 - 0.7) * LN10, rel=1e-6) and found.unknown == 1
    assert found.log_prob_unknown == pytest.approx((-0.25 - 0.6) * LN10, rel=1e-6)


@pytest.mark.parametrize("text", [
    "\ufeff" + GOOD, "\ufeff" + GOOD.replace("\n", "\r\n"), GOOD.replace("0\t<s>", "-inf\t<s>"),
])  # fmt: skip
def test_byte_order_mark_and_impossible_begin(tmp_path, text):
    wanted = walk(ArrayLm.load(written(tmp_path, GOOD)), ["a", "xyz", "b"])
    for data in (text.encode(), gzip.compress(text.encode())):
        path = written(tmp_path, data, "other.arpa")
        assert walk(ArrayLm.load(path), ["a", "xyz", "b"]) == wanted and ArrayLm.load(path).notes == ()
        pytest.importorskip("kenlm")
        from ctcb.lm.ngram import NgramLm

        with warnings.catch_warnings():
            warnings.simplefilter("error", InputWarning)
            assert NgramLm.load(path).sentence(["a", "xyz", "b"]) == pytest.approx(sum(wanted), rel=1e-5)


@pytest.mark.parametrize("data, says", [
    (GOOD.encode("utf-16"), "lm.arpa:1: is not an ARPA file in UTF-8, but in UTF-16; save the file as UTF-8"),
    (b"mmap lm http://kheafield.com/code format version 5\n\0" + b"\0" * 99, "lm.arpa:1: is not an ARPA file, but a binary of kenlm, which has no list of its words; give the ARPA"),
    (GOOD.replace("-0.4\ta", "-inf\ta").encode(), "lm.arpa:9: a probability that is not finite"),
])  # fmt: skip
def test_other_files_are_named(tmp_path, data, says):
    with pytest.raises(InputError) as error:
        ArrayLm.load(written(tmp_path, data))
    assert str(error.value).replace(f"{tmp_path}/", "").startswith(says)
