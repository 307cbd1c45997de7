"""The public API: what `ctcb` names, what Python can do that the command can, and the names of 0.1.0."""
from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
import typing
import warnings

import numpy as np
import pytest
import soundfile
from constructed import MET, PIECES, log_probs
from tones import RATE, say, sentences, write_manifest

import ctcb
from ctcb.ctc.emissions import Emissions
from ctcb.entities.per_utt import EntitiesPerUtt
from ctcb.errors import InputError
from ctcb.text.lexicon import phone_symbols

NAMES = ["Ann Bob", "Oak", "Tom Una"]
EMISSIONS = log_probs(PIECES, MET)
BOB, ZOO = (log_probs(phone_symbols(), ["<blk>" if p == "|" else p for p in text.split()]) for text in ("AE N M EH T B AA B", "AE N M EH T Z UW S"))


def test_every_public_name_is_there():
    assert sorted(ctcb.__all__) == [
        "Alternative", "AudioStream", "BeamOptions", "Context", "CtcDecoder", "Emissions", "Endpoints", "EntitiesPerUtt", "Entity",
        "EntityList", "FoundEntity", "GraphOptions", "InputError", "LoadReport", "NgramLm", "Partial", "Perplexity", "Recognizer", "RunError",
        "ScoreReport", "Segment", "Stream", "TechniqueOptions", "Tokens", "Transcript", "VocabularyCheck", "Word", "load", "score",
    ]  # fmt: skip
    assert all(getattr(ctcb, name) is not None for name in ctcb.__all__) and set(ctcb.__all__) <= set(dir(ctcb))


def test_what_public_calls_return_is_public():
    """Of every function and method that the package names."""
    named = {  # for the package's own modules, and parts of a report
        "Recognizer.emit": {"Emitted"}, "BeamOptions.before": {"Block"}, "ScoreReport.per_entity": {"EntityCounts"},
        "ScoreReport.per_speaker": {"SpeakerScore"},
    }  # fmt: skip
    for name in ctcb.__all__:
        found = getattr(ctcb, name)
        functions = {name: found} if inspect.isfunction(found) else {f"{name}.{inner}": value for inner, value in vars(found).items()}
        for called, function in functions.items():
            function = getattr(function, "fget", None) or getattr(function, "__func__", function)
            returned = str(getattr(function, "__annotations__", {}).get("return", ""))
            classes = {word for word in re.findall(r"\w+", returned) if word[0].isupper() and word not in vars(typing)}
            assert "_" in called.split(".")[-1][:1] or classes <= {*ctcb.__all__, "None", "ndarray", *named.get(called, ())}, (called, returned)


def test_scoring_does_not_import_torch():
    code = "import sys, ctcb; ctcb.score, ctcb.Entity, ctcb.EntityList, ctcb.InputError; print('torch' in sys.modules, 'numba' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "False"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_manifest(tmp_path_factory.mktemp("in"), sentences(4))


def rows(ctcb, *words):
    ran = ctcb("decode", "--format", "jsonl", *words)
    assert ran.code == 0, ran.err
    return [json.loads(line) for line in ran.out.splitlines()]


@pytest.mark.parametrize("keywords, options", [
    ({"bias": "joint"}, ["--bias", "joint"]),
    ({"bias": "encoder", "method": "greedy"}, ["--bias", "encoder", "--method", "greedy"]),
    ({"bias": "none", "with_": ["subword"], "without": ["verify"]}, ["--bias", "none", "--with", "subword", "--without", "verify"]),
    ({"options": ctcb.BeamOptions(beam=8), "settings": {"subword.alpha": 1.0}}, ["--beam", 8, "--alpha", 1]),
])  # fmt: skip
def test_many_recordings_as_from_the_command(ctcb, adapter_dir, data, tmp_path, keywords, options):
    import ctcb as package

    (tmp_path / "names.txt").write_text("\n".join(NAMES) + "\n")
    expected = rows(ctcb, "--model", adapter_dir, "--entities", tmp_path / "names.txt", "--explain", *options, data)
    recognizer = package.load(adapter_dir, **keywords)
    found = list(recognizer.transcribe_many([data], NAMES, compared=True, jobs=3))
    assert [one.to_dict() for one in found] == expected and len(expected) == 4


def test_a_list_for_each_recording(ctcb, adapter_dir, data, tmp_path):
    import ctcb as package

    (tmp_path / "t.tsv").write_text("u000\tAnn Bob|Oak\nu001\tTom Una\nu003\t\n")
    expected = rows(ctcb, "--model", adapter_dir, "--entities-per-utt", tmp_path / "t.tsv", "--bias", "joint", data)
    found = package.load(adapter_dir, bias="joint").transcribe_many([data], EntitiesPerUtt.read(tmp_path / "t.tsv"))
    assert [one.to_dict() for one in found] == expected


def test_one_error_is_raised_or_told(model_dir, data, tmp_path):
    soundfile.write(str(tmp_path / "good.wav"), say("ann"), RATE)
    (tmp_path / "bad.wav").write_text("no audio")
    recognizer, told = ctcb.load(model_dir), []
    found = list(recognizer.transcribe_many([tmp_path], on_error=lambda utt_id, error: told.append((utt_id, type(error)))))
    assert [one.utt_id for one in found] == ["good"] and told == [("bad", InputError)]
    with pytest.raises(InputError, match="bad.wav"):
        list(recognizer.transcribe_many([tmp_path]))


def test_a_prepared_list_is_found_again(model_dir):
    recognizer = ctcb.load(model_dir)
    context = recognizer.prepare(NAMES)
    assert recognizer.prepare(list(NAMES)) is context and recognizer.prepare([]) is None
    assert context.graph.num_entities == len(context.entities) == 3 and context.sounds is not None


def test_searches_without_the_list_are_compared():
    found = ctcb.CtcDecoder(PIECES).decode(EMISSIONS, ["Bob"], compared=True)
    assert (found.text, found.before) == ("ann met bob", "ann met bov")
    # An encoder that is biased toward a list: what it emits without the list says what was recognised before.
    unbiased = log_probs(PIECES, ["▁met"])
    assert ctcb.CtcDecoder(PIECES).decode(EMISSIONS, ["Bob"], unbiased=unbiased, compared=True).before == "met"


def test_many_emissions_on_threads():
    decoder = ctcb.CtcDecoder(PIECES)
    pairs = {f"u{number}": EMISSIONS for number in range(6)}
    alone = [decoder.decode(EMISSIONS, ["Bob"], nbest=2, utt_id=utt_id) for utt_id in pairs]
    assert list(decoder.decode_many(pairs, ["Bob"], nbest=2, jobs=3)) == alone == list(decoder.decode_many(iter(pairs.items()), ["Bob"], 2))
    lists = EntitiesPerUtt(ctcb.EntityList.of(["Bob", "Boz"]), {"u0": (0,), "u1": (1,)})
    assert [one.text for one in decoder.decode_many(pairs, lists)][:3] == ["ann met bob", "ann met boz", "ann met bov"]
    told = []
    found = list(decoder.decode_many([("bad", EMISSIONS[:, :3]), ("good", EMISSIONS)], on_error=lambda *one: told.append(one[0])))
    assert (told, [one.utt_id for one in found]) == (["bad"], ["good"])


def test_phone_emissions_from_python():
    decoder = ctcb.CtcDecoder(PIECES, bias="none", with_=["subword", "verify"], phone_emissions=True)
    assert decoder.decode(EMISSIONS, ["bob"], phones=BOB).entities[0].confidence > 0.5
    withdrawn = decoder.decode(EMISSIONS, ["bob"], phones=ZOO)
    assert withdrawn.text == "ann met bov" and [found.entity for found in withdrawn.withdrawn] == ["bob"]
    with pytest.warns(DeprecationWarning, match="taken_back is now Transcript.withdrawn"):
        assert withdrawn.taken_back == withdrawn.withdrawn
    with pytest.warns(DeprecationWarning, match="sure is now FoundEntity.confidence"):
        assert withdrawn.withdrawn[0].sure == withdrawn.withdrawn[0].confidence < 0.5
    (same,) = decoder.decode_many([("u", Emissions(EMISSIONS, ZOO))], ["bob"])
    assert same.text == "ann met bov"
    with pytest.raises(InputError, match="has no phone emissions"):
        decoder.decode(EMISSIONS, ["bob"])
    with pytest.raises(InputError, match="needs the emissions of a phone head"):
        ctcb.CtcDecoder(PIECES, with_=["lookup"])


def test_greedy_decoding_from_python():
    assert ctcb.CtcDecoder(PIECES, bias="none", method="greedy").decode(EMISSIONS).text == "ann met bov"
    with pytest.raises(InputError, match="greedy decoding takes no list"):
        ctcb.CtcDecoder(PIECES, method="greedy")
    with pytest.raises(InputError, match="'fast' is no search"):
        ctcb.CtcDecoder(PIECES, method="fast")
    with pytest.raises(InputError, match="the graph search needs a graph"):
        ctcb.CtcDecoder(PIECES, method="graph")


def test_a_graph_from_python(ctcb, tmp_path):
    pytest.importorskip("k2")
    import ctcb as package

    (tmp_path / "tokens.txt").write_text("".join(f"{piece}\n" for piece in PIECES))
    (tmp_path / "lm.arpa").write_text("\\data\\\nngram 1=5\n\n\\1-grams:\n-1\t<s>\n-1\t</s>\n-2\t<unk>\n-0.5\tmet\n-0.5\tann\n\n\\end\\\n")
    (tmp_path / "names.txt").write_text("Bob\n")
    np.savez(tmp_path / "e.npz", u=EMISSIONS)
    assert ctcb("graph", "--lm", tmp_path / "lm.arpa", "--tokens", tmp_path / "tokens.txt", "--out", tmp_path / "graph").code == 0
    files = ["--emissions", tmp_path / "e.npz", "--tokens", tmp_path / "tokens.txt", "--frame-shift", 0.04, "--graph", tmp_path / "graph"]
    (expected,) = rows(ctcb, *files, "--entities", tmp_path / "names.txt")
    decoder = package.CtcDecoder(tmp_path / "tokens.txt", frame_shift=0.04, graph=tmp_path / "graph")
    assert decoder.decode(EMISSIONS, ["Bob"], utt_id="u").to_dict() == expected


@pytest.mark.parametrize("module, old, new", [
    ("ctcb", "CtcBiaser", "CtcDecoder"), ("ctcb", "Recogniser", "Recognizer"), ("ctcb.decoding.ctc_decoder", "CtcBiaser", "CtcDecoder"),
    ("ctcb.decoding.recognizer", "Recogniser", "Recognizer"), ("ctcb.acoustic.open", "open_ear", "open_model"),
])  # fmt: skip
def test_old_names_work_and_warn(module, old, new):
    found = __import__(module, fromlist=["*"] if "." in module else [])
    with pytest.warns(DeprecationWarning, match=f"{old} is now .*{new}") as caught:
        value = getattr(found, old)
    assert value is getattr(found, new) and caught[0].filename == __file__


def test_old_calls_work_and_warn(model_dir):
    from ctcb.decoding import recognizer

    with pytest.warns(DeprecationWarning, match="load is now ctcb.decoding.load.load"):
        assert recognizer.load is ctcb.load
    with pytest.warns(DeprecationWarning, match="plus is now with_") as caught:
        model = ctcb.load(model_dir, bias="none", plus=["subword"])
    assert caught[0].filename == __file__
    with pytest.warns(DeprecationWarning, match="minus is now without"):
        ctcb.load(model_dir, minus=["verify"])
    with pytest.raises(TypeError, match="unexpected keyword 'pluss'"):
        ctcb.load(model_dir, pluss=["subword"])
    with pytest.warns(DeprecationWarning, match="Recognizer.decode is now Recognizer.transcribe") as caught:
        found = model.decode(say("ann bob"), NAMES)
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert model.transcribe(say("ann bob"), NAMES) == found
