"""`verify`: the evidence by hand, what is taken back, and what is told of it."""
from __future__ import annotations

import json
import math

import numpy as np
import pytest
from constructed import MET, PIECES, log_probs, write

from ctcb.decoding.stitching import from_plain, to_plain, together
from ctcb.phones.verification import Evidence, Odds, likelihood, log_odds, weigh
from ctcb.text.lexicon import phone_symbols
from ctcb.transcript.hypothesis import FoundEntity, Reading, Word
from ctcb.transcript.transcript import transcript

PHONES = phone_symbols()
ODDS = Odds(base=1.0, lack=2.0, phones=0.5, doubt=3.0, names=0.25)


def phone_frames(*frames):
    return log_probs(PHONES, ["<blk>" if frame == "|" else frame for frame in frames])


def ids(text):
    return np.array([PHONES.index(phone) for phone in text.split()])


def test_evidence_by_hand():
    """Three frames, in which B, AA and V (0.6; B 0.4) are likeliest."""
    heard = phone_frames("B", "AA", {"V": 0.6, "B": 0.4})
    bob, bov = weigh(heard, [ids("B AA B")]), weigh(heard, [ids("B AA V")])
    # No frame is left for a blank, so that a pronunciation of three phones has one alignment.
    assert bob.lack == pytest.approx(math.log(0.6 / 0.4) / 3, abs=1e-4) and bov.lack == pytest.approx(0, abs=1e-4)
    assert bob.phones == 3 and bob.doubt == bov.doubt == pytest.approx(-float(heard.max(axis=1).sum()) / 3)
    both = weigh(heard, [ids("B AA B"), ids("B AA V")])
    assert both.lack == pytest.approx(-math.log(1 + 0.4 / 0.6) / 3, abs=1e-4)  # the sum over both
    assert weigh(heard, [ids("B AA B B")]).lack == math.inf == weigh(heard[:0], [ids("B")]).lack
    assert weigh(phone_frames(*"|" * 30), [ids("B AA " * 8)]).phones == 12


def test_odds_by_hand():
    evidence = Evidence(phones=6, lack=0.75, doubt=0.5)
    assert log_odds(evidence, 100, ODDS) == pytest.approx(1 - 1.5 + 3 - 1.5 - 0.25 * math.log(100))
    assert likelihood(evidence, 1, ODDS) == pytest.approx(1 / (1 + math.exp(-1.0)))
    assert likelihood(Evidence.none(), 1, ODDS) == 0 == likelihood(Evidence(3, 1e6, 0), 1, ODDS)


def test_the_bundled_weights_have_the_signs_that_they_must():
    good = Evidence(phones=8, lack=0.1, doubt=0.1)
    at = likelihood(good, 100)
    assert at > 0.5
    assert all(likelihood(worse, 100) < at for worse in (Evidence(8, 2.0, 0.1), Evidence(3, 0.1, 0.1), Evidence(8, 0.1, 1.0)))
    assert likelihood(good, 10_000) <= at


def test_what_was_taken_back_is_kept_with_long_recordings():
    words = tuple(Word(word, place, place + 1, 0.9) for place, word in enumerate(("met", "an")))
    ann = FoundEntity("Ann", 0, (1, 2), 1, 2, ("subword",), 5.0, sure=0.1)
    part = transcript("u", Reading(words, 0.0, (), (ann,)), (), 2.0)
    whole = together([part, part], [0.0, 2.0])
    assert [(found.words, found.start) for found in whole.taken_back] == [((1, 2), 1), ((3, 4), 3)]
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


def test_a_name_must_be_borne_out_by_its_phones(decode):
    bob, zoo = phone_frames(*"AE N M EH T B AA B".split()), phone_frames(*"AE N M EH T Z UW S".split())
    row = decode(bob)
    assert row["text"] == "ann met bob" and row["entities"][0]["sure"] > 0.5 and "taken_back" not in row
    row = decode(zoo)
    assert row["text"] == "ann met bov" and row["entities"] == []
    assert [(found["entity"], found["why"]) for found in row["taken_back"]] == [("bob", ["subword"])] and row["taken_back"][0]["sure"] < 0.1
    row = decode(zoo, "--assurance", 0)
    assert row["text"] == "ann met bob" and row["entities"][0]["sure"] < 0.1
    assert decode(bob, "--assurance", 1)["text"] == "ann met bov"
