"""`verify`: phone scores by hand, withdrawn names, and their report."""
from __future__ import annotations

import json
import math

import numpy as np
import pytest
from constructed import MET, PIECES, log_probs, write

from ctcb.decoding.stitching import from_plain, to_plain, together
from ctcb.phones.verification import LONG, LogOddsWeights, PhoneScore, log_odds, may_reach, most_loss, probability, score_name
from ctcb.text.lexicon import phone_symbols
from ctcb.transcript.hypothesis import FoundEntity, Reading, Word
from ctcb.transcript.transcript import transcript

PHONES = phone_symbols()
ODDS = LogOddsWeights(base=1.0, loss=2.0, phones=0.5, uncertainty=3.0, names=0.25)


def phone_frames(*frames):
    return log_probs(PHONES, ["<blk>" if frame == "|" else frame for frame in frames])


def ids(text):
    return np.array([PHONES.index(phone) for phone in text.split()])


def test_phone_scores_by_hand():
    """Three frames whose likeliest phones are B, AA and V (V 0.6, B 0.4)."""
    heard = phone_frames("B", "AA", {"V": 0.6, "B": 0.4})
    bob, bov = score_name(heard, [ids("B AA B")]), score_name(heard, [ids("B AA V")])
    # No frame is left for a blank, so that a pronunciation of three phones has one alignment.
    assert bob.loss_per_phone == pytest.approx(math.log(0.6 / 0.4) / 3, abs=1e-4) and bov.loss_per_phone == pytest.approx(0, abs=1e-4)
    assert bob.phones == 3 and bob.uncertainty == bov.uncertainty == pytest.approx(-float(heard.max(axis=1).sum()) / 3)
    both = score_name(heard, [ids("B AA B"), ids("B AA V")])
    assert both.loss_per_phone == pytest.approx(-math.log(1 + 0.4 / 0.6) / 3, abs=1e-4)  # the sum over both
    assert score_name(heard, [ids("B AA B B")]).loss_per_phone == math.inf == score_name(heard[:0], [ids("B")]).loss_per_phone
    assert score_name(phone_frames(*"|" * 30), [ids("B AA " * 8)]).phones == 16


def test_log_odds_by_hand():
    evidence = PhoneScore(phones=6, loss_per_phone=0.75, uncertainty=0.5)
    assert log_odds(evidence, 100, ODDS) == pytest.approx(1 - 1.5 + 3 - 1.5 - 0.25 * math.log(100))
    assert log_odds(PhoneScore(16, 0.75, 0.5), 100, ODDS) == log_odds(PhoneScore(LONG, 0.75, 0.5), 100, ODDS) == pytest.approx(-2 + LONG / 2 - 0.25 * math.log(100))
    assert probability(evidence, 1, ODDS) == pytest.approx(1 / (1 + math.exp(-1.0)))
    assert probability(PhoneScore.none(), 1, ODDS) == 0 == probability(PhoneScore(3, 1e6, 0), 1, ODDS)


@pytest.mark.parametrize("least", [0.1, 0.6])
def test_what_a_name_may_lose_at_most_is_where_its_probability_is_reached(least):
    phones = np.array([3, 8, 12, 20])
    most = most_loss(least, phones, 50, ODDS)
    for place, count in enumerate(phones.tolist()):
        below, above = (PhoneScore(count, most[place] + away, 0.0) for away in (-1e-4, 1e-4))
        assert probability(below, 50, ODDS) > least > probability(above, 50, ODDS)
    for away, reached in ((-1e-4, True), (1e-4, False)):
        assert (may_reach(least, phones, most + away, np.zeros(4), 50, ODDS) == reached).all()
        assert (may_reach(least, phones, most + away - 1.5 * 0.2, np.full(4, 0.2), 50, ODDS) == reached).all()
    assert (most_loss(0, phones, 50) == np.inf).all() and (most_loss(1, phones, 50) == -np.inf).all()


def test_fitted_weights_have_the_expected_signs():
    good = PhoneScore(phones=8, loss_per_phone=0.1, uncertainty=0.1)
    at = probability(good, 100)
    assert at > 0.5
    assert all(probability(worse, 100) < at for worse in (PhoneScore(8, 2.0, 0.1), PhoneScore(3, 0.1, 0.1), PhoneScore(8, 0.1, 1.0)))
    assert probability(good, 10_000) <= at


def test_withdrawn_names_are_kept_for_long_recordings():
    words = tuple(Word(word, place, place + 1, 0.9) for place, word in enumerate(("met", "an")))
    ann = FoundEntity("Ann", 0, (1, 2), 1, 2, ("subword",), 5.0, confidence=0.1)
    part = transcript("u", Reading(words, 0.0, (), (ann,)), (), 2.0)
    whole = together([part, part], [0.0, 2.0])
    assert [(found.words, found.start) for found in whole.withdrawn] == [((1, 2), 1), ((3, 4), 3)]
    assert from_plain(json.loads(json.dumps(to_plain(whole)))) == whole


@pytest.fixture
def decode(ctcb, tmp_path):
    def call(phones, *options, form="jsonl"):
        (tmp_path / "names.txt").write_text("bob\n")
        np.savez(tmp_path / "p.npz", u1=phones)
        files = write(tmp_path, {"u1": log_probs(PIECES, MET)})
        ran = ctcb("decode", *files, "--entities", tmp_path / "names.txt", "--phone-emissions", tmp_path / "p.npz", "--bias", "none",
                   "--with", "subword", "--with", "verify", *options, "--format", form)
        assert ran.code == 0, ran.err
        return json.loads(ran.out) if form == "jsonl" else ran.out

    return call


def test_unconfirmed_name_is_withdrawn(decode):
    bob, zoo = phone_frames(*"AE N M EH T B AA B".split()), phone_frames(*"AE N M EH T Z UW S".split())
    row = decode(bob)
    assert row["text"] == "ann met bob" and row["entities"][0]["confidence"] > 0.5 and "withdrawn" not in row
    row = decode(zoo)
    assert row["text"] == "ann met bov" and row["entities"] == []
    assert [(found["entity"], found["why"]) for found in row["withdrawn"]] == [("bob", ["subword"])] and row["withdrawn"][0]["confidence"] < 0.1
    row = decode(zoo, "--assurance", 0)
    assert row["text"] == "ann met bob" and row["entities"][0]["confidence"] < 0.1
    assert decode(bob, "--assurance", 1)["text"] == "ann met bov"
