"""Spellings that sound alike: the table, and the generator against all combinations of its changes."""
from __future__ import annotations

from itertools import product

import g2g_reference
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcb.errors import InputError
from ctcb.text.g2g import TABLE, Variant, _changes, fits, read_table, variants, variants_of_all
from ctcb.text.g2g_search import MILLION, respellings, table_of
from ctcb.text.lexicon import PHONES


def texts(text, count, **how):
    return [variant.text for variant in variants(text, count, **how)]


def test_variants_sound_like_the_name():
    assert "zelenski" in texts("zelenskyy", 5)
    assert "akantholysis" in texts("acantholysis", 5)
    assert "kwin" in texts("quin", 30) and "filip" in texts("philip", 30)
    assert "sypher" in texts("cypher", 30) and "kypher" not in texts("cypher", 30)  # c before y is no K


def test_variants_are_sorted_unique_and_deterministic():
    found = variants("vandersteen", 40)
    assert found == variants("vandersteen", 40) == sorted(found, key=lambda one: (one.cost, one.text))
    assert len({one.text for one in found}) == len(found) == 40 and all(one.cost > 0 and one.text != "vandersteen" for one in found)
    for count in (0, 1, 2, 10, 20):  # what is asked for does not depend on how many are
        assert variants("vandersteen", count) == found[:count]


def test_every_cheap_variant_is_found():
    """One change at a time, put together from the table by hand."""
    word, rows = "zoker", read_table()
    want = {}
    for first in range(len(word)):
        for row in rows:
            end = first + len(row.cluster)
            if word[first:end] != row.cluster or not fits(row.where, first == 0, word[end:]):
                continue
            same = [other for other in rows if other.phones == row.phones]
            for other in same:
                cost = 0.3 + row.reads + other.writes - min(one.writes for one in same)
                if other.cluster != row.cluster and cost <= 5 and fits(other.where, first == 0, word[end:]):
                    text = word[:first] + other.cluster + word[end:]
                    want[text] = min(cost, want.get(text, 99))
    found = {one.text: one.cost for one in variants(word, 400)}
    assert len(want) > 15
    for text, cost in want.items():
        if text != word:
            assert found[text] <= cost + 1e-6


def test_known_words_are_neither_varied_nor_produced():
    assert texts("saint zoker", 8, known={"saint"}.__contains__)[0].startswith("saint ")
    assert all(text.startswith("saint ") for text in texts("saint zoker", 20, known={"saint"}.__contains__))
    assert texts("saint", 5, known={"saint"}.__contains__) == []
    first = texts("lodz", 5)[0]
    assert first not in texts("lodz", 5, known={first}.__contains__) and len(texts("lodz", 5, known={first}.__contains__)) == 5


def test_variants_of_several_words():
    found = variants("zoker lodz", 10)
    assert [one.cost for one in found] == sorted(one.cost for one in found) and all(one.text.count(" ") == 1 for one in found)
    ways = [{word: 0.0, **{one.text: one.cost for one in variants(word, 10)}} for word in ("zoker", "lodz")]
    both = {f"{one} {other}": ways[0][one] + ways[1][other] for one in ways[0] for other in ways[1]}
    best = sorted(both.items(), key=lambda item: (round(item[1], 6), item[0]))[1:11]
    assert [one.text for one in found] == [text for text, _ in best]


def test_empty_and_odd_words():
    assert variants("", 5) == [] and variants("zoker", 0) == []
    assert all("'" in text for text in texts("o'neill", 5))
    assert not any(letter * 3 in text for text in texts("llewellyn", 50) for letter in "eln")


def test_table_covers_all_phones():
    rows = read_table()
    assert {phone for row in rows for phone in row.phones.split()} == set(PHONES)
    assert len({row[:3] for row in rows}) == len(rows)
    for phones in {row.phones for row in rows}:  # the shares of a sound's spellings add up to one
        assert sum(2.718281828 ** -row.writes for row in rows if row.phones == phones) == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize(
    "line, said",
    [
        ("S\tss\t-", "3 fields, not 5"), ("XX\tss\t-\t0\t0", "'XX' is not a CMU phone"), ("S\ts1\t-\t0\t0", "'s1' is not all letters"),
        ("S\tss\t+\t0\t0", "'+' is not a position"), ("S\tss\t-\t0\tx", "the cost 'x' is not a number"),
    ],
)  # fmt: skip
def test_wrong_line_is_named(tmp_path, line, said):
    (tmp_path / "t.tsv").write_text(f"# comment\n{line}\n")
    with pytest.raises(InputError, match=r"t.tsv:2: ") as raised:
        read_table(tmp_path / "t.tsv")
    assert said in str(raised.value) and TABLE.exists()


WORDS = st.one_of(
    st.text("abcdefghijklmnopqrstuvwxyz'", max_size=12), st.text("aeiousctkh", max_size=10), st.sampled_from(["ph" * 9, "aaaa", "ééa", "x" * 30, "llewellyn"]),
)  # fmt: skip


@given(words=st.lists(WORDS, min_size=1, max_size=4), count=st.integers(0, 30))
@settings(deadline=None, max_examples=60)
def test_compiled_search_equals_the_plain_one(words, count):
    found = respellings(words, count, table_of(_changes()), count)
    assert [[Variant(text, cost / MILLION) for cost, text in own] for own in found.rows()] == [list(g2g_reference.respellings(word, count)) for word in words]


@given(words=st.lists(WORDS, min_size=1, max_size=4), most=st.integers(0, 8), more=st.integers(0, 14), share=st.integers(1, 4))
@settings(deadline=None, max_examples=60)
def test_known_spellings_are_skipped_in_any_number(words, most, more, share):
    """Few are searched for at first, and more where these are known."""
    def known(text):
        return sum(map(ord, text)) % share > 0

    found = respellings(words, most + more, table_of(_changes()), most, known)
    def unknown(word, count):
        return [one for one in g2g_reference.respellings(word, count) if not known(one.text)][:most]

    few = min(most + 1, most + more)
    expected = [found if len(found) == most else unknown(word, most + more) for word, found in ((word, unknown(word, few)) for word in words)]
    assert [[Variant(text, cost / MILLION) for cost, text in own] for own in found.rows()] == expected


def test_many_texts_as_one_by_one():
    forms = ["zoker lodz", "saint zoker", "", "lodz", "zoker lodz quin"]
    known = {"saint", "lots"}.__contains__
    assert [[Variant(text, cost / MILLION) for cost, text in own] for own in variants_of_all(forms, 10, known).rows()] == [variants(form, 10, known) for form in forms]
    ways = [[Variant(word, 0.0), *variants(word, 10)] for word in forms[-1].split()]
    every = sorted((round(sum(one.cost for one in row), 6), " ".join(one.text for one in row)) for row in product(*ways))
    assert [one.text for one in variants(forms[-1], 10)] == [text for _, text in every[1:11]]


@given(texts=st.lists(st.lists(WORDS.filter(bool), max_size=3).map(" ".join), max_size=4), count=st.integers(0, 12))
@settings(deadline=None, max_examples=40)
def test_variants_of_texts_are_the_cheapest_combinations(texts, count):
    def combinations(text):
        ways = [[(0, word), *zip(own.costs.tolist(), own.texts)] for word in text.split() for own in [variants_of_all([word], count)]]
        every = sorted((sum(cost for cost, _ in row), tuple(one for _, one in row)) for row in product(*ways))
        return [(cost, " ".join(row)) for cost, row in every[1 : count + 1]]

    assert list(variants_of_all(texts, count).rows()) == list(map(combinations, texts))
