"""Greedy decoding and transcripts, worked by hand."""
import json

import numpy as np
import pytest

from ctcb.decoding.readings import readings
from ctcb.search.greedy import greedy
from ctcb.text.tokens import TokenTable
from ctcb.transcript.formats import as_ctm, as_text
from ctcb.transcript.transcript import transcript

PIECES = TokenTable.of(["<blk>", "<unk>", "▁an", "n", "▁b", "ob", "▁"])


def reading(log_probs):
    return readings([greedy(log_probs)], PIECES, 0.04)[0]


def emissions(*frames):
    """Each frame: (token, probability); the rest is shared evenly."""
    rows = []
    for token, p in frames:
        row = np.full(len(PIECES), (1 - p) / (len(PIECES) - 1))
        row[token] = p
        rows.append(row)
    return np.log(np.array(rows, dtype=np.float32))


HAND = emissions((0, 0.9), (2, 0.6), (2, 0.8), (3, 0.9), (0, 0.9), (3, 0.7), (0, 0.9), (4, 0.9), (5, 0.5), (5, 0.4))


def test_repeats_merge_and_blanks_separate():
    path = greedy(HAND)
    assert path.tokens == (2, 3, 3, 4, 5)
    assert path.token_frames == (1, 3, 5, 7, 8) and path.token_ends == (3, 4, 6, 8, 10)
    assert np.exp(path.token_log_probs) == pytest.approx((0.8, 0.9, 0.7, 0.9, 0.5), abs=1e-6)
    assert path.score == pytest.approx(np.log(0.9 * 0.6 * 0.8 * 0.9 * 0.9 * 0.7 * 0.9 * 0.9 * 0.5 * 0.4), abs=1e-5)


def test_empty_result():
    assert greedy(np.zeros((0, 7), np.float32)).tokens == ()
    assert greedy(emissions((0, 0.9))).tokens == ()


def test_words_have_times_and_the_lowest_confidence_of_their_tokens():
    result = transcript("u1", reading(HAND))
    assert result.text == "annn bob"
    first, second = result.words
    assert (first.word, first.start, first.end, first.conf) == ("annn", 0.04, pytest.approx(0.24), pytest.approx(0.7))
    assert (second.start, second.end, second.conf) == (pytest.approx(0.28), pytest.approx(0.4), pytest.approx(0.5))
    data = json.loads(result.to_json())
    assert data["id"] == "u1" and data["words"][1] == {"word": "bob", "start": 0.28, "end": 0.4, "conf": 0.5}
    assert as_text(result) == "u1 annn bob\n"
    assert as_ctm(result) == "u1 1 0.04 0.20 annn 0.70\nu1 1 0.28 0.12 bob 0.50\n"


def test_word_start_without_letters_is_no_word():
    assert reading(emissions((6, 0.9), (0, 0.9))).words == ()
    assert reading(emissions((6, 0.9), (5, 0.9))).text == "ob"
