"""A contextual adapter on a CTC model of transformers: training, the unchanged base, decoding."""
from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile
import torch
import yaml
from hf_models import LETTERS, hears_tones, save_hf
from tones import RATE, WORDS, say, sentences, write_manifest

import ctcb as ctcb_package
from ctcb.acoustic.hf_adapter import AdaptedModel
from ctcb.acoustic.open import open_base_of, open_model
from ctcb.adapter.encoded_list import encode_list
from ctcb.adapter.encoder_bias import EncoderBias
from ctcb.data.prepare import prepare
from ctcb.entities import EntityList
from ctcb.errors import InputError
from ctcb.models.weights import read_tensors
from ctcb.text.spelling import PieceSpelling
from ctcb.text.table_lang import table_lang
from ctcb.text.tokens import TokenTable
from ctcb.training.adapter import train_adapter
from ctcb.training.loop import epoch_files

pytest.importorskip("transformers")

CONFIG = {
    "adapter": {"dim": 16, "heads": 2, "embedding": 8, "hidden": 8, "mix": 16},
    "catalogue": {"smallest": 3, "largest": 6, "commonest": 2, "shortest": 3},
    "train": {"epochs": 2, "batch_seconds": 8, "lr": 1e-2, "warmup_steps": 2, "workers": 0, "checkpoint_minutes": 0.0},
}
ALPHABET = sorted(set("".join(WORDS).upper()))


def test_token_table_replaces_lang_folder():
    lang = table_lang(PieceSpelling(TokenTable.of(["A", "B", "|", "N", "<unk>", "<pad>"], "<pad>")))
    tokenizer = lang.tokenizer
    assert tokenizer.pieces == ("<pad>", "A", "B", "|", "N", "<unk>") and len(tokenizer) == 6
    assert tokenizer.encode("ann ba") == [1, 4, 4, 3, 2, 1]  # no separator at the end
    assert tokenizer.encode_all(["ann", "ba"]) == [[1, 4, 4, 3], [2, 1, 3]]
    assert tokenizer.encode_all(["xyz"]) == [[5, 3]] and tokenizer.encode("") == []
    assert tokenizer.decode([1, 4, 4, 3, 2, 1, 3]) == "ann ba"
    assert lang.lexicon.pronunciations("ba") == (("piece B", "piece A", "piece |"),)
    assert lang.lexicon.phones_of_text("ba") == ["piece B", "piece A"]
    pieces = table_lang(PieceSpelling(TokenTable.of(["<blk>", "▁an", "n", "▁b", "a"]))).tokenizer
    assert pieces.encode("ann ba") == [1, 2, 3, 4] and pieces.decode([1, 2, 3, 4]) == "ann ba"


@pytest.fixture(scope="module")
def hf(tmp_path_factory):
    """A model that recognises tone speech except for the letter B, with the blank as its last token."""
    folder = tmp_path_factory.mktemp("hf")
    hears_tones(folder, [*ALPHABET, "|", "<unk>", "<pad>"], deaf_to="B")
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Forty utterances, without stored features."""
    folder = tmp_path_factory.mktemp("data")
    prepare(write_manifest(folder, sentences(40, seed=11)), folder, jobs=1)
    return folder


@pytest.fixture(scope="module")
def trained(hf, data, tmp_path_factory):
    """A training with a cache, and the base's files before it."""
    out = tmp_path_factory.mktemp("adapter")
    (out / "adapter.yaml").write_text(yaml.safe_dump(CONFIG))
    (out / "names.txt").write_text("bob\nann fox\ncat\njim\n")
    before = {file.name: file.read_bytes() for file in hf.iterdir()}
    run = train_adapter(
        f"hf:{hf}", out / "adapter.yaml", [data], [(data, out / "names.txt")], out / "run", cache=out / "cache"
    )
    return out, run, before


def test_training_does_not_change_the_base(trained, hf, data):
    out, run, before = trained
    assert {file.name: file.read_bytes() for file in hf.iterdir()} == before
    assert run.step >= 6
    one, other = (read_tensors(file)[0] for file in epoch_files(out / "run"))
    assert any(not torch.equal(one[name], other[name]) for name in one) and float(other["final.judge.2.weight"].abs().sum()) > 0
    assert not any("lm_head" in name or "wav2vec2" in name for name in one)
    last = json.loads((out / "run/log.jsonl").read_text().splitlines()[-1])
    # Names with a B come out, and the other words are not worse for it.
    assert last[f"hit_{data.name}"] > 0.7 and last[f"f1_{data.name}"] > last[f"plain_f1_{data.name}"] + 0.05
    assert last[f"wer_{data.name}"] < last[f"plain_wer_{data.name}"]


def test_training_works_without_a_cache(trained, hf, data, tmp_path):
    run = train_adapter(f"hf:{hf}", trained[0] / "adapter.yaml", [data], [], tmp_path, {"epochs": 1})
    assert run.step >= 3 and len(epoch_files(tmp_path)) == 1


@pytest.mark.parametrize("kind", ["wav2vec2", "hubert", "wav2vec2-bert"])
def test_emissions_without_a_list_equal_the_base(kind, tmp_path):
    model, extractor = save_hf(tmp_path / "hf", kind, [*LETTERS[1:], "<pad>"], layers=4)
    base = open_base_of(f"hf:{tmp_path / 'hf'}")
    samples = [say("ann met bob"), say("bob")]
    ear = AdaptedModel(base)
    heard = ear.forward([ear.prepare(one) for one in samples], ["a", "b"])
    for one, emissions in zip(samples, heard):
        with torch.no_grad():
            expected = model(**extractor(one, sampling_rate=RATE, return_tensors="pt")).logits[0].log_softmax(-1).numpy()
        np.testing.assert_allclose(emissions.tokens, expected, atol=1e-5)
    assert ear.frame_shift == pytest.approx(0.02) and len(base.network.places) == 2
    plain = open_model(f"hf:{tmp_path / 'hf'}")
    np.testing.assert_allclose(heard[0].tokens, plain.forward([plain.prepare(samples[0])], ["a"])[0].tokens, atol=1e-5)


def test_decoding_with_the_adapter(trained, hf, ctcb, tmp_path):
    out, _, _ = trained
    assert ctcb("export", out / "run", "--out", tmp_path / "adapter").code == 0
    assert sorted(file.name for file in (tmp_path / "adapter").iterdir()) == ["adapter.safetensors", "adapter.yaml"]
    samples = say("tom bob kit")
    soundfile.write(str(tmp_path / "a.wav"), samples, RATE)
    (tmp_path / "names.txt").write_text("bob\tpron=B AA1 B\nann fox\n")
    words = ["decode", "--model", f"hf:{hf}", "--format", "text", tmp_path / "a.wav"]
    assert " bob " not in ctcb(*words).out
    for bias in ("encoder", "joint"):
        ran = ctcb(*words, "--adapter", tmp_path / "adapter", "--bias", bias, "--entities", tmp_path / "names.txt")
        assert (ran.code, ran.out) == (0, "a tom bob kit\n"), ran.err
    loaded = ctcb_package.load(f"hf:{hf}", bias="encoder", adapter=tmp_path / "adapter")
    assert loaded.transcribe(tmp_path / "a.wav", entities=["bob"]).text == "tom bob kit"
    ear = open_model(f"hf:{hf}", adapter=tmp_path / "adapter")
    encoded = encode_list(ear.model, EntityList.read(tmp_path / "names.txt").entities)
    plain, leaned, nothing = (
        ear.biased_by(bias).forward([ear.prepare(samples)], ["a"])[0].tokens
        for bias in (None, EncoderBias(ear.model, encoded), EncoderBias(ear.model, encoded, places={}))
    )
    assert np.array_equal(plain, nothing) and leaned.shape == plain.shape and np.abs(leaned - plain).max() > 0.1
    np.testing.assert_allclose(np.exp(leaned).sum(1), 1, atol=1e-4)


def test_wrong_use_is_refused(trained, hf, model_dir, data, ctcb, tmp_path):
    out, _, _ = trained
    ctcb("export", out / "run", "--out", tmp_path / "adapter")
    save_hf(tmp_path / "other", "wav2vec2", [*ALPHABET, "|", "<unk>", "<pad>"], layers=3)
    with pytest.raises(InputError, match="was trained for other weights than hf:"):
        open_model(f"hf:{tmp_path / 'other'}", adapter=tmp_path / "adapter")
    with pytest.raises(InputError, match="biases models of transformers"):
        open_model(str(model_dir), adapter=tmp_path / "adapter")
    (tmp_path / "names.txt").write_text("bob\n")
    soundfile.write(str(tmp_path / "a.wav"), say("bob"), RATE)
    words = ["decode", "--model", f"hf:{hf}", "--entities", tmp_path / "names.txt", tmp_path / "a.wav"]
    ran = ctcb(*words, "--bias", "encoder")
    assert ran.code == 2 and "--adapter" in ran.err
    ran = ctcb(*words, "--adapter", tmp_path / "adapter")
    assert ran.code == 2 and "--adapter is for the adapter" in ran.err
    (tmp_path / "c.yaml").write_text("adapter: {inner_bias: true}\ncatalogue: {commonest: 2, shortest: 3}\n")
    ran = ctcb("train", "adapter", "--base", f"hf:{hf}", "--train-config", tmp_path / "c.yaml", "--data", data, "--out", tmp_path / "run")
    assert ran.code == 2 and "inner_bias is for model directories" in ran.err
    ran = ctcb("train", "adapter", "--base", f"hf:{hf}", "--data", tmp_path, "--out", tmp_path / "run")
    assert ran.code == 2 and "no cuts.jsonl.gz in this folder" in ran.err
