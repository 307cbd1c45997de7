"""Why a name was missed, in constructed emissions; what is advised is followed, and the name comes out."""
from __future__ import annotations

import json

import numpy as np
import pytest
from constructed import LETTERS, MET, PIECES, SPOKEN, log_probs, write

import ctcb
from ctcb.cli import main
from ctcb.decoding.stitching import from_plain, to_plain, together
from ctcb.entities import Entity, EntityList
from ctcb.errors import InputError
from ctcb.text.lexicon import phone_symbols
from ctcb.transcript.explained import (
    LACKING,
    NOT_NEAR,
    PUSHED_AWAY,
    RECOGNISED,
    UNLISTED,
    UNSPELLABLE,
    WITHDRAWN,
    as_explained_name,
)

# "bob" is too far below "bov" for its boost.
FAR = log_probs(PIECES, [*MET[:6], {"v": 0.9, "b": 0.003, "z": 0.09}, "<blk>"])
PHONES = phone_symbols(False)


def ann_met(*frames, last):
    """Tokens and phones of 9 frames, which begin with "ann met"; the three frames of the phones ``last``."""
    tokens = log_probs(PIECES, ["▁an", "n", "<blk>", "▁met", "<blk>", "<blk>", *frames])
    return tokens, log_probs(PHONES, ["AE", "N", "<blk>", "M", "EH", "T", *last])


def decoder(**given):
    return ctcb.CtcDecoder(PIECES, frame_shift=0.04, **given)


def followed(line, tmp_path, others=()):
    """The list with the advised line in it, read from a file as a user would write it."""
    path = tmp_path / "followed.txt"
    path.write_text("".join(f"{name}\n" for name in (*others, line)), encoding="utf-8")
    return EntityList.read(path)


def test_a_miss_and_what_is_advised(tmp_path):
    found = decoder().decode(FAR, ["Bob", "ann"], explain=["bob"])
    assert found.text == "ann met bov"
    [one] = found.explained
    assert (one.entity, one.outcome, one.recognised, one.start, one.end) == ("Bob", LACKING, "bov", 0.2, 0.28)
    assert one.tokens.tokens == ("▁bo", "b") and one.tokens.lost == pytest.approx(np.log(0.9 / 0.003), abs=0.01)
    assert one.tokens.gaps == pytest.approx([0.0, np.log(0.9 / 0.003)], abs=0.01) and one.phones is None
    assert one.boost.lacking > 0
    assert [hint.fields for hint in one.hints] == [("weight=1.5",), ("alias=bov",)]
    for hint in one.hints:
        after = decoder().decode(FAR, followed(hint.line, tmp_path, ["ann"]))
        assert [entity.entity for entity in after.entities] == ["ann", "Bob"] and after.text == "ann met bob"


def test_the_lacking_boost_is_what_the_search_lacks():
    """With the weight at which its boosts are as large as needed the name comes out, and just below it does not."""
    [one] = decoder().decode(FAR, ["Bob"], explain=["Bob"]).explained
    enough = one.boost.needed / one.boost.given
    assert decoder().decode(FAR, [Entity("Bob", weight=1.02 * enough)]).text == "ann met bob"
    assert decoder().decode(FAR, [Entity("Bob", weight=0.98 * enough)]).text == "ann met bov"


def test_weight_goes_on_from_the_lists_own(tmp_path):
    [one] = decoder().decode(FAR, [Entity("Bob", weight=0.5)], explain=["Bob"]).explained
    assert one.hints[0].fields in (("weight=1",), ("weight=1.5",))
    assert decoder().decode(FAR, followed(one.hints[0].line, tmp_path)).text == "ann met bob"


def test_names_that_are_recognised_and_that_fit_nowhere():
    found = decoder().decode(log_probs(PIECES, MET), ["Bob", "ann"], explain=["Bob", "metzzz"])
    assert [(one.entity, one.outcome) for one in found.explained] == [("Bob", RECOGNISED), ("metzzz", NOT_NEAR)]
    assert not found.explained[1].hints and "likely not spoken" in as_explained_name(found.explained[1])[0]


def test_a_name_that_is_recognised_once_and_missed_once():
    twice = np.concatenate([log_probs(PIECES, MET), FAR[5:]])
    found = decoder().decode(twice, ["Bob"], explain=["Bob"])
    assert found.text == "ann met bob bov"
    assert [(one.outcome, one.recognised) for one in found.explained] == [(RECOGNISED, "Bob"), (LACKING, "bov")]
    assert found.explained[1].start == pytest.approx(0.32)


def test_names_that_the_list_lacks_or_the_tokens(tmp_path):
    for listed in (["ann"], []):
        bob, quiz = decoder().decode(log_probs(PIECES, MET), listed, explain=["Bob", "quiz"]).explained
        assert (bob.outcome, [hint.line for hint in bob.hints]) == (UNLISTED, ["Bob"])
        assert decoder().decode(log_probs(PIECES, MET), followed("Bob", tmp_path, listed)).text == "ann met bob"
        assert quiz.outcome == UNSPELLABLE and "i q u" in quiz.reason
    [pushed] = decoder().decode(FAR, [Entity("bov", weight=-9), "ann"], explain=["bov"]).explained
    assert (pushed.outcome, pushed.hints) == (PUSHED_AWAY, ())


def test_words_between_separators(tmp_path):
    spoken = [*SPOKEN[:-2], {"V": 0.9, "B": 0.002, "Z": 0.05}, "|"]
    letters = ctcb.CtcDecoder(LETTERS, frame_shift=0.02)
    [one] = letters.decode(log_probs(LETTERS, spoken), ["Bob"], explain=["Bob"]).explained
    assert one.outcome == LACKING and one.recognised == "bov" and one.hints
    for hint in one.hints:
        assert [e.entity for e in letters.decode(log_probs(LETTERS, spoken), followed(hint.line, tmp_path)).entities] == ["Bob"]
    # "nn" stands within a word: what precedes is no separator
    [inside] = letters.decode(log_probs(LETTERS, spoken), ["NN"], explain=["NN"]).explained
    assert inside.tokens.lost > 3


def test_a_name_that_its_phones_withdraw(tmp_path):
    tokens, phones = ann_met("▁bo", {"v": 0.6, "b": 0.25, "z": 0.1}, "<blk>", last=["S", "IY", "T"])
    of_phones = decoder(phone_emissions=True, without=["phones", "spot"])
    found = of_phones.decode(tokens, ["Bob"], phones=phones, explain=["Bob"])
    assert found.text == "ann met bov" and [one.entity for one in found.withdrawn] == ["Bob"]
    [one] = found.explained
    assert one.outcome == WITHDRAWN and one.confidence == found.withdrawn[0].confidence < 0.5
    assert one.phones.pronunciation == "B AA B" and one.phones.lost > 3
    assert one.hints and any("pron=S IY T" in hint.fields for hint in one.hints)
    for hint in one.hints:
        after = of_phones.decode(tokens, followed(hint.line, tmp_path), phones=phones)
        assert [entity.entity for entity in after.entities] == ["Bob"]
    assert "its phones do not support it" in as_explained_name(one)[0]


def test_phones_say_where_it_was_spoken():
    """The tokens are nowhere near the name; its phones are."""
    tokens, phones = ann_met("z", "z", "<blk>", last=["B", "AA", "B"])
    of_phones = decoder(phone_emissions=True, without=["phones", "lookup", "spot"])
    [one] = of_phones.decode(tokens, ["Bob"], phones=phones, explain=["Bob"]).explained
    assert (one.start, one.end) == pytest.approx((0.24, 0.36)) and one.is_missed
    assert one.phones.recognised == "B AA B" and one.phones.lost == 0 and one.phones.edits == 0
    assert one.tokens is None or one.tokens.lost > 3


def test_many_utterances_and_long_recordings():
    many = list(decoder().decode_many({"a": FAR, "b": log_probs(PIECES, MET)}, ["Bob"], jobs=2, explain=["Bob"]))
    assert [[one.outcome for one in found.explained] for found in many] == [[LACKING], [RECOGNISED]]
    [nowhere] = decoder().decode(FAR[:3], ["Bob"], explain=["Bob"]).explained
    assert nowhere.outcome == NOT_NEAR
    parts = [decoder().decode(rows, ["Bob"], explain=["Bob"]) for rows in (FAR[:3], FAR, FAR[:3])]
    whole = together(parts, [0.0, 10.0, 20.0])
    assert [(one.outcome, one.start) for one in whole.explained] == [(LACKING, 10.2)]
    assert [one.outcome for one in together([decoder().decode(FAR, ["Bob"], explain=["quiz"])] * 2, [0.0, 10.0]).explained] == [UNSPELLABLE]
    assert from_plain(json.loads(json.dumps(to_plain(whole)))) == whole
    assert json.loads(whole.to_json())["explained"][0]["hints"][0] == {"fields": ["weight=1.5"], "line": "Bob\tweight=1.5"}


def test_a_name_that_is_none():
    with pytest.raises(InputError, match="'★' cannot be explained: it holds no letter or digit"):
        decoder().decode(FAR, ["Bob"], explain=["★"])


def test_command(tmp_path, capsys):
    given = write(tmp_path, {"u1": FAR})
    listed = tmp_path / "list.txt"
    listed.write_text("Bob\nann\n")

    def run(*options):
        main(["decode", "--entities", str(listed), *given, *options])
        return capsys.readouterr().out

    shown = run("--explain-name", "Bob", "--explain-name", "quiz")
    assert "    Bob: missed; it fits best at 0.20 to 0.28 s, where 'bov' was recognised\n" in shown
    assert "      helps here: Bob TAB weight=1.5\n" in shown and "    quiz: cannot be recognised\n" in shown
    line = next(row for row in shown.splitlines() if "helps here" in row).partition("helps here: ")[2]
    listed.write_text(f"{line.replace(' TAB ', chr(9))}\nann\n")
    assert run() == "u1 ann met bob\n"
    out = tmp_path / "out"
    run("--explain-name", "Bob", "--out", str(out))
    assert json.loads((out / "hyps.jsonl").read_text())["explained"][0]["outcome"] == RECOGNISED
    assert "Bob: recognised at 0.20 to 0.28 s" in (out / "explain.txt").read_text()
    with pytest.raises(SystemExit) as stop:
        main(["decode", *given, "--explain-name", "Bob"])
    assert stop.value.code == 2 and "--explain-name tells what a list lacks for a name, and there is none" in capsys.readouterr().err
