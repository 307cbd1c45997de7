"""The commands with models of other toolkits, with emissions on file, and with these models' own settings."""
from __future__ import annotations

import gzip
import json

import pytest
import yaml
from constructed import MET, PIECES, log_probs, write
from hf_models import hears_tones
from onnx_models import export_onnx
from tones import WORDS, sentences, write_manifest

from ctcb.acoustic.open import KINDS, Tokens, open_model
from ctcb.evaluation.cached_emissions import EmissionCache
from ctcb.evaluation.dataset import read_set
from ctcb.model_names import FOREIGN, is_foreign, own_file

LETTERS = [*sorted(set("".join(WORDS).upper())), "|", "<unk>", "<pad>"]
NAMES = "Ann\nBob\nOak\nTom Una\nSam\nEve\n"


@pytest.fixture(scope="module")
def hf(tmp_path_factory):
    """A model that recognises tone speech except for the letter B."""
    folder = tmp_path_factory.mktemp("hf")
    hears_tones(folder, LETTERS, deaf_to="B")
    return f"hf:{folder}"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Eight utterances, some of both halves, with a list and distractors."""
    folder = tmp_path_factory.mktemp("set")
    write_manifest(folder, sentences(8))
    (folder / "entities.txt").write_text(NAMES)
    (folder / "distractors.txt").write_text("Lena\nDora\nMaud\n")
    return folder


def ablation(ctcb, out, *words):
    ran = ctcb("ablate", "--bootstrap", 0, "--json", out, *words)
    assert ran.code == 0, ran.err
    return ran, [{row["system"]: row for row in one["systems"]} for one in json.loads(out.read_text())]


def test_ablation_of_another_model_leaves_out_what_it_cannot_have(ctcb, hf, data, tmp_path):
    ran, (first, second) = ablation(ctcb, tmp_path / "a.json", "--model", hf, "--data", data, "--data", data, "--cache", tmp_path / "kept")
    assert list(first) == ["none", "g2g", "subword", "decoder"]
    left_out = [line.split(": left out: ")[1] for line in ran.err.splitlines() if "left out" in line]
    assert sorted(left_out) == [  # once, for two sets
        "adapter needs a model with an adapter", "encoder needs a model with an adapter", "joint needs a model with an adapter",
        "lookup needs a model with a phone head", "phones needs a model with a phone head", "spot needs a model with a phone head", "unigram needs an LM (--lm)",
    ]  # fmt: skip
    assert first["decoder"]["measures"]["entity_f1"]["value"] > first["none"]["measures"]["entity_f1"]["value"]
    names = data / "entities.txt"
    decoded = ctcb("decode", "--model", hf, "--entities", names, data / "manifest.tsv").out
    assert dict(line.split(" ", 1) for line in decoded.splitlines()) == first["decoder"]["transcripts"] == second["decoder"]["transcripts"]
    refused = ctcb("ablate", "--model", hf, "--data", data, "--cache", tmp_path / "kept", "--system", "lookup")
    assert refused.code == 2 and "'lookup' needs a model with a phone head; choose from none, g2g, subword, decoder" in refused.err


def test_emissions_on_file_are_ablated_as_the_model_is(ctcb, hf, data, tmp_path):
    assert ctcb("emit", "--model", hf, data / "manifest.tsv", "--out", tmp_path / "e.npz").code == 0
    _, (model,) = ablation(ctcb, tmp_path / "m.json", "--model", hf, "--data", data)
    tokens = tmp_path / "e.npz.tokens.txt"
    given = ["--emissions", tmp_path / "e.npz", "--data", data]
    for words in (["--tokens", tokens, "--blank", "<pad>", "--frame-shift", 0.02], ["--model", hf]):
        ran, (file,) = ablation(ctcb, tmp_path / "f.json", *given, *words)
        assert {name: row["transcripts"] for name, row in file.items()} == {name: row["transcripts"] for name, row in model.items()}
        assert {name: row["measures"] for name, row in file.items()} == {name: row["measures"] for name, row in model.items()}
    other = tmp_path / "other"
    write_manifest(other, sentences(9))
    (other / "entities.txt").write_text(NAMES)
    for words, said in (
        ([*given], "it is unknown what the columns of the emissions are; give --tokens FILE, or --model MODEL"),
        (["--emissions", tmp_path / "e.npz", "--data", other, "--model", hf], "has no emissions of 1 of the 9 utterances of"),
        ([*given, "--model", hf, "--cache", tmp_path], "--cache is for audio"),
        ([*given, "--emissions", tmp_path / "e.npz", "--emissions", tmp_path / "e.npz", "--model", hf], "3 files of emissions for 1 sets"),
        (["--data", data, "--tokens", tokens], "--tokens is for --emissions"),
    ):
        ran = ctcb("ablate", *words)
        assert ran.code == 2 and said in ran.err, ran.err
    old = ctcb("ablate", "--model", hf, "--data", data, "--emissions", tmp_path / "kept", "--system", "subword")
    assert old.code == 0 and "--emissions" in old.err and "is now --cache" in old.err and list((tmp_path / "kept").glob("*.npz"))


def test_kept_emissions_are_one_models(ctcb, hf, data, tmp_path):
    hears_tones(tmp_path, LETTERS)
    first, second = (EmissionCache(model, tmp_path / "kept") for model in (hf, f"hf:{tmp_path}"))
    assert first.digest == open_model(hf).fingerprint != second.digest
    keys = {EmissionCache(hf, precision=precision).content(read_set(data))[0] for precision in ("fp32", "bf16")}
    assert len(keys) == 2
    export_onnx(tmp_path / "m.onnx")
    (tmp_path / "tokens.txt").write_text("<blk>\n▁a\n▁b\na\nb\nn\no\n")
    (tmp_path / "others.txt").write_text("<blk>\n▁a\n▁b\na\nb\nn\ne\n")
    fingerprints = {open_model(f"onnx:{tmp_path / 'm.onnx'}", Tokens(tmp_path / name)).fingerprint for name in ("tokens.txt", "others.txt", "tokens.txt")}
    assert len(fingerprints) == 2


def test_lists_are_checked_in_any_models_tokens(ctcb, hf, tmp_path):
    (tmp_path / "n.txt").write_text("Bob\nŁódź\n")
    ran = ctcb("entities", "check", "--model", hf, tmp_path / "n.txt")
    assert ran.code == 0 and "    bob: B O B\n" in ran.out and "pronunciations" not in ran.out
    assert ran.err.count("no phone head, so names have no pronunciations") == 1
    assert "WARNING: 'lodz' needs letters that no token has: Z\n" in ran.out
    (tmp_path / "tokens.txt").write_text("".join(f"{piece}\n" for piece in PIECES))
    ran = ctcb("entities", "check", "--tokens", tmp_path / "tokens.txt", tmp_path / "n.txt")
    assert ran.code == 0 and "    bob: ▁bo b\n" in ran.out
    ran = ctcb("entities", "check", "--separator", "|", tmp_path / "n.txt")
    assert ran.code == 2 and "--separator is for --tokens" in ran.err


def test_graphs_are_made_for_any_models_tokens(ctcb, hf, tmp_path):
    pytest.importorskip("k2")
    (tmp_path / "text").write_text("ann bob\nbob ann\n")
    assert ctcb("lm", tmp_path / "text", "--out", tmp_path / "lm.arpa.gz").code == 0
    graph = ["graph", "--lm", tmp_path / "lm.arpa.gz", "--out", tmp_path / "g"]
    ran = ctcb(*graph, "--model", hf)
    assert ran.code == 2 and "its words are separated by the token '|'" in ran.err
    ran = ctcb(*graph, "--model", hf, "--units", "phone")
    assert ran.code == 2 and "this model has no phone head" in ran.err
    export_onnx(tmp_path / "m.onnx")
    (tmp_path / "tokens.txt").write_text("<blk>\n▁a\n▁b\na\nb\nn\no\n")
    of_model, of_tokens = tmp_path / "m", tmp_path / "t"
    graph = ["graph", "--lm", tmp_path / "lm.arpa.gz", "--tokens", tmp_path / "tokens.txt"]
    assert ctcb(*graph, "--model", f"onnx:{tmp_path / 'm.onnx'}", "--out", of_model).code == ctcb(*graph, "--out", of_tokens).code == 0
    assert {file.name for file in of_model.iterdir()} == {file.name for file in of_tokens.iterdir()}
    same = [file.name for file in of_model.iterdir() if file.read_bytes() == (of_tokens / file.name).read_bytes()]
    assert len(same) >= len(list(of_model.iterdir())) - 1  # but for the description, which says what it was made from


def test_a_models_own_files_have_one_place(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "m.onnx").write_bytes(b"")
    assert own_file(tmp_path, "x") == own_file(f"hf:{tmp_path}", "x") == tmp_path / "x"
    assert own_file(f"onnx:{tmp_path / 'm.onnx'}", "x") == tmp_path / "m.onnx.x"
    below = tmp_path / "config" / "ctcb" / "models"
    assert own_file("hf:facebook/wav2vec2", "x") == below / "hf--facebook--wav2vec2" / "x"
    assert own_file("hama", "x") == below / "hama" / "x" and own_file("torchaudio:B", "x") == below / "torchaudio--B" / "x"
    assert set(FOREIGN) == set(KINDS) and not is_foreign("exp/model:1")


def test_a_models_own_settings_and_lm_are_found(ctcb, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    export_onnx(tmp_path / "m.onnx", len(PIECES))
    files = write(tmp_path, {"u": log_probs(PIECES, MET)})
    (tmp_path / "n.txt").write_text("bob\n")
    model = f"onnx:{tmp_path / 'm.onnx'}"
    decode = ["decode", *files, "--model", model, "--entities", tmp_path / "n.txt"]
    assert ctcb(*decode).out == "u ann met bob\n"
    own = own_file(model, "decode.yaml")
    own.write_text("decoder: {techniques: [subword], subword: {alpha: 0, beta: 0}}\n")
    assert ctcb(*decode).out == "u ann met bov\n" == ctcb(*decode[:5], "--frame-shift", 0.04, "--entities", tmp_path / "n.txt", "--config", own).out
    assert ctcb(*decode[:-4], "--entities", tmp_path / "n.txt").out == "u ann met bob\n"  # no model is named
    (tmp_path / "text").write_text("ann met bob\n" * 9)
    assert ctcb("lm", tmp_path / "text", "--out", own_file(model, "lm.arpa.gz")).code == 0
    assert ctcb(*decode, "--lm-weight", 9).out == "u ann met bob\n"


def test_settings_of_another_model_are_warned_of(ctcb, model_dir, hf, data, tmp_path):
    pytest.importorskip("optuna")
    out, names = tmp_path / "d.yaml", data / "entities.txt"
    ran = ctcb("tune", "--model", hf, "--data", data, "--added", 0, "--trials", 1, "--max-u-wer", 100, "--max-false-alarms", 1000, "--out", out)
    assert ran.code == 0, ran.err
    tuned_on = yaml.safe_load(out.read_text())["decoder"]["tuned_on"]
    assert tuned_on["model"] == hf and open_model(hf).fingerprint.startswith(tuned_on["fingerprint"]) and len(tuned_on["fingerprint"]) == 16
    decode = ["decode", "--config", out, "--entities", names, data / "manifest.tsv"]
    assert ctcb(*decode, "--model", hf).err == ""
    warned = ctcb(*decode, "--model", model_dir)
    assert warned.code == 0 and warned.err.count("were tuned on another model, hf:") == 1 and tuned_on["fingerprint"] in warned.err
    assert "tuned on another model" in ctcb("ablate", "--model", model_dir, "--data", data, "--config", out, "--system", "decoder").err
    # Of emissions only the tokens are known.
    assert ctcb("emit", "--model", hf, data / "manifest.tsv", "--out", tmp_path / "e.npz").code == 0
    decode = ["decode", "--config", out, "--entities", names, "--emissions", tmp_path / "e.npz", "--blank", "<pad>"]
    assert ctcb(*decode, "--tokens", tmp_path / "e.npz.tokens.txt").err == ""
    (tmp_path / "t").write_text((tmp_path / "e.npz.tokens.txt").read_text().replace("<unk>", "<s>"))
    assert "tuned on another model" in ctcb(*decode, "--tokens", tmp_path / "t").err
    wrong = tmp_path / "w.yaml"
    wrong.write_text("decoder: {tuned_on: {modell: x}}\n")
    ran = ctcb(*decode[:1], "--config", wrong, *decode[3:], "--tokens", tmp_path / "t")
    assert ran.code == 2 and "unknown key 'decoder.tuned_on.modell'" in ran.err


def test_tuning_goes_into_the_model(ctcb, hf, data, tmp_path):
    pytest.importorskip("optuna")
    folder = tmp_path / "model"
    hears_tones(folder, LETTERS, deaf_to="B")
    (tmp_path / "text").write_text("\n".join(sentences(50)) + "\n")
    assert ctcb("lm", tmp_path / "text", "--out", tmp_path / "lm.arpa").code == 0
    tune = ["tune", "--data", data, "--added", 0, "--trials", 1, "--max-u-wer", 100, "--max-false-alarms", 1000]
    ran = ctcb(*tune, "--model", f"hf:{folder}", "--lm", tmp_path / "lm.arpa", "--into-model")
    assert ran.code == 0, ran.err
    assert gzip.decompress((folder / "lm.arpa.gz").read_bytes()) == (tmp_path / "lm.arpa").read_bytes()
    assert set(yaml.safe_load((folder / "decode.yaml").read_text())["decoder"]) >= {"techniques", "tuned_on"}
    decode = ["decode", "--entities", data / "entities.txt", data / "manifest.tsv", "--model"]
    given = ctcb(*decode, hf, "--lm", tmp_path / "lm.arpa", "--config", folder / "decode.yaml")
    assert ctcb(*decode, f"hf:{folder}") == given and given.code == 0
    for words, said in (
        (["--model", f"hf:{folder}", "--lm", "none", "--into-model"], "--lm none does not measure"),
        (["--into-model"], "the bundled model is part of the package"),
        (["--model", hf], "give one of --out FILE and --into-model"),
        (["--model", hf, "--into-model", "--out", tmp_path / "x"], "give one of --out FILE and --into-model"),
        (["--model", hf, "--out", tmp_path / "x", "--preset", "joint"], "the preset 'joint' needs a model with an adapter"),
        (["--emissions", tmp_path / "e.npz", "--into-model"], "--into-model is for a model"),
    ):
        ran = ctcb(*tune, *words)
        assert ran.code == 2 and said in ran.err, ran.err
