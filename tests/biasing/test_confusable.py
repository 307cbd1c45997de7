"""Names that are near one another, or near common words."""
from __future__ import annotations

from ctcb.biasing.confusable import confusable_names
from ctcb.entities import Entity, EntityList
from ctcb.text.lexicon import Lexicon
from ctcb.text.writing import Writing


def near(entities, lexicon=None, common=()):
    found = confusable_names(EntityList.of(entities), Writing.english(), lexicon, common)
    return [[(one.text, one.line, one.edits) for one in own] for own in found]


def test_by_phones():
    listed = ["Selensky", Entity("Zelenski", prons=("S EH L AH N S K IY",)), "Whiting", "Obama", "Kim"]
    assert near(listed, Lexicon(), ["wedding", "waiting", "kin"]) == [
        [("Zelenski", 2, 0)], [("Selensky", 1, 0)], [("waiting", None, 1)], [], [],
    ]  # fmt: skip


def test_by_letters_without_phones():
    assert near(["Martin", "Marten", "Bob"], None, ["market", "martin", "boa"]) == [
        [("martin", None, 0), ("Marten", 2, 1)], [("Martin", 1, 1), ("martin", None, 1)], [],
    ]  # fmt: skip


def test_names_that_share_a_spelling_are_one_warning():
    assert near(["Bob Lee", Entity("Robert", aliases=("bob lee",))], Lexicon()) == [[], []]


def test_at_most_the_nearest():
    listed = ["marten", *(f"marte{letter}" for letter in "abcdx")]
    [own, *_] = confusable_names(EntityList.of(listed), Writing.english())
    assert len(own) == 3 and own[0].warning("letters") == "is near 'martea' in line 2 (1 of 6 letters differs): one may be taken for the other"
