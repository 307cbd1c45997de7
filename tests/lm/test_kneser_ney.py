"""Estimation against hand-worked numbers, a plain dictionary version of the definitions, and lmplz."""
import random
from collections import Counter, defaultdict
from itertools import product

import numpy as np
import pytest

from ctcb.errors import InputError
from ctcb.lm.arpa import read_arpa
from ctcb.lm.counts import Corpus, count
from ctcb.lm.estimate import ESTIMATORS, LmOptions
from ctcb.lm.kneser_ney import FALLBACK, discounts

BUILTIN, LMPLZ = ESTIMATORS["builtin"], ESTIMATORS["lmplz"]


def zipf_text(sentences, seed=0, vocabulary=60):
    """Random sentences whose words depend on the word before, so that all orders differ."""
    rng = random.Random(seed)
    words = [f"w{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(vocabulary)]
    weights = [1 / (i + 1) for i in range(vocabulary)]
    lines = []
    for _ in range(sentences):
        line = rng.choices(words, weights, k=1)
        while rng.random() < 0.8:
            shift = words.index(line[-1]) * 7
            near = words[shift % vocabulary :] + words[: shift % vocabulary]
            line += rng.choices(near, weights, k=1)
        lines.append(" ".join(line))
    return lines + ["seenonce"]  # so that lmplz's slip over its last n-gram changes nothing


def estimated(tmp_path, estimator, sentences, **options):
    """{n-gram: (log10 probability, log10 backoff)} and the orders that fell back."""
    fell_back = estimator.estimate(sentences, LmOptions(**options), tmp_path / f"{estimator.name}.arpa")
    arpa = read_arpa(tmp_path / f"{estimator.name}.arpa")
    grams = {}
    for table in arpa.tables:
        for ids, log10, backoff in zip(table.ids.tolist(), table.log10, table.backoff):
            grams[tuple(arpa.words[i] for i in ids)] = (log10, backoff)
    return grams, fell_back


def defined(sentences, order, prune, vocab=None):
    """Modified Kneser-Ney from its definition, in plain dictionaries: {n-gram: (probability, backoff)}."""
    raw = [None] + [Counter() for _ in range(order)]
    for sentence in sentences:
        words = ["<s>", *sentence.split(), "</s>"]
        for n in range(1, order + 1):
            raw[n].update(tuple(words[i : i + n]) for i in range(len(words) - n + 1) if (n, i) != (1, 0))
    result = {}
    lower_probability = {}
    for n in range(1, order + 1):
        before = defaultdict(set)
        for gram in raw[n + 1] if n < order else ():
            before[gram[1:]].add(gram[0])
        adjusted = {g: raw[n][g] if n == order or g[0] == "<s>" else len(before[g]) for g in raw[n]}
        of = Counter(adjusted.values())
        discount = [0, *FALLBACK]
        if of[1] and of[2] and of[3]:
            y = of[1] / (of[1] + 2 * of[2])
            closed = [0] + [j - (j + 1) * y * of[j + 1] / of[j] for j in (1, 2, 3)]
            discount = closed if min(closed) >= 0 else discount

        def kept(gram):
            if vocab is not None and not set(gram) <= vocab | {"<s>", "</s>"}:
                return False
            return gram == ("</s>",) or raw[n][gram] > prune[n - 1]

        probability = {}
        extensions = defaultdict(list)
        for gram in adjusted:
            extensions[gram[:-1]].append(gram)
        uniform = 1 / (sum(map(kept, adjusted)) + 1) if n == 1 else None
        for context, grams in extensions.items():
            total = sum(adjusted[g] for g in grams)
            spare = sum(discount[min(adjusted[g], 3)] if kept(g) else adjusted[g] for g in grams) / total
            if context in result:
                result[context] = (result[context][0], spare)
            for gram in filter(kept, grams):
                lower = uniform if n == 1 else lower_probability[gram[1:]]
                probability[gram] = (adjusted[gram] - discount[min(adjusted[gram], 3)]) / total + spare * lower
        if n == 1:
            probability[("<s>",)] = 1.0
            probability[("<unk>",)] = spare * uniform
        result.update({gram: (p, 1.0) for gram, p in probability.items()})
        lower_probability = probability
    return result


def agree(found, wanted, tolerance=1e-5):
    assert found.keys() == wanted.keys()
    assert max(abs(found[g][i] - wanted[g][i]) for g in found for i in (0, 1)) < tolerance


def test_probabilities_by_hand(tmp_path):
    # Two sentences, "a b" and "a". Words before: a {<s>}, b {a}, </s> {a, b}. Everything falls back to
    # 0.5, 1, 1.5. Unigrams: gamma = (0.5 + 0.5 + 1) / 4, spread over a, b, </s>, <unk>.
    grams, fell_back = estimated(tmp_path, BUILTIN, ["a b", "a"], order=2)
    assert fell_back == (1, 2)
    wanted = {
        ("<unk>",): 0.125, ("<s>",): 1, ("a",): 0.25, ("b",): 0.25, ("</s>",): 0.375,
        ("<s>", "a"): (2 - 1) / 2 + 0.5 * 0.25,
        ("a", "b"): 0.5 / 2 + 0.5 * 0.25,
        ("a", "</s>"): 0.5 / 2 + 0.5 * 0.375,
        ("b", "</s>"): 0.5 / 1 + 0.5 * 0.375,
    }
    assert {gram: pytest.approx(10**p, rel=1e-5) for gram, (p, _) in grams.items()} == wanted
    backoffs = {gram: 10**b for gram, (_, b) in grams.items() if len(gram) == 1}
    assert backoffs == {(w,): pytest.approx(b) for w, b in
                        {"<s>": 0.5, "a": 0.5, "b": 0.5, "</s>": 1, "<unk>": 1}.items()}


def test_adjusted_counts_by_hand():
    # Before "a": <s>, b. Before "b": a. Before </s>: b, a. Before "a b": <s>, b. "<s> a" keeps its own 3.
    one, two, three = count(Corpus.read(["a b a b", "a b", "a"]), 3)
    named = dict(zip(["<unk>", "<s>", "</s>", "a", "b"], one.adjusted.tolist()))
    assert named == {"<unk>": 0, "<s>": 0, "</s>": 2, "a": 2, "b": 1}
    assert sorted(two.adjusted.tolist()) == [1, 1, 1, 2, 3]
    assert sorted(two.raw.tolist()) == [1, 1, 2, 3, 3]
    assert sorted(three.raw.tolist()) == [1, 1, 1, 2, 2]


def test_discounts_by_hand():
    # n1..n4 = 8, 4, 2, 1: y = 8 / 16.
    adjusted = np.array([1] * 8 + [2] * 4 + [3] * 2 + [4] + [9] * 5)
    found, fell_back = discounts(adjusted)
    assert not fell_back
    assert found == pytest.approx([0, 1 - 2 * 0.5 * 4 / 8, 2 - 3 * 0.5 * 2 / 4, 3 - 4 * 0.5 * 1 / 2])
    assert discounts(adjusted[adjusted != 2])[1]
    assert discounts(np.array([1] * 8 + [2] + [3] * 20))[1]  # D2 would be negative


@pytest.mark.parametrize("order, prune", [(2, (0, 0)), (3, (0, 0, 0)), (3, (0, 0, 1)), (4, (0, 1, 1, 2)), (3, (1, 1, 2))])
def test_estimate_equals_the_definition(tmp_path, order, prune):
    sentences = zipf_text(400)
    found, fell_back = estimated(tmp_path, BUILTIN, sentences, order=order, prune=prune)
    assert fell_back != tuple(range(1, order + 1))  # discounts have been estimated too
    wanted = {g: (np.log10(p), np.log10(b)) for g, (p, b) in defined(sentences, order, prune).items()}
    agree(found, wanted)


def test_estimate_with_a_vocabulary_equals_the_definition(tmp_path):
    sentences = zipf_text(300, seed=1)
    vocab = frozenset(word for word in " ".join(sentences).split() if word[-1] < "j") | {"nowhere"}
    found, _ = estimated(tmp_path, BUILTIN, sentences, order=3, vocab=vocab)
    wanted = {g: (np.log10(p), np.log10(b)) for g, (p, b) in defined(sentences, 3, (0, 0, 0), vocab).items()}
    agree(found, wanted)
    assert ("nowhere",) not in found


@pytest.mark.parametrize("prune", [(), (0, 1), (1,)])
def test_probabilities_of_every_context_sum_to_1(tmp_path, prune):
    grams, _ = estimated(tmp_path, BUILTIN, zipf_text(60, vocabulary=12), order=3, prune=prune)
    words = [gram[0] for gram in grams if len(gram) == 1 and gram != ("<s>",)]

    def probability(context, word):
        if context + (word,) in grams:
            return 10 ** grams[context + (word,)][0]
        return 10 ** grams.get(context, (0, 0))[1] * probability(context[1:], word)

    for context in [(), ("<s>",), *product(words, repeat=1), *(("<s>", w) for w in words), *product(words, repeat=2)]:
        if "</s>" not in context:
            assert sum(probability(context, word) for word in words) == pytest.approx(1, abs=2e-5), context


def test_identical_sentences(tmp_path):
    grams, fell_back = estimated(tmp_path, BUILTIN, ["yes"] * 5, order=4)
    assert fell_back == (1, 2, 3, 4)
    assert [sum(len(gram) == n for gram in grams) for n in (1, 2, 3, 4)] == [4, 2, 1, 0]
    assert all(p <= 0 for p, _ in grams.values())


def test_reserved_words_are_refused():
    with pytest.raises(InputError, match="sentence 2 holds <s>"):
        Corpus.read(["a", "b <s> c"])


@pytest.mark.skipif(LMPLZ.missing() is not None, reason="lmplz is not installed")
@pytest.mark.parametrize("options", [
    dict(order=3), dict(order=2), dict(order=4, prune=(0, 1, 1, 2)), dict(order=3, prune=(1,)),
    dict(order=3, vocab=frozenset(f"w{a}{b}" for a in "ab" for b in "abcdefgh")),
])
@pytest.mark.parametrize("sentences", [400, 5])
def test_estimate_equals_lmplz(tmp_path, options, sentences):
    text = zipf_text(sentences, seed=2)
    ours, we_fell_back = estimated(tmp_path, BUILTIN, text, **options)
    theirs, they_fell_back = estimated(tmp_path, LMPLZ, text, **options)
    assert we_fell_back == they_fell_back
    agree(ours, theirs, 1e-4)
