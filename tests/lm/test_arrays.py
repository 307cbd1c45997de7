"""The flat arrays against kenlm on random text, and against hand-worked scores."""
import math
import random

import numpy as np
import pytest
from test_arpa import GOOD, written

from ctcb.errors import InputError
from ctcb.lm.arrays import ArrayLm, advance
from ctcb.lm.estimate import ESTIMATORS, LmOptions

LN10 = math.log(10)

# As entropy pruning leaves it: "a b c" without "b c", and backoffs that lead nowhere.
PRUNED = """\\data\\
ngram 1=6
ngram 2=4
ngram 3=2

\\1-grams:
-1.5\t<unk>
-99\t<s>\t-0.5
-0.7\t</s>
-0.4\ta\t-0.25
-0.6\tb\t-0.125
-0.9\tc\t-0.3

\\2-grams:
-0.3\t<s> a\t-0.05
-0.2\ta b\t0.2
-0.1\tb </s>
-0.15\tc a\t-0.35

\\3-grams:
-0.11\ta b c
-0.12\t<s> a b

\\end\\
"""


def walk(lm, words):
    """Log probabilities of a sentence's words and of its end."""
    state, scores = lm.begin, []
    for word in lm.ids([*words, "</s>"]):
        score, state = advance(lm.arrays, state, word)
        scores.append(score)
    return scores


def test_scores_by_hand(tmp_path):
    lm = ArrayLm.load(written(tmp_path, GOOD))
    assert lm.words == sorted(lm.words) and lm.order == 2
    assert walk(lm, ["a", "a", "xyz", "b"]) == pytest.approx(
        [-0.3 * LN10, (-0.25 - 0.4) * LN10, (-0.25 - 1.5) * LN10, -0.6 * LN10, -0.1 * LN10], rel=1e-6
    )
    assert lm.ids(["xyz"]) == [lm.unk] and lm.words[lm.end] == "</s>"


def test_scores_of_an_entropy_pruned_lm(tmp_path):
    lm = ArrayLm.load(written(tmp_path, PRUNED))
    # <s> a b: a trigram; c after "a b": a trigram; a after "a b c" -> "c a" by the backoff of nothing,
    # since "b c" is no n-gram; b after "c a": its backoff, then the bigram "a b"; the end after "a b".
    wanted = [-0.3, -0.12, -0.11, -0.15, -0.35 - 0.2, 0.2 - 0.1]
    assert walk(lm, "a b c a b".split()) == pytest.approx([value * LN10 for value in wanted], rel=1e-5)


def against_kenlm(path, sentences):
    kenlm = pytest.importorskip("ctcb.lm.ngram").NgramLm.load(path)
    lm = ArrayLm.load(path)
    for words in sentences:
        state, scores = kenlm.begin(), []
        for word in [*words, "</s>"]:
            score, state = kenlm.score(state, word)
            scores.append(score)
        assert walk(lm, words) == pytest.approx(scores, abs=1e-5)


@pytest.mark.parametrize("order, prune", [(2, ()), (3, ()), (3, (0, 0, 1)), (5, (0, 0, 1))])
def test_equals_kenlm_on_random_text(tmp_path, order, prune):
    pytest.importorskip("kenlm")
    rng = random.Random(order)
    vocabulary = [f"w{i}" for i in range(30)]
    text = [rng.choices(vocabulary, [1 / (i + 1) for i in range(30)], k=rng.randrange(1, 15)) for _ in range(300)]
    ESTIMATORS["builtin"].estimate(map(" ".join, text), LmOptions(order, prune), tmp_path / "lm.arpa")
    other = [rng.choices([*vocabulary, "new", "newer"], k=12) for _ in range(200)]
    against_kenlm(tmp_path / "lm.arpa", text[:100] + other + [[]])


@pytest.mark.parametrize("text", [PRUNED, GOOD, GOOD.replace("=5", "=4").replace("-1.5\t<unk>\t0\n", "")])
def test_equals_kenlm_on_odd_models(tmp_path, text):
    pytest.importorskip("kenlm")
    rng = random.Random(1)
    against_kenlm(written(tmp_path, text), [rng.choices(["a", "b", "c", "xyz"], k=8) for _ in range(200)])


def test_states_are_minimal(tmp_path):
    lm = ArrayLm.load(written(tmp_path, PRUNED))
    after = {}
    for words in ("a b c", "b c", "c", "xyz c", "c c"):
        state = lm.begin if words == "c" else 0
        for word in lm.ids(words.split()):
            _, state = advance(lm.arrays, state, word)
        after[words] = int(state)
    assert len(set(after.values())) == 1  # only "c a" goes on from any of them
    assert advance(lm.arrays, lm.begin, lm.unk)[1] == 0


def test_children_are_contiguous_and_sorted(tmp_path):
    lm = ArrayLm.load(written(tmp_path, PRUNED))
    node, word = lm.arrays.node, lm.arrays.word
    spelled = {0: ()}
    for parent in range(len(node) - 1):
        children = range(node[parent]["first_child"], node[parent + 1]["first_child"])
        assert list(word[children.start : children.stop]) == sorted(set(word[children.start : children.stop]))
        spelled.update({child: spelled[parent] + (lm.words[word[child]],) for child in children})
    assert len(spelled) == len(node) - 1 == 1 + 6 + 4 + 2
    assert {words for words in spelled.values() if len(words) == 3} == {("a", "b", "c"), ("<s>", "a", "b")}
    for number, words in spelled.items():
        suffixes = [words[i:] for i in range(1, len(words) + 1) if words[i:] in spelled.values()]
        assert spelled[node[number]["suffix"]] == (suffixes[0] if suffixes else ())


@pytest.mark.parametrize("old, new, line, says", [
    ("-0.15\tc a\t-0.35", "-0.15\ta b\t0.2", 18, "this 2-gram stands twice"),
    ("-0.11\ta b c", "-0.11\tb a c", 21, "the first 2 words of this 3-gram are no n-gram"),
])
def test_errors_are_named_with_their_line(tmp_path, old, new, line, says):
    with pytest.raises(InputError, match=f"lm.arpa:{line}: {says}"):
        ArrayLm.load(written(tmp_path, PRUNED.replace(old, new)))


def test_upper_case_lm_is_refused(tmp_path):
    lm = ArrayLm.load(written(tmp_path, GOOD))
    with pytest.raises(InputError, match="0 of 2 words of the list"):
        lm.check_vocabulary(["x", "y"], "the list")
    assert lm.check_vocabulary(["a", "b"], "the list").note is None
    assert np.array_equal(lm.ids([]), [])
