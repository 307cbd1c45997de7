"""Alignments against a plain dynamic programme and the definition of the edits."""
from __future__ import annotations

from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcb.scoring.alignment import Alignment, Edit, align, align_weighted

WORDS = st.lists(st.sampled_from("a b c d".split()), max_size=9)


def least_cost(ref, hyp, gap, substitution):
    @lru_cache(maxsize=None)
    def cost(i, j):
        if not i or not j:
            return gap * (i + j)
        return min(
            cost(i - 1, j - 1) + (0 if ref[i - 1] == hyp[j - 1] else substitution),
            cost(i - 1, j) + gap,
            cost(i, j - 1) + gap,
        )

    return cost(len(ref), len(hyp))


def apply(alignment: Alignment):
    """Carry the edits out on the reference; words between them must match."""
    made, at = [], 0
    for edit in alignment.edits:
        made += alignment.ref[at : edit.ref_at]
        assert len(made) == edit.hyp_at
        at = edit.ref_at + (edit.op != "ins")
        if edit.op != "del":
            made.append(alignment.hyp[edit.hyp_at])
    return made + list(alignment.ref[at:])


@pytest.mark.parametrize("aligner, gap, substitution", [(align, 1, 1), (align_weighted, 3, 4)])
@given(WORDS, WORDS)
@settings(max_examples=200, deadline=None)
def test_edits_give_the_hypothesis_at_least_cost(aligner, gap, substitution, ref, hyp):
    alignment = aligner(ref, hyp)
    assert apply(alignment) == hyp
    for edit in alignment.edits:
        assert edit.op != "sub" or alignment.ref_word(edit) != alignment.hyp_word(edit)
    cost = sum(substitution if edit.op == "sub" else gap for edit in alignment.edits)
    assert cost == least_cost(tuple(ref), tuple(hyp), gap, substitution)


def test_weighted_alignment_differs_from_levenshtein():
    # Five substitutions cost 20, three words lost and three gained 18: two matches are found, with
    # one error more.
    ref, hyp = "a b c m n".split(), "m n x y z".split()
    assert len(align(ref, hyp).edits) == 5
    assert [edit.op for edit in align_weighted(ref, hyp).edits] == ["del"] * 3 + ["ins"] * 3


def test_empty_reference_or_hypothesis():
    for aligner in (align, align_weighted):
        assert aligner([], []).edits == ()
        assert aligner(["a"], []).edits == (Edit("del", 0, 0),)
        assert aligner([], ["a"]).edits == (Edit("ins", 0, 0),)


def test_words_of_each_error():
    alignment = align("the cat sat".split(), "the cut sat down".split())
    assert [(e.op, alignment.ref_word(e), alignment.hyp_word(e)) for e in alignment.edits] == [
        ("sub", "cat", "cut"),
        ("ins", "", "down"),
    ]
    deletion = align(["a", "b"], ["b"])
    assert [(deletion.ref_word(e), deletion.hyp_word(e)) for e in deletion.edits] == [("a", "")]
