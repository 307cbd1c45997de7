"""U-/B-WER by hand and against a plain reading of is21's rules."""
from __future__ import annotations

import random
from collections import Counter

import pytest

from ctcb.scoring.alignment import align_weighted
from ctcb.scoring.biased_wer import BiasedErrorCounts, count_biased_errors
from ctcb.scoring.wer import ErrorCounts


def plain_is21(ref, hyp, rare):
    """One utterance by is21's rules, cell by cell: ("U" or "B", kind) -> how many.

    Insertions and deletions cost 3, substitutions 4; walking back from the end, a diagonal step goes
    before an insertion and that before a deletion.
    """
    table = {(0, 0): (0, None)}
    for i in range(len(ref) + 1):
        for j in range(len(hyp) + 1):
            steps = []
            if i and j:
                steps.append((table[i - 1, j - 1][0] + (0 if ref[i - 1] == hyp[j - 1] else 4), "diagonal"))
            if j:
                steps.append((table[i, j - 1][0] + 3, "ins"))
            if i:
                steps.append((table[i - 1, j][0] + 3, "del"))
            if steps:
                table[i, j] = min(steps, key=lambda step: step[0])  # the first of equals
    counts = Counter({("B" if word in rare else "U", "words"): 0 for word in ref})
    for word in ref:
        counts["B" if word in rare else "U", "words"] += 1
    i, j = len(ref), len(hyp)
    while i or j:
        step = table[i, j][1]
        if step == "diagonal":
            i, j = i - 1, j - 1
            if ref[i] != hyp[j]:
                counts["B" if ref[i] in rare else "U", "sub"] += 1
        elif step == "ins":
            j -= 1
            counts["B" if hyp[j] in rare else "U", "ins"] += 1
        else:
            i -= 1
            counts["B" if ref[i] in rare else "U", "del"] += 1
    return counts


@pytest.mark.parametrize("seed", range(8))
def test_counts_equal_the_plain_rules(seed):
    chance = random.Random(seed)
    words = [chr(97 + i) for i in range(chance.choice([3, 8, 20]))]
    utterances, expected = [], Counter()
    for _ in range(120):
        ref = chance.choices(words, k=chance.randint(0, 15))
        # Half of the hypotheses are garbled references, half have nothing to do with them.
        garbled = [word if chance.random() < 0.7 else chance.choice(words) for word in ref if chance.random() < 0.9]
        hyp = garbled if chance.random() < 0.5 else chance.choices(words, k=chance.randint(0, 15))
        rare = set(chance.sample(words, 2))
        utterances.append((align_weighted(ref, hyp), rare))
        expected += plain_is21(ref, hyp, rare)
    total = sum((count_biased_errors(alignment, rare) for alignment, rare in utterances), BiasedErrorCounts())
    for side, counts in (("U", total.unbiased), ("B", total.biased)):
        assert counts == ErrorCounts(*(expected[side, kind] for kind in ("words", "sub", "del", "ins"))), side


def test_u_wer_and_b_wer_by_hand():
    ref = "the doctor gave acyclovir to ann today".split()
    hyp = "the doctor gave a cycle to ann acyclovir".split()
    # acyclovir -> cycle (sub, a rare word of the reference), "a" inserted (common), today ->
    # acyclovir (sub of a common word).
    total = count_biased_errors(align_weighted(ref, hyp), {"acyclovir", "ann"})
    assert total == BiasedErrorCounts(
        unbiased=ErrorCounts(words=5, substitutions=1, insertions=1), biased=ErrorCounts(words=2, substitutions=1)
    )
    assert total.total == ErrorCounts(words=7, substitutions=2, insertions=1)


def test_an_inserted_rare_word_is_biased_and_an_inserted_distractor_is_not():
    ref = "we met ann".split()
    again = count_biased_errors(align_weighted(ref, "we met ann ann".split()), {"ann"})
    distractor = count_biased_errors(align_weighted(ref, "we met ann bob".split()), {"ann"})
    assert (again.biased.insertions, again.unbiased.insertions) == (1, 0)
    assert (distractor.biased.insertions, distractor.unbiased.insertions) == (0, 1)
