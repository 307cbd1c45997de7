"""Texts looked at all at once are what they are one by one."""
from __future__ import annotations

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ctcb.sequences import Lines, line_ends
from ctcb.text.in_bulk import are_words, line_sums, normalize_all
from ctcb.text.normalize import normalize

PARTS = st.sampled_from(["a", "Zo", "Mr", "Dr", "Mrs", "DR", "mr", " ", "  ", "'", "’", "-", ".", "é", "ß", "ſ", "İ", "3", "½", "&", "東", "\t", "\r", "r"])
TEXTS = st.lists(st.lists(PARTS, max_size=6).map("".join), max_size=8)


@given(TEXTS)
def test_normalised_as_one_by_one(texts):
    assert normalize_all(texts) == list(map(normalize, texts))


def test_a_text_with_a_line_feed():
    assert normalize_all(["Foo\nBar", "Baz"]) == ["foo bar", "baz"] and normalize_all([]) == [] and normalize_all([""]) == [""]


@given(TEXTS.filter(bool))
def test_words_as_a_pattern_has_them(texts):
    found = are_words(Lines.pack(texts))
    assert found.tolist() == [re.fullmatch("[A-Za-z]+(?: [A-Za-z]+)*", text) is not None for text in texts]


@given(TEXTS.filter(bool))
def test_characters_are_counted_by_line(texts):
    content = Lines.pack(texts)
    assert line_sums(content == ord(" "), line_ends(content)).tolist() == [text.count(" ") for text in texts]
    assert np.diff(line_ends(content), prepend=-1).tolist() == [len(text.encode()) + 1 for text in texts]
