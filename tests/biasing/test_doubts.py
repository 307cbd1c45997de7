"""Which pronunciations are doubtful, and why."""
from __future__ import annotations

import pytest

from ctcb.biasing.doubts import pronunciation_doubts
from ctcb.entities import Entity
from ctcb.phones.guesses import doubtful_guesses
from ctcb.text import espeak
from ctcb.text.lexicon import Lexicon

needs_espeak = pytest.mark.skipif(not espeak.available(), reason="needs espeakng-loader")


def doubts(*entities):
    return pronunciation_doubts([one if isinstance(one, Entity) else Entity(one) for one in entities], Lexicon())


def test_what_is_in_no_doubt():
    assert doubts("Paris", "doctor Smith", "NHS", "Paris's") == [(), (), (), ()]
    # what the list says itself
    assert doubts(Entity("WHO", prons=("W UH",)), Entity("Łódź", languages=("pl",))) == [(), ()]


def test_writing_that_leaves_a_doubt():
    [acronym], [foreign], [no_vowel] = doubts("WHO", "Łódź", "Krk")
    assert acronym == "'WHO' is read as a word; where it is spelled out, give spoken=w h o"
    assert foreign.startswith("'Łódź' is read in English, as 'lodz', without Łóź; give lang=")
    assert no_vowel.startswith("'krk' has no vowel letter, so it is spelled out")
    assert doubts(Entity("WHO", spoken=("w h o",))) == [()]


@needs_espeak
def test_two_pronouncers_disagree():
    # Both read zelensky alike; the network drops letters of the other.
    found = doubtful_guesses(["zelensky", "brzeczyszczykiewicz", "doctor"], Lexicon())
    assert set(found) == {"brzeczyszczykiewicz"}
    assert found["brzeczyszczykiewicz"].other == Lexicon().adapted(espeak.pronounce(["brzeczyszczykiewicz"], "en-us")[0])
    [[why]] = doubts("brzeczyszczykiewicz")
    assert "is in no dictionary; guessed B R " in why and "by espeak-ng " in why


def test_the_network_is_the_other_pronouncer_without_espeak(monkeypatch):
    monkeypatch.setattr(espeak, "available", lambda: False)
    found = doubtful_guesses(["zanolimumab", "zelensky", "zanolimumab's", "doctor"], Lexicon())
    assert set(found) == {"zanolimumab", "zanolimumab's"}
    assert found["zanolimumab"].other == Lexicon(g2p="g2p_en").pronunciations("zanolimumab")[0]
    [[why]] = doubts("zanolimumab")
    assert "is in no dictionary; guessed Z " in why and "by g2p_en " in why

