"""The command ``ctcb decode --entities``, on constructed emissions of several kinds of models."""
from __future__ import annotations

import json

import numpy as np
import pytest
from constructed import LETTERS, MET, PIECES, SPOKEN, log_probs, write
from tones import sentences, write_manifest

QUIET = log_probs(PIECES, ["<blk>"] * 5)


@pytest.fixture
def files(tmp_path):
    """``files(name=content)`` writes each and returns the paths."""

    def make(**contents):
        paths = []
        for name, content in contents.items():
            paths.append(tmp_path / f"{name}.txt")
            paths[-1].write_text(content, encoding="utf-8")
        return paths[0] if len(paths) == 1 else paths

    return make


@pytest.fixture
def decode(ctcb, tmp_path):
    """Decode arrays of emissions; options follow."""

    def call(arrays, *options, symbols=PIECES, **how):
        if not isinstance(arrays, dict):
            arrays = {"u1": arrays}
        return ctcb("decode", *write(tmp_path, arrays, symbols), *options, **how)

    return call


def rows(ran):
    assert ran.code == 0, ran.err
    return [json.loads(line) for line in ran.out.splitlines()]


def test_listed_name_wins_over_the_best_word(decode, files):
    emissions = log_probs(PIECES, MET)
    assert decode(emissions).out == "u1 ann met bov\n"
    ran = decode(emissions, "--entities", files(names="Bób\nVbz\n"))
    assert (ran.out, ran.err, ran.code) == ("u1 ann met bob\n", "", 0)
    # Another name that is as like it, but not listed, gains nothing; and a listed one that was not said stays out.
    assert decode(emissions, "--entities", files(names="Anne\nMetz\n")).out == "u1 ann met bov\n"


def test_entities_in_hyps_jsonl(decode, files):
    names = files(names="Bób\nANN\tweight=0.5\n")
    (row,) = rows(decode(log_probs(PIECES, MET), "--entities", names, "--format", "jsonl"))
    ann, bob = row["entities"]
    assert (ann["entity"], ann["start"], ann["end"], ann["why"], ann["replaced"]) == ("ANN", 0.0, 0.08, ["subword"], None)
    # alpha 0.5, beta 1.75 a letter: "▁bo" is its frame's best, "b" log(0.6 / 0.25) below it. In a list of two,
    # 1 + 0.5 * log10(2) of the three letters earn nothing.
    assert (bob["entity"], bob["start"], bob["end"]) == ("Bób", 0.2, 0.28)
    assert bob["bonus"] == pytest.approx((1 - 1.1505 / 3) * (3 * 1.75 + 0.5 * np.log(0.6 / 0.25)), abs=2e-3)
    assert [word["word"] for word in row["words"]] == ["ann", "met", "bob"] == row["text"].split()
    last = row["words"][2]
    assert (last["start"], last["end"]) == (0.2, 0.28) and last["conf"] == pytest.approx(0.25 / 0.95, abs=1e-3)
    assert row["nbest"] == []


def test_nbest_texts_are_distinct(decode, files):
    ran = decode(log_probs(PIECES, MET), "--entities", files(names="bob\n"), "--nbest", 3, "--format", "jsonl")
    (row,) = rows(ran)
    assert [other["text"] for other in row["nbest"]] == ["ann met bob", "ann met bov", "ann met boz"]
    scores = [other["score"] for other in row["nbest"]]
    assert scores == sorted(scores, reverse=True) and row["score"] == scores[0]
    (plain,) = rows(decode(log_probs(PIECES, MET), "--nbest", 2, "--format", "jsonl"))  # asks for the beam search
    assert [other["text"] for other in plain["nbest"]] == ["ann met bov", "ann met bob"]


@pytest.mark.parametrize("options", [["--bias", "none"], ["--without", "subword"], ["--alpha", 0, "--beta", 0]])
def test_biasing_can_be_turned_off(decode, files, options):
    ran = decode(log_probs(PIECES, MET), "--entities", files(names="bob\n"), *options)
    assert (ran.code, ran.out) == (0, "u1 ann met bov\n")


def test_single_technique_can_be_turned_on(decode, files):
    ran = decode(log_probs(PIECES, MET), "--entities", files(names="bob\n"), "--bias", "none", "--with", "subword")
    assert ran.out == "u1 ann met bob\n"


def test_weights_and_forms_of_the_list_are_used(decode, files):
    emissions = log_probs(PIECES, MET)
    assert decode(emissions, "--entities", files(names="Robert\talias=bob\nBoz\n")).out == "u1 ann met robert\n"
    assert decode(emissions, "--entities", files(names="bob\nboz\tweight=4\n")).out == "u1 ann met boz\n"
    assert decode(emissions, "--entities", files(names="bob :4\n"), "--entities-format", "sherpa").out == "u1 ann met bob\n"


@pytest.mark.parametrize("table", ["a\tbob|Eve\nb\t\nc\tboz\n", 'a\tx\t[]\t["bob", "eve"]\nb\tx\t[]\t[]\nc\tx\t[]\t["boz"]\n'])
def test_list_per_utterance(decode, files, table):
    emissions = log_probs(PIECES, [*MET[:-2], {"v": 0.5, "b": 0.25, "z": 0.24}, "<blk>"])
    ran = decode({name: emissions for name in "abcd"}, "--entities-per-utt", files(table=table))
    assert ran.code == 0
    assert ran.out.splitlines() == ["a ann met bob", "b ann met bov", "c ann met boz", "d ann met bov"]
    assert ran.err.splitlines()[-1].endswith("table.txt: no list for 1 of 4 utterances, decoded without one: d")


def test_table_without_the_utterances_is_refused(decode, files):
    ran = decode(QUIET, "--entities-per-utt", files(table="x1\tbob\n"))
    assert ran.code == 2 and "table.txt: has no list for any of the 1 utterances, such as 'u1'; use their ids; the table has 'x1'" in ran.err


def test_upper_case_character_vocabulary(decode, files):
    emissions = log_probs(LETTERS, SPOKEN)
    assert decode(emissions, symbols=LETTERS).out == "u1 ann met bov\n"
    assert decode(emissions, "--entities", files(names="Ann Boz\nBob\n"), symbols=LETTERS).out == "u1 ann met bob\n"
    spaced = [" " if symbol == "|" else symbol for symbol in LETTERS]
    assert decode(emissions, "--entities", files(names="met bob\n"), symbols=spaced).out == "u1 ann met bob\n"


@pytest.mark.parametrize("blank, told", [(9, "9"), (4, "<nothing>"), (4, "4")])
def test_blank_at_any_id(decode, files, blank, told):
    symbols = [symbol for symbol in PIECES if symbol != "<blk>"]
    symbols.insert(blank, "<nothing>")
    emissions = log_probs(symbols, ["<nothing>" if frame == "<blk>" else frame for frame in MET])
    ran = decode(emissions, "--blank", told, "--entities", files(names="bob\n"), symbols=symbols)
    assert (ran.code, ran.out) == (0, "u1 ann met bob\n"), ran.err
    assert "name the blank's id or symbol" in decode(emissions, symbols=symbols).err


def test_logits_need_an_option(decode, files):
    logits = log_probs(PIECES, MET) * 1.0 + np.arange(len(MET), dtype=np.float32)[:, None] - 3
    names = files(names="bob\n")
    for options in ([], ["--entities", names]):
        ran = decode(logits, *options)
        assert ran.code == 2 and "'u1': emissions are not natural-log probabilities; if they are raw logits, say so (--log-probs logits)" in ran.err
    assert decode(logits, "--log-probs", "logits", "--entities", names).out == "u1 ann met bob\n"
    assert decode(log_probs(PIECES, MET), "--log-probs", "logits").out == "u1 ann met bov\n"  # no harm


def spoilt():
    array = log_probs(PIECES, MET)
    array[3, 2] = np.nan
    return array


def test_bad_utterance_does_not_stop_the_others(decode, files, tmp_path):
    arrays = {"a": log_probs(PIECES, MET), "b": spoilt(), "c": QUIET, "d": np.array(["text"]), "e": np.array([None])}
    for options in ([], ["--entities", files(names="bob\n")]):
        ran = decode(arrays, *options, "--out", tmp_path / "out")
        assert ran.code == 1
        text = (tmp_path / "out/text").read_text().splitlines()
        assert [line.split()[0] for line in text] == ["a", "c"] and text[0].endswith("bob" if options else "bov")
        left_out = [line for line in ran.err.splitlines() if "left out" in line]
        assert "utterance 'b': emissions hold NaN or +inf at frame 3" in left_out[0]
        assert "utterance 'd'" in left_out[1] and "utterance 'e' is not readable as an array" in left_out[2]
        assert "3 of 5 utterances could not be decoded (named above)" in ran.err
    alone = decode(spoilt())
    assert alone.code == 2 and len(alone.err.splitlines()) == 1


def test_no_output_if_every_utterance_fails(decode, tmp_path):
    assert decode(spoilt(), "--out", tmp_path / "out").code == 2
    assert not (tmp_path / "out/text").exists()


@pytest.mark.parametrize("method", ["greedy", "beam"])
def test_tokens_of_another_model_are_refused(decode, method):
    ran = decode(QUIET, "--method", method, symbols=PIECES[:-1])
    assert ran.code == 2 and "emissions have 10 tokens a frame, but the vocabulary has 9" in ran.err


def test_empty_and_silent_emissions(decode, files):
    ran = decode({"a": QUIET, "b": QUIET[:0]}, "--entities", files(names="bob\n"), "--format", "jsonl", "--nbest", 2)
    assert [(row["text"], row["words"], row["entities"]) for row in rows(ran)] == [("", [], [])] * 2


def test_letters_without_tokens_are_reported(decode, files):
    names = files(names="Bob\nQuiz\nBoq\talias=bov\nbox\n")
    ran = decode(log_probs(PIECES, MET), "--entities", names, symbols=PIECES)
    lines = ran.err.splitlines()
    assert ran.code == 0 and lines[0].endswith("names.txt: 2 of 4 entries loaded (2 rejected, 1 changed)")
    assert lines[1:] == [
        "  line 2: rejected: 'Quiz': 'quiz' needs letters that no token has: i q u",
        "  line 4: rejected: 'box': 'box' needs letters that no token has: x",
        "  line 3: changed: 'Boq': 'boq' needs letters that no token has: q; its other forms are used",
    ]
    ran = decode(QUIET, "--entities", files(names="Quiz\n\n"))
    assert ran.code == 2 and "names.txt:1: no entity is left: 'Quiz'" in ran.err and "give spoken=" in ran.err


def test_empty_lists(decode, files):
    ran = decode(QUIET, "--entities", files(names="# nothing\n"))
    assert ran.code == 2 and "names.txt: holds no entity" in ran.err
    assert decode(QUIET, "--entities-per-utt", files(table="u1\t\n")).out == "u1\n"


def test_output_does_not_depend_on_jobs(decode, files):
    rng = np.random.default_rng(0)
    arrays = {}
    for number in range(40):
        logits = rng.normal(0, 3, (int(rng.integers(0, 60)), len(PIECES)))
        arrays[f"u{number}"] = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    arrays["u7"][0, 0] = np.nan
    names = files(names="bob\nbov\nann\nnan met\n")
    first, second = (
        decode(arrays, "--entities", names, "--format", "jsonl", "--nbest", 4, "--jobs", jobs) for jobs in (1, 3)
    )
    assert first == second and first.code == 1 and '"subword"' in first.out


def test_output_with_times_needs_a_frame_shift(ctcb, tmp_path):
    *options, _, _ = write(tmp_path, {"u1": log_probs(PIECES, MET)})
    assert ctcb("decode", *options).out == "u1 ann met bov\n"
    ran = ctcb("decode", *options, "--format", "ctm")
    assert ran.code == 2 and "give --frame-shift SECONDS" in ran.err


def test_emissions_of_a_model_directory(ctcb, model_dir, tmp_path, files):
    """With --model instead of --tokens, the output equals that for audio byte by byte."""
    audio = write_manifest(tmp_path / "in", sentences(4)).with_name("audio")  # without the speakers, which emissions do not tell
    names = files(names="Ann Bob\nOak\nTom Una\n")
    phones = tmp_path / "p.npz"
    assert ctcb("emit", "--model", model_dir, audio, "--out", tmp_path / "e.npz", "--phones", phones).code == 0
    decode = ["decode", "--model", model_dir, "--entities", names, "--format", "jsonl", "--nbest", 3]
    heard, read = ctcb(*decode, audio), ctcb(*decode, "--emissions", tmp_path / "e.npz", "--phone-emissions", phones)
    assert heard == read and heard.code == 0 and len(heard.out.splitlines()) == 4
    ran = ctcb("decode", "--emissions", tmp_path / "e.npz")
    assert ran.code == 2 and "give --tokens FILE, or --model MODEL" in ran.err
    ran = ctcb("decode", "--emissions", tmp_path / "e.npz", "--model", model_dir, "--blank", 0)
    assert ran.code == 2 and "--blank is for --tokens" in ran.err


@pytest.mark.parametrize(
    "options, said",
    [
        (["--entities", "n", "--method", "greedy"], "greedy decoding takes no list; leave --method greedy out"),
        (["--method", "greedy", "--nbest", 2], "greedy decoding takes no --nbest"),
        (["--method", "greedy", "--beam", 2], "greedy decoding takes no --beam"),
        (["--nbest", 17], "nbest is 17 and beam 16"),
        (["--alpha", -1], "subword.alpha is -1.0"),
        (["--bias", "decoder"], "there is no list"),
        (["--with", "subword"], "there is no list"),
        (["--entities", "n", "--entities-per-utt", "n"], "exclude each other"),
        (["--entities", "n", "--with", "subword", "--without", "subword"], "both asked for and turned off"),
        (["--entities", "missing.txt"], "missing.txt: no such file"),
        (["talk.wav"], "both --emissions and talk.wav are given"),
        (["--tokens-model", "none.model"], "none.model: no such file"),
        (["--separator", "_"], "the separator '_' is not one of the 10 tokens"),
        (["--jobs", 0], "jobs is 0"),
    ],
)
def test_wrong_options_give_one_line_and_exit_code_2(decode, options, said):
    ran = decode(QUIET, *options)
    assert ran.code == 2 and ran.out == ""
    assert said in ran.err and len(ran.err.splitlines()) == 1


def test_wrong_files(ctcb, tmp_path):
    (tmp_path / "text.npz").write_text("text")
    np.savez(tmp_path / "empty.npz")
    np.savez(tmp_path / "spaced.npz", **{"a b": QUIET})
    for file, said in [
        ("text.npz", "not a .npz archive"), ("empty.npz", "holds no array"), ("none.npz", "no such file"),
        ("spaced.npz", "the id 'a b' holds white space"),
    ]:  # fmt: skip
        ran = ctcb("decode", "--emissions", tmp_path / file, "--tokens", tmp_path / "t")
        assert ran.code == 2 and said in ran.err and len(ran.err.splitlines()) == 1
    ran = ctcb("decode")
    assert ran.code == 2 and "there is nothing to decode" in ran.err
    ran = ctcb("decode", "talk.wav", "--tokens", "t")
    assert ran.code == 2 and "--tokens is for --emissions" in ran.err
