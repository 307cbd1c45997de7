"""``ctcb.CtcDecoder`` gives what ``ctcb decode --emissions`` gives, option by option."""
from __future__ import annotations

import json

import numpy as np
import pytest
from constructed import MET, PIECES, log_probs, write
from tones import sentences, write_manifest

import ctcb
from ctcb.ctc.emissions import Emissions
from ctcb.entities import Entity
from ctcb.entities.per_utt import EntitiesPerUtt
from ctcb.errors import InputError
from ctcb.text.lexicon import phone_symbols

PHONES = {name: log_probs(phone_symbols(), text.split()) for name, text in (("u0", "AE N M EH T B AA B"), ("u1", "AE N M EH T B AA V"))}
UTTERANCES = {"u0": log_probs(PIECES, MET), "u1": log_probs(PIECES, ["▁met", "<blk>", "▁an", "n", "▁bo", {"b": 0.4, "z": 0.5}, "<blk>", "<blk>"])}
PRESETS = "decoder: {techniques: [subword], subword: {alpha: 0.0, beta: 0.5}}\nnone: {beam: {beam: 4}}\n"


def rows(ctcb, *words):
    ran = ctcb("decode", "--format", "jsonl", *words)
    assert ran.code == 0, ran.err
    return [json.loads(line) for line in ran.out.splitlines()]


@pytest.mark.parametrize("keywords, options", [
    ({}, []),
    ({"config": "d.yaml"}, ["--config", "d.yaml"]),
    ({"bias": "none", "with_": ["subword", "g2g"]}, ["--bias", "none", "--with", "subword", "--with", "g2g"]),
    ({"without": ["subword"]}, ["--without", "subword"]),
    ({"settings": {"subword.beta": 3.0, "beam.beam": 4}}, ["--beta", 3, "--set", "beam.beam=4"]),
    ({"options": ctcb.BeamOptions(nbest=3)}, ["--nbest", 3]),
    ({"lm": "lm.arpa.gz"}, ["--lm", "lm.arpa.gz"]),
    ({"print_as": "exact"}, ["--print-as", "exact"]),
    ({"trim_padding": True}, ["--trim-padding"]),
])  # fmt: skip
@pytest.mark.parametrize("heads", [False, True])
def test_options(ctcb, tmp_path, monkeypatch, keywords, options, heads):
    import ctcb as package

    monkeypatch.chdir(tmp_path)
    files = write(tmp_path, UTTERANCES)
    (tmp_path / "d.yaml").write_text(PRESETS)
    (tmp_path / "n.txt").write_text("Bob\tweight=1.5\nMet Ann\n")
    if "lm" in keywords:
        (tmp_path / "text").write_text("ann met bob\nmet ann\n")
        assert ctcb("lm", tmp_path / "text", "--out", "lm.arpa.gz").code == 0
    if heads:
        np.savez("p.npz", **PHONES)
        options = [*options, "--phone-emissions", "p.npz"]
    expected = rows(ctcb, *files, "--entities", "n.txt", "--explain", *options)
    decoder = package.CtcDecoder("tokens.txt", frame_shift=0.04, phone_emissions=heads, **keywords)
    names = [Entity("Bob", weight=1.5), "Met Ann"]
    given = {utt_id: Emissions(one, PHONES[utt_id] if heads else None) for utt_id, one in UTTERANCES.items()}
    found = list(decoder.decode_many(given, names, compared=True, jobs=2))
    assert [one.to_dict() for one in found] == expected and len(expected) == 2
    alone = [decoder.decode(UTTERANCES[row["id"]], names, None, row["id"], phones=PHONES[row["id"]] if heads else None, compared=True) for row in expected]
    assert alone == found


def test_lists_of_utterances(ctcb, tmp_path):
    import ctcb as package

    files = write(tmp_path, UTTERANCES)
    (tmp_path / "t.tsv").write_text("u0\tBob|Boz\nu1\t\n")
    expected = rows(ctcb, *files, "--entities-per-utt", tmp_path / "t.tsv")
    decoder = package.CtcDecoder(PIECES, frame_shift=0.04)
    for lists in ({"u0": ["Bob", Entity("Boz")], "u1": []}, EntitiesPerUtt.read(tmp_path / "t.tsv")):
        assert [one.to_dict() for one in decoder.decode_many(UTTERANCES, lists)] == expected
    # Names and weights are one list, of numpy's numbers too.
    assert [one.text for one in decoder.decode_many(UTTERANCES, {"Bob": np.float32(2), "Boz": 1})] == ["ann met bob", "met ann bob"]
    with pytest.raises(InputError, match="the entities are one string"):
        list(decoder.decode_many(UTTERANCES, {"u0": "Bob"}))


def test_lists_of_utterances_share_names():
    lists = EntitiesPerUtt.of_lists({"a": ["Bob", Entity("Zoë", weight=2.0), "★"], "b": ("bob", Entity("Bob", weight=3.0)), "c": []})
    assert [(one.text, one.weight) for one in lists.entities] == [("Bob", 3.0), ("Zoë", 2.0)]
    assert lists.places == {"a": (0, 1), "b": (0,), "c": ()} and lists.entities.report.rejected == 1


def test_a_model_in_the_place_of_tokens(ctcb, model_dir, tmp_path):
    import ctcb as package

    manifest = write_manifest(tmp_path, sentences(3))
    assert ctcb("emit", "--model", model_dir, manifest, "--out", tmp_path / "e.npz", "--phones", tmp_path / "p.npz").code == 0
    (tmp_path / "n.txt").write_text("Ann Bob\nOak\n")
    files = ["--model", model_dir, "--emissions", tmp_path / "e.npz", "--phone-emissions", tmp_path / "p.npz"]
    expected = rows(ctcb, *files, "--entities", tmp_path / "n.txt")
    decoder = package.CtcDecoder(model=model_dir, phone_emissions=True)
    with np.load(tmp_path / "e.npz") as tokens, np.load(tmp_path / "p.npz") as phones:
        given = {utt_id: Emissions(tokens[utt_id], phones[utt_id]) for utt_id in tokens.files}
    assert [one.to_dict() for one in decoder.decode_many(given, ["Ann Bob", "Oak"])] == expected
    for keywords, said in (
        ({}, "are told by tokens or by a model; give one of them"),
        ({"tokens": PIECES, "model": model_dir}, "give one of them"),
        ({"model": model_dir, "blank": 0}, "the model has its own"),
        ({"model": tmp_path / "none"}, "no such folder"),
    ):
        with pytest.raises(InputError, match=said):
            package.CtcDecoder(**keywords)
