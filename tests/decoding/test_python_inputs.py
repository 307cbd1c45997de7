"""Arguments from Python: accepted or refused in one line; nothing is dropped silently."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from constructed import MET, PIECES, log_probs
from tones import say

import ctcb
from ctcb.entities import Entity, EntityList
from ctcb.errors import InputError
from ctcb.scoring.score import score

EMISSIONS = log_probs(PIECES, MET)


def test_mapping_gives_weights():
    decoder = ctcb.CtcDecoder(PIECES)
    # "boz" is less likely than "bob", and needs its weight to come out.
    assert decoder.decode(EMISSIONS, {"Bob": 1.0, "Boz": 1.0}).text == "ann met bob"
    assert decoder.decode(EMISSIONS, {"Bob": 1.0, "Boz": 4.0}).text == "ann met boz"
    assert decoder.decode(EMISSIONS, {"Boz": 4.0}) == decoder.decode(EMISSIONS, [Entity("Boz", weight=4.0)])
    assert EntityList.of({"velotoxine": 3.0, Entity("Bob", aliases=("bobb",)): 2}).entities == (
        Entity("velotoxine", 3.0), Entity("Bob", 2.0, ("bobb",)),
    )  # fmt: skip
    assert decoder.decode(EMISSIONS, {}).text == "ann met bov"


@pytest.mark.parametrize("weight", ["much", None, 0.0, -1e9, float("nan"), ["bobb"]])
def test_invalid_weight_is_named(weight):
    with pytest.raises(InputError, match="weight .* is not a positive number"):
        ctcb.CtcDecoder(PIECES).decode(EMISSIONS, {"Bob": weight})
    with pytest.warns(UserWarning, match="is not a positive number"):
        assert ctcb.CtcDecoder(PIECES).decode(EMISSIONS, {"Bob": weight, "Ann": 1.0}).text == "ann met bov"


def test_none_means_no_list(model_dir):
    decoder = ctcb.CtcDecoder(PIECES)
    assert decoder.decode(EMISSIONS, None) == decoder.decode(EMISSIONS) == decoder.decode(EMISSIONS, entities=[])
    assert decoder.report(None).entries == 0
    model = ctcb.load(model_dir)
    assert model.transcribe(say("ann"), None) == model.transcribe(say("ann"))


@pytest.mark.parametrize("entities, said", [
    ("Zelenskyy", "one string"), (Path("names.txt"), "of the type .*Path"), (7, "of the type int"), (Entity("Bob"), "of the type Entity"),
    ([None], "of the type NoneType"), ({None: 2.0}, "of the type NoneType"), ([Entity(None)], "of the type NoneType"), ([b"Bob"], "of the type bytes"),
])  # fmt: skip
def test_wrong_list_types_are_named(entities, said):
    for use in (lambda: ctcb.CtcDecoder(PIECES).decode(EMISSIONS, entities), lambda: EntityList.of(entities)):
        with pytest.raises(InputError, match=said):
            use()
    with pytest.raises(InputError, match="type NoneType"):
        EntityList.of(None)


@pytest.mark.parametrize("entities", ["bob", 7])
def test_score_refuses_a_string_as_list(entities):
    with pytest.raises(InputError, match="the entities are"):
        score({"u": "bob"}, {"u": "bob"}, entities)
    with pytest.raises(InputError, match="the entities are"):
        score({"u": "bob"}, {"u": "bob"}, entities_per_utt={"u": entities})


@pytest.mark.parametrize("field", ["aliases", "prons", "spoken"])
@pytest.mark.parametrize("value", ["bobby", None, (7,)])
def test_wrong_entity_field_is_named(field, value):
    """A string's letters are no aliases."""
    listed = EntityList.of([Entity("Bob", **{field: value}), "Ann"])
    assert [entity.text for entity in listed] == ["Ann"] and f"{field} are {value!r}" in listed.report.notes[0].reason


@pytest.mark.parametrize("kind", [
    lambda e: torch.tensor(e, requires_grad=True), lambda e: torch.tensor(e, dtype=torch.float64), lambda e: torch.tensor(e).half(),
    lambda e: torch.tensor(e).T.contiguous().T, lambda e: e.tolist(), np.asfortranarray,
])  # fmt: skip
def test_emission_types_give_the_same_result(kind):
    given = kind(EMISSIONS)
    assert ctcb.CtcDecoder(PIECES).decode(given, ["Bob"]).text == "ann met bob"
    assert ctcb.CtcDecoder(PIECES, log_probs="logits").decode(given, ["Bob"]).text == "ann met bob"


def test_bfloat16_logits_are_accepted():
    logits = torch.tensor(EMISSIONS).bfloat16().requires_grad_()
    assert ctcb.CtcDecoder(PIECES, log_probs="logits").decode(logits, ["Bob"]).text == "ann met bob"


@pytest.mark.parametrize("emissions", [None, "talk.npz", [[0.0, 1.0], [0.0]], object(), torch.eye(10).to_sparse()])
def test_wrong_emissions_give_one_line(emissions):
    for scale in ("natural", "logits"):
        with pytest.raises(InputError, match="emissions"):
            ctcb.CtcDecoder(PIECES, log_probs=scale).decode(emissions, ["Bob"])


def test_audio_types_give_the_same_result(model_dir):
    model, samples = ctcb.load(model_dir), say("ann bob")
    expected = model.transcribe(samples)
    for given in (torch.tensor(samples), torch.tensor(samples, requires_grad=True), samples.tolist()):
        assert model.transcribe(given) == expected
    for wrong in (None, 7, object(), [[0.0], [0.0, 1.0]], torch.zeros(9).to_sparse()):
        with pytest.raises(InputError, match="the audio"):
            model.transcribe(wrong)
    for rate in (0, -16000, float("nan")):
        with pytest.raises(InputError, match="the sample rate is"):
            model.transcribe(samples, sample_rate=rate)


def test_none_options_equal_the_defaults():
    assert ctcb.CtcDecoder(PIECES, options=None).decode(EMISSIONS, ["Bob"]) == ctcb.CtcDecoder(PIECES).decode(EMISSIONS, ["Bob"])
