"""Public objects can be sent to spawned workers and give the same results there."""
from __future__ import annotations

import copy
import multiprocessing
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from constructed import LETTERS, MET, PIECES, SPOKEN, log_probs
from hf_models import save_hf
from onnx_models import export_onnx
from tones import say

import ctcb
from ctcb.acoustic.open import Tokens, open_model
from ctcb.acoustic.waveform import WaveformModel
from ctcb.entities import Entity, EntityList
from ctcb.entities.per_utt import EntitiesPerUtt
from ctcb.errors import InputError, RunError
from ctcb.scoring.score import score

EMISSIONS = log_probs(PIECES, MET)
NAMES = [Entity("Bob", weight=2.0, aliases=("bobb",)), "Ann Met"]


def again(thing):
    return pickle.loads(pickle.dumps(thing))


def arpa(path):
    path.write_text("\\data\\\nngram 1=5\n\n\\1-grams:\n-1\t<s>\n-1\t</s>\n-2\t<unk>\n-0.5\tmet\n-0.5\tann\n\n\\end\\\n")
    return path


@pytest.mark.parametrize("kind", ["pieces", "letters", "lm", "plain"])
def test_unpickled_decoder_gives_the_same_result(kind, tmp_path):
    made = {
        "pieces": lambda: ctcb.CtcDecoder(PIECES, options=ctcb.BeamOptions(nbest=3)),
        "letters": lambda: ctcb.CtcDecoder(LETTERS, log_probs="logits", frame_shift=0.02),
        "lm": lambda: ctcb.CtcDecoder(PIECES, lm=arpa(tmp_path / "lm.arpa")),
        "plain": lambda: ctcb.CtcDecoder(PIECES, bias="none"),
    }
    emissions = log_probs(LETTERS, SPOKEN) if kind == "letters" else EMISSIONS
    decoder = made[kind]()
    fresh = again(decoder)
    expected = [decoder.decode(emissions, names) for names in (NAMES, [], ["boz"])]
    for copied in (fresh, again(decoder), copy.deepcopy(decoder)):  # before and after its lists are ready
        assert [copied.decode(emissions, names) for names in (NAMES, [], ["boz"])] == expected
        assert copied.report(NAMES) == decoder.report(NAMES)


def test_pickled_decoder_keeps_prepared_lists(monkeypatch):
    decoder = ctcb.CtcDecoder(PIECES)
    expected = decoder.decode(EMISSIONS, NAMES)
    copied = again(decoder)
    monkeypatch.setattr(copied._pipeline, "prepare", None)
    assert copied.decode(EMISSIONS, NAMES) == expected
    with ThreadPoolExecutor(4) as pool:  # the copy has a lock of its own
        assert list(pool.map(lambda _: copied.decode(EMISSIONS, NAMES), range(8))) == [expected] * 8


@pytest.mark.parametrize("bias", ["none", "decoder", "joint"])
def test_unpickled_recognizer_gives_the_same_result(adapter_dir, bias):
    model, samples = ctcb.load(adapter_dir, bias=bias), say("ann bob oak")
    fresh = again(model)
    expected = model.transcribe(samples, ["Ann Bob", "Oak"], nbest=3)
    for copied in (fresh, again(model)):
        assert copied.transcribe(samples, ["Ann Bob", "Oak"], nbest=3) == expected


def test_spawned_workers_give_the_same_result(model_dir):
    decoder, model, samples = ctcb.CtcDecoder(PIECES), ctcb.load(model_dir), say("ann bob")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found = pool.apply_async(decoder.decode, (EMISSIONS, EntityList.of(NAMES))), pool.apply_async(model.transcribe, (samples, ["Oak"]))
        assert [one.get(120) for one in found] == [decoder.decode(EMISSIONS, NAMES), model.transcribe(samples, ["Oak"])]


def test_lists_transcripts_reports_and_errors_can_be_pickled(tmp_path):
    (tmp_path / "lists.tsv").write_text("u1\tAnn|Bob\nu2\t\n")
    listed = EntityList.of([*NAMES, "ann met", "★"])
    assert again(listed) == listed and again(listed).report == listed.report and again(listed).find("bob") == listed.find("bob") == 0
    per_utt = EntitiesPerUtt.read(tmp_path / "lists.tsv")
    assert again(per_utt) == per_utt
    transcript = ctcb.CtcDecoder(PIECES).decode(EMISSIONS, listed, nbest=2)
    assert again(transcript) == transcript and again(transcript).to_json() == transcript.to_json()
    report = score({"u": "ann met bob", "v": "a"}, {"u": "ann met", "v": "a"}, ["bob"], draws=10)
    assert again(report) == report
    error = again(InputError("is wrong", file="f", line=3, hint="mend it"))
    assert (str(error), error.problem, error.file, error.line, error.hint) == ("f:3: is wrong; mend it", "is wrong", "f", 3, "mend it")
    assert str(again(RunError("failed"))) == "failed" and again(ctcb.BeamOptions(beam=3)) == ctcb.BeamOptions(beam=3)


def heard(ear):
    return ear.forward([ear.prepare(say("ann bob"))], [""])[0].tokens


def test_external_models_are_reopened(tmp_path):
    save_hf(tmp_path / "hf", "wav2vec2")
    ear = open_model(f"hf:{tmp_path / 'hf'}")
    np.testing.assert_array_equal(heard(again(ear)), heard(ear))
    model = ctcb.load(f"hf:{tmp_path / 'hf'}")
    assert again(model).transcribe(say("ann bob"), ["Bob"]) == model.transcribe(say("ann bob"), ["Bob"])


def test_onnx_session_is_reopened(tmp_path):
    export_onnx(tmp_path / "m.onnx")
    (tmp_path / "tokens.txt").write_text("<blk>\n▁a\n▁b\na\nb\nn\no\n")
    ear = open_model(f"onnx:{tmp_path / 'm.onnx'}", Tokens(tmp_path / "tokens.txt"))
    copied = again(again(ear))
    np.testing.assert_array_equal(heard(copied), heard(ear))
    assert copied.spelling.table == ear.spelling.table


def test_hand_made_model_cannot_be_pickled():
    ear = WaveformModel(lambda samples: np.zeros((len(samples) // 320, 2), np.float32), None)
    with pytest.raises(TypeError, match="only where open_model made it"):
        pickle.dumps(ear)


def test_pickled_adapter_base_keeps_its_network(tmp_path):
    from ctcb.acoustic.hf_adapter import AdaptedModel
    from ctcb.acoustic.open import open_base_of

    save_hf(tmp_path / "hf", "wav2vec2", layers=4)
    ear = AdaptedModel(open_base_of(f"hf:{tmp_path / 'hf'}"))
    np.testing.assert_array_equal(heard(again(ear)), heard(ear))
