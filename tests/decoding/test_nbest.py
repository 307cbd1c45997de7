"""N-best lists: from options, from presets, of long recordings; never dropped silently."""
from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest
import soundfile
from constructed import MET, PIECES, log_probs, write
from tones import RATE, say, sentences

import ctcb as package
from ctcb.biasing.registry import TECHNIQUES
from ctcb.biasing.spelling_variants import SpellingVariants
from ctcb.ctc.emissions import Emissions
from ctcb.decoding.builder import Config, EmissionFacts, build_pipeline
from ctcb.decoding.stitching import combined, from_plain, to_plain, together
from ctcb.entities import EntityList
from ctcb.errors import InputError
from ctcb.text.spelling import PieceSpelling
from ctcb.text.tokens import TokenTable
from ctcb.transcript.transcript import Alternative, Transcript

EMISSIONS = log_probs(PIECES, MET)
TEXTS = ["ann met bob", "ann met bov", "ann met boz"]


def texts(transcript):
    return [other.text for other in transcript.nbest]


def test_options_give_the_default_nbest():
    decoder = package.CtcDecoder(PIECES, options=package.BeamOptions(nbest=3))
    assert texts(decoder.decode(EMISSIONS, ["Bob"])) == TEXTS
    assert texts(decoder.decode(EMISSIONS, ["Bob"], nbest=2)) == TEXTS[:2]
    assert texts(decoder.decode(EMISSIONS, ["Bob"], nbest=1)) == []
    assert texts(package.CtcDecoder(PIECES).decode(EMISSIONS, ["Bob"])) == []


@pytest.mark.parametrize("nbest, said", [(0, "at least 1"), (-3, "at least 1"), (17, "nbest is 17 and beam 16")])
def test_wrong_nbest_is_refused(nbest, said):
    with pytest.raises(InputError, match=said):
        package.CtcDecoder(PIECES).decode(EMISSIONS, nbest=nbest)


def test_recognizer_uses_options_and_preset(model_dir, tmp_path):
    samples = say("ann bob")
    asked = package.load(model_dir).transcribe(samples, ["Oak"], nbest=4)
    assert len(asked.nbest) == 4
    assert package.load(model_dir, package.BeamOptions(nbest=4)).transcribe(samples, ["Oak"]) == asked
    (tmp_path / "decode.yaml").write_text("decoder:\n  beam: {nbest: 4}\n")
    assert package.load(model_dir, config=tmp_path / "decode.yaml").transcribe(samples, ["Oak"]) == asked
    with pytest.raises(InputError, match="at least 1"):
        package.load(model_dir).transcribe(samples, nbest=0)


def test_command_uses_the_nbest_of_the_preset(ctcb, tmp_path):
    files = write(tmp_path, {"u": EMISSIONS})
    (tmp_path / "names.txt").write_text("Bob\n")
    (tmp_path / "decode.yaml").write_text("decoder:\n  beam: {nbest: 3}\nnone:\n  beam: {nbest: 2}\n")
    decode = ["decode", *files, "--config", tmp_path / "decode.yaml", "--format", "jsonl"]

    def found(*more):
        return [other["text"] for other in json.loads(ctcb(*decode, *more).out)["nbest"]]

    assert found("--entities", tmp_path / "names.txt") == TEXTS
    assert found("--entities", tmp_path / "names.txt", "--nbest", 2) == TEXTS[:2]
    assert found() == ["ann met bov", "ann met bob"] and found("--nbest", 1) == [] == found("--method", "greedy")


def test_command_refuses_nbest_without_a_format_for_it(ctcb, tmp_path):
    files = write(tmp_path, {"u": EMISSIONS})
    for more in ([], ["--format", "ctm"], ["--format", "srt"]):
        ran = ctcb("decode", *files, "--nbest", 2, *more)
        assert ran.code == 2 and "--nbest writes its texts in jsonl" in ran.err and not ran.out
    assert ctcb("decode", *files, "--nbest", 2, "--out", tmp_path / "out").code == 0
    assert len(json.loads((tmp_path / "out/hyps.jsonl").read_text())["nbest"]) == 2


def test_texts_made_equal_by_a_technique_are_merged():
    class Same(SpellingVariants):
        def rescore(self, nbest, emissions, context):
            return [nbest[1], *nbest[1:]]

    pipeline = build_pipeline(Config(), EmissionFacts(PieceSpelling(TokenTable.of(PIECES)), 0.04), table={**TECHNIQUES, "g2g": Same()})
    spelled = pipeline.spell(EntityList.of(["bob"]))
    assert texts(pipeline.decode("u", Emissions(EMISSIONS), pipeline.prepare(spelled), 3))[:2] == ["ann met bov", "ann met boz"]


def part(*alternatives, seconds=2.0):
    nbest = tuple(Alternative(text, score) for text, score in alternatives)
    return Transcript("u", nbest[0].text, nbest[0].score, (), nbest=nbest, seconds=seconds)


def test_long_nbest_holds_the_best_combinations():
    first = part(("a", -1.0), ("b", -1.5), ("c", -4.0))
    second = part(("", -2.0), ("d", -2.2), ("e", -9.0))
    whole = together([first, second], [0.0, 2.0], 4)
    assert [(one.text, pytest.approx(one.score)) for one in whole.nbest] == [("a", -3.0), ("a d", -3.2), ("b", -3.5), ("b d", -3.7)]
    assert together([first, second], [0.0, 2.0]).nbest == () and whole.score == -3.0
    assert together([first], [5.0], 3).nbest == first.nbest  # one part, which begins later
    assert from_plain(json.loads(json.dumps(to_plain(whole)))) == whole


def test_combinations_with_equal_texts_are_merged():
    found = combined([part(("a", -1.0), ("a b", -1.1)), part(("b c", -1.0), ("c", -1.05))], 4)
    assert [one.text for one in found] == ["a b c", "a c", "a b b c"]
    assert found[0].score == pytest.approx(-2.0)


def test_order_of_the_segments_nbest_is_kept():
    """Withdrawn names can leave the first text with a lower score than the second."""
    found = combined([part(("first", -5.0), ("second", -1.0), ("third", -6.0)), part(("x", -1.0), ("y", -1.5))], 6)
    assert [one.text for one in found] == ["first x", "second x", "first y", "second y", "third x", "third y"]


@pytest.mark.parametrize("seed", range(20))
def test_combinations_equal_brute_force(seed):
    rng = np.random.default_rng(seed)
    parts, nbest = [], int(rng.integers(2, 7))
    for number in range(int(rng.integers(1, 5))):
        scores = np.sort(-rng.exponential(3.0, int(rng.integers(1, 6))))[::-1]
        words = rng.permutation(["", "a", "b", "a b", "b a"])[: len(scores)]
        # No list is cut before the whole is: each holds all of its texts.
        parts.append(part(*zip(map(str, words), map(float, scores))))
    best = {}
    for ways in product(*(one.nbest for one in parts)):
        text = " ".join(filter(None, (way.text for way in ways)))
        best[text] = max(best.get(text, -np.inf), sum(way.score for way in ways))
    expected = sorted(best.items(), key=lambda item: -item[1])[:nbest]
    found = combined(parts, nbest)
    assert [one.text for one in found] == [text for text, _ in expected]
    assert [one.score for one in found] == pytest.approx([score for _, score in expected])


def test_long_recording_has_an_nbest_list(ctcb, model_dir, tmp_path):
    samples = np.concatenate([say(text, seed=number) for number, text in enumerate(sentences(40, seed=5))])[: 60 * RATE]
    soundfile.write(str(tmp_path / "long.flac"), samples, RATE)
    found = package.load(model_dir).transcribe(tmp_path / "long.flac", ["Oak"], nbest=5)
    assert found.seconds > 40 and len(set(texts(found))) == 5 and texts(found)[0] == found.text
    assert found.nbest[0].score == pytest.approx(found.score)
    (tmp_path / "names.txt").write_text("Oak\n")
    decode = ["decode", "--model", model_dir, tmp_path / "long.flac", "--entities", tmp_path / "names.txt", "--nbest", 5]
    (row,) = map(json.loads, ctcb(*decode, "--format", "jsonl").out.splitlines())
    assert [other["text"] for other in row["nbest"]] == texts(found) and row["text"] == row["nbest"][0]["text"]
