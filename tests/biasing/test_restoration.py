"""Restoration: outside accepted names the words are those recognised without the list."""
from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ctcb.biasing.restoration import restored
from ctcb.scoring.collateral import differences
from ctcb.transcript.hypothesis import FoundEntity, Reading, Word


def test_differences_by_hand():
    old, new = "a b c d e".split(), "a x y c d z".split()
    assert differences(old, new, []) == [((1, 2), (1, 3)), ((4, 5), (5, 6))]
    # "y c" is one name: what is equal within it is no border.
    assert differences(old, new, [(2, 4)]) == [((1, 3), (1, 4)), ((4, 5), (5, 6))]
    # Old words within a name: all of it differs.
    assert differences(["a", "x", "b"], ["a", "b"], [(0, 2)]) == [((0, 3), (0, 2))]
    assert differences(old, old, [(1, 3)]) == [] == differences([], [], [])
    assert differences([], ["a"], [(0, 1)]) == [((0, 0), (0, 1))]


def words(text):
    """A sixth of a second each."""
    return tuple(Word(word, place / 6, (place + 1) / 6, 0.9) for place, word in enumerate(text.split()))


def named(name, first, end, sure=None):
    return FoundEntity(name, 0, (first, end), first / 6, end / 6, ("subword",), 5.0, confidence=sure)


def sure(entity):
    return entity.confidence >= 0.5


def test_rejected_names_give_way_to_the_unbiased_words():
    biased = Reading(words("we met bob cat in linz and ann today"), 40.0, (named("Bob Cat", 2, 4, 0.1), named("Linz", 5, 6, 0.9), named("Ann", 7, 8, 0.2)))
    made = restored(biased, Reading(words("we met bobcat in lints and an a today"), 0.0), sure)
    assert made.text == "we met bobcat in linz and an a today" and made.score == 30
    assert [(entity.entity, entity.words) for entity in made.entities] == [("Linz", (4, 5))]
    assert [(entity.entity, entity.words) for entity in made.withdrawn] == [("Bob Cat", (2, 3)), ("Ann", (6, 8))]
    # Two names where nothing is equal: what was spoken before the accepted one comes in the place of the other.
    two = Reading(words("met bob ann"), 0.0, (named("Bob", 1, 2, 0.1), named("Ann", 2, 3, 0.9)))
    made = restored(two, Reading(words("mit bop am"), 0.0), sure)
    assert (made.text, [entity.words for entity in made.entities], [entity.words for entity in made.withdrawn]) == ("mit bop ann", [(2, 3)], [(0, 2)])
    # Recognised without the list as well: nothing could be put in its place.
    same = Reading(words("met bob"), 0.0, (named("Bob", 1, 2, 0.1),))
    assert restored(same, same, sure) == same


def test_words_beside_an_accepted_name_are_the_unbiased_ones():
    biased = Reading(words("they nut bob and there"), 1.0, (named("Bob", 2, 3),))
    made = restored(biased, Reading(words("we met bop in their"), 0.0))
    assert made.text == "we met bob in their" and made.entities == biased.entities and made.score == 1.0


def test_words_far_from_the_name_are_not_lost():
    """Two words without the list where it has one name: the first was spoken before it."""
    unbiased = Reading((Word("please", 0.0, 0.5, 1.0), Word("bricks", 0.6, 0.9, 1.0), Word("be", 0.9, 1.0, 1.0)), 0.0)
    brixby = FoundEntity("Brixby", 0, (0, 1), 0.58, 1.02, ("subword",), 5.0)
    made = restored(Reading((Word("brixby", 0.58, 1.02, 1.0),), 1.0, (brixby,)), unbiased)
    assert made.text == "please brixby" and made.entities[0].words == (1, 2)


def test_without_a_name_the_unbiased_words_stand():
    unbiased = Reading(words("we met bop in their"), 0.5)
    assert restored(Reading(words("they met bob"), 1.0), unbiased).words == unbiased.words


WORDS = st.lists(st.sampled_from("abc"), max_size=7)


@st.composite
def biased_readings(draw):
    """Words, and some of them names, apart from one another."""
    text = draw(WORDS)
    edges = sorted(draw(st.sets(st.integers(0, len(text)), max_size=4)))
    names = [named("N", first, end, draw(st.sampled_from([0.1, 0.9]))) for first, end in zip(edges[::2], edges[1::2])]
    return Reading(words(" ".join(text)), 0.0, tuple(names))


@given(biased_readings(), WORDS)
def test_accepted_names_stay_and_all_other_words_are_unbiased_ones(biased, text):
    unbiased = Reading(words(" ".join(text)), 0.0)
    made = restored(biased, unbiased, sure)
    assert [entity for entity in biased.entities if sure(entity)] == [
        original for entity in made.entities if sure(entity) for original in biased.entities if original.start == entity.start
    ]
    for entity in made.entities:
        (original,) = (other for other in biased.entities if other.start == entity.start)
        assert [word.word for word in made.words[slice(*entity.words)]] == [word.word for word in biased.words[slice(*original.words)]]
    outside = [word for place, word in enumerate(made.words) if not any(first <= place < end for first, end in (entity.words for entity in made.entities))]
    remaining = iter(unbiased.words)
    assert all(word in remaining for word in outside)  # the unbiased words, in their order
    if not any(map(sure, biased.entities)):
        assert made.text == unbiased.text
