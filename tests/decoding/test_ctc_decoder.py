"""``ctcb.CtcDecoder`` and ``ctcb.load``: what the command does, from Python, with a list a call."""
from __future__ import annotations

import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile
from constructed import LETTERS, MET, PIECES, SPOKEN, log_probs
from tones import RATE, say

import ctcb
from ctcb.decoding import list_cache
from ctcb.entities import Entity, EntityList
from ctcb.errors import InputError

EMISSIONS = log_probs(PIECES, MET)


def test_import_does_not_load_heavy_packages():
    code = (
        "import sys, ctcb; assert {'load', 'CtcDecoder', 'BeamOptions'} <= set(dir(ctcb)); "
        "print([m for m in ('torch', 'numba', 'numpy', 'lhotse') if m in sys.modules]); "
        "ctcb.CtcDecoder; print('torch' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split("\n")[:2] == ["[]", "False"]
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        ctcb.lod


def test_list_is_given_with_each_call():
    decoder = ctcb.CtcDecoder(PIECES, frame_shift=0.04)
    assert decoder.decode(EMISSIONS).text == "ann met bov"
    found = decoder.decode(EMISSIONS, ["Bob"], nbest=2, utt_id="u1")
    assert (found.utt_id, found.text) == ("u1", "ann met bob")
    assert [(e.entity, e.start, e.end, e.why) for e in found.entities] == [("Bob", 0.2, 0.28, ("subword",))]
    assert [other.text for other in found.nbest] == ["ann met bob", "ann met bov"]
    assert decoder.decode(EMISSIONS, [Entity("Boz", weight=4)]).text == "ann met boz"
    assert decoder.decode(EMISSIONS, EntityList.of(["bob"])).text == "ann met bob"
    assert decoder.decode(EMISSIONS, EntityList((Entity("bob"),))).text == "ann met bob"  # made by hand
    assert decoder.decode(EMISSIONS, (name for name in ["bob"])).text == "ann met bob"
    assert decoder.decode(EMISSIONS, []).text == "ann met bov"


def test_vocabularies_and_options(tmp_path):
    emissions = log_probs(LETTERS, SPOKEN)
    assert ctcb.CtcDecoder(LETTERS, blank="<pad>").decode(emissions, ["Met Bob"]).text == "ann met bob"
    found = ctcb.CtcDecoder(LETTERS, separator="|", log_probs="logits").decode(emissions + 5, ["Bob"])
    assert found.entities[0].start == 9 and found.text == "ann met bob"  # in frames
    assert ctcb.CtcDecoder(PIECES, bias="none").decode(EMISSIONS, ["Bob"]).text == "ann met bov"
    assert ctcb.CtcDecoder(PIECES, settings={"subword.cap": 0}).decode(EMISSIONS, ["Bob"]).text == "ann met bov"
    (tmp_path / "tokens.txt").write_text("".join(f"{piece}\n" for piece in PIECES))
    assert ctcb.CtcDecoder(tmp_path / "tokens.txt").decode(EMISSIONS, ["Bob"]).text == "ann met bob"


def test_recent_lists_are_prepared_once(monkeypatch):
    decoder = ctcb.CtcDecoder(PIECES)
    made = []
    prepare = decoder._pipeline.prepare
    monkeypatch.setattr(decoder._pipeline, "prepare", lambda spelled: made.append(spelled) or prepare(spelled))
    first = ["bob", "ann"]
    for names in (first, ["bob", "ann"], tuple(first), ["boz"], first):
        decoder.decode(EMISSIONS, names)
    assert len(made) == 2
    first[0] = "bov"  # a list that was changed is another list
    assert decoder.decode(EMISSIONS, first).entities[-1].entity == "bov" and len(made) == 3
    others = [[Entity("bob", weight=weight)] for weight in range(2, 1 + list_cache.KEPT)]
    for names in (*others, first, *others):  # KEPT lists in turns
        decoder.decode(EMISSIONS, names)
    assert len(made) == 3 + len(others)
    decoder.decode(EMISSIONS, ["boz"])  # forgotten by now
    assert len(made) == 4 + len(others)


def test_threads_share_a_decoder():
    decoder = ctcb.CtcDecoder(PIECES)
    lists = [["bob"], ["boz"], [], ["ann"]] * 10
    expected = [decoder.decode(EMISSIONS, names) for names in lists]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda names: decoder.decode(EMISSIONS, names), lists)) == expected


def test_rejected_entities_warn_once():
    decoder = ctcb.CtcDecoder(PIECES)
    with pytest.warns(UserWarning, match=r"1 of 3 entries loaded \(2 rejected\)") as caught:
        assert decoder.decode(EMISSIONS, ["bob", "quiz", "★"]).text == "ann met bob"
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        decoder.decode(EMISSIONS, ["bob", "quiz", "★"])
    report = decoder.report(["bob", "quiz", "★"])
    assert (report.loaded, report.lines("rejected")) == (1, (2, 3))


@pytest.mark.parametrize(
    "entities, said",
    [
        ("Zelenskyy", "one string"), (["quiz"], "no entity is left: 'quiz'"), (["★"], "no entity is left"),
        (EntityList.of(["★"]), "no entity is left"), ([7], "of the type int"), ([Entity("bob", weight=float("nan"))], "weight"),
        (EntityList((Entity("bob", weight=float("nan")),)), "1: 'bob' has the weight nan|'bob' has the weight nan"),
    ],
)  # fmt: skip
def test_wrong_lists_are_refused(entities, said):
    with pytest.raises(InputError, match=said):
        ctcb.CtcDecoder(PIECES).decode(EMISSIONS, entities)


def test_wrong_arguments_are_refused():
    with pytest.raises(InputError, match="no kind of emissions"):
        ctcb.CtcDecoder(PIECES, log_probs="log10")
    with pytest.raises(InputError, match="is no preset"):
        ctcb.CtcDecoder(PIECES, bias="much")
    with pytest.raises(InputError, match="5 tokens a frame"):
        ctcb.CtcDecoder(PIECES).decode(EMISSIONS[:, :5], ["bob"])


def test_recognizer_transcribes_audio(ctcb_model, tmp_path):
    samples = say("ann bob")
    soundfile.write(str(tmp_path / "talk.wav"), samples, RATE, subtype="FLOAT")
    found = ctcb_model.transcribe(tmp_path / "talk.wav", ["Ann Bob", "Oak"], nbest=2)
    assert found.utt_id == "talk" and len(found.nbest) == 2
    same = ctcb_model.transcribe(samples, ["Ann Bob", "Oak"], nbest=2)
    assert same.to_dict() == {**found.to_dict(), "id": ""}
    stereo = np.stack([samples] * 2, axis=1)
    assert ctcb_model.transcribe(stereo, ["Ann Bob", "Oak"]).text == found.text
    assert ctcb_model.transcribe(samples[::2], sample_rate=RATE // 2).words is not None
    assert ctcb_model.report(["Oak", "oak"]).merged == 1
    for wrong in (samples[:0], (samples * 32767).astype(np.int16), np.full(RATE, np.nan)):
        with pytest.raises(InputError, match="the audio"):
            ctcb_model.transcribe(wrong)


def test_python_result_equals_the_command(ctcb_model, model_dir, tmp_path):
    from ctcb.cli import main

    soundfile.write(str(tmp_path / "talk.wav"), say("ann bob oak"), RATE)
    (tmp_path / "names.txt").write_text("Ann Bob\nOak\n")
    main(["decode", "--model", str(model_dir), "--entities", str(tmp_path / "names.txt"), "--out", str(tmp_path), str(tmp_path / "talk.wav")])
    assert (tmp_path / "hyps.jsonl").read_text() == ctcb_model.transcribe(tmp_path / "talk.wav", ["Ann Bob", "Oak"]).to_json() + "\n"


@pytest.fixture(scope="module")
def ctcb_model(model_dir):
    return ctcb.load(model_dir)
