"""G2P: words that the model has not seen, as the CMU dictionary has them; alone and together; without any network."""
from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
from rapidfuzz.distance import Levenshtein

from ctcb.text.g2p import predict
from ctcb.text.lexicon import PHONES, VOWELS, Lexicon, dictionary_words

WORDS = """zelensky yekaterinburg hydroxychloroquine acantholysis selenski x aa bcd tchaikovsky
brzeczyszczykiewicz lisinopril schwarzenegger nguyen ctcb""".split()


def test_words_that_the_training_left_out():
    """One of twenty, as local/shared/train_g2p.py has them: about 8 % of their phones are wrong."""
    words = sorted(word for word in dictionary_words() if re.fullmatch("[a-z]{2,}", word))
    left_out = [words[place] for place in np.random.default_rng(0).permutation(len(words))[::20]]
    lexicon, edits, phones = Lexicon(), 0, 0
    for word, found in zip(left_out, predict(left_out, stress=False)):
        edits += min(Levenshtein.distance(found, pron) for pron in lexicon.pronunciations(word))
        phones += len(lexicon.pronunciations(word)[0])
    assert len(left_out) > 5000 and edits < 0.08 * phones


def test_long_words_are_not_cut():
    (phones,) = predict(["hydroxychloroquine" * 3])
    assert len(phones) > 40


def test_phones_with_and_without_stress():
    for word, marked, plain in zip(WORDS, predict(WORDS), predict(WORDS, stress=False)):
        assert tuple(phone.rstrip("012") for phone in marked) == plain and set(plain) <= set(PHONES), word
        assert all((phone[-1] in "012") == (phone.rstrip("012") in VOWELS) for phone in marked)
    assert sum("1" in " ".join(phones) for phones in predict(WORDS)) >= len(WORDS) - 2


def test_batch_equals_single_words():
    assert predict(WORDS) == [predict([word])[0] for word in WORDS]
    assert predict([]) == [] and len(set(predict(["zelensky", "zelensky"]))) == 1


def test_a_lexicon_answers_the_same_prepared_or_not():
    words = [*WORDS, "zelensky's", "nhs", "cat", "cats'", "o'hara's"]
    for stress in (False, True):
        prepared, fresh = Lexicon(stress=stress), Lexicon(stress=stress)
        prepared.prepare(word for word in words if not word.endswith("'"))
        for word in words[:-2]:
            assert prepared.pronunciations(word) == fresh.pronunciations(word)


def test_needs_no_network() -> None:
    """In a process of its own, where opening a socket raises."""
    program = """
import socket
def refuse(*args, **kwargs):
    raise AssertionError("a socket was opened")
socket.socket = socket.create_connection = socket.getaddrinfo = refuse
from ctcb.text.lexicon import Lexicon
assert Lexicon().phones_of_text("Zelensky's NHS speech")
"""
    subprocess.run([sys.executable, "-c", program], check=True)
