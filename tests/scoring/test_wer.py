"""WER by hand and against jiwer."""
from __future__ import annotations

import random

import jiwer
import pytest

from ctcb.scoring.alignment import align
from ctcb.scoring.wer import ErrorCounts, word_error_rate


def counts_of(pairs):
    return word_error_rate(align(ref.split(), hyp.split()) for ref, hyp in pairs)


def test_wer_by_hand():
    pairs = [("the cat sat on the mat", "the cat sit on mat"), ("hello", "well hello there")]
    assert counts_of(pairs) == ErrorCounts(words=7, substitutions=1, deletions=1, insertions=2)
    assert counts_of(pairs).rate == pytest.approx(4 / 7)


def test_no_rate_without_reference_words():
    assert counts_of([("", "a")]) == ErrorCounts(words=0, insertions=1)
    assert counts_of([("", "a")]).rate is None


@pytest.mark.parametrize("seed", range(5))
def test_wer_equals_jiwer(seed):
    chance = random.Random(seed)
    words = "alpha bravo charlie delta echo foxtrot".split()
    pairs = [
        (" ".join(chance.choices(words, k=chance.randint(1, 30))), " ".join(chance.choices(words, k=chance.randint(0, 30))))
        for _ in range(100)
    ]
    theirs = jiwer.process_words([ref for ref, _ in pairs], [hyp for _, hyp in pairs])
    ours = counts_of(pairs)
    assert ours == ErrorCounts(
        theirs.hits + theirs.substitutions + theirs.deletions, theirs.substitutions, theirs.deletions, theirs.insertions
    )
    assert ours.rate == pytest.approx(theirs.wer)
