"""Models of other libraries: small ones, saved in their real formats, compared with the libraries' own output."""
from __future__ import annotations

import json
import pickle
import sys
import types

import numpy as np
import pytest
import soundfile
import torch
from hf_models import LETTERS, SMALL, save_hf
from onnx_models import export_onnx
from tones import RATE, say

from ctcb.acoustic.emit import emit
from ctcb.acoustic.open import Tokens, is_foreign, open_model
from ctcb.acoustic.waveform import measured_shift
from ctcb.bundled import BUNDLED_MODEL
from ctcb.data.audio import read_audio
from ctcb.data.inputs import Utterance
from ctcb.data.manifest import read_manifest
from ctcb.errors import InputError, RunError
from ctcb.models import bf16
from ctcb.scoring.alignment import align
from ctcb.text.lexicon import Lexicon
from ctcb.text.normalize import normalize

DEMO = BUNDLED_MODEL.parent / "demo"
@pytest.mark.parametrize("kind", ["wav2vec2", "hubert", "wav2vec2-bert"])
def test_transformers_model(ctcb, tmp_path, kind):
    model, extractor = save_hf(tmp_path, kind)
    ear = open_model(f"hf:{tmp_path}")
    samples = say("ann met bob")
    with torch.no_grad():
        expected = model(**extractor(samples, sampling_rate=RATE, return_tensors="pt")).logits[0].log_softmax(-1).numpy()
    short = say("bob")
    heard, _ = ear.forward([ear.prepare(samples), ear.prepare(short)], ["a", "b"])
    np.testing.assert_allclose(heard.tokens, expected, atol=1e-4)
    assert ear.frame_shift == pytest.approx(0.02) and ear.phonetics is None
    table = ear.spelling.table
    assert table.symbols == tuple(LETTERS) and table.blank == 0 and table.separator == "|"
    soundfile.write(str(tmp_path / "a.wav"), samples, RATE)
    (tmp_path / "names.txt").write_text("Bob\nAnna Temo\n")
    ran = ctcb("decode", "--model", f"hf:{tmp_path}", "--entities", tmp_path / "names.txt", "--format", "jsonl", tmp_path / "a.wav")
    assert ran.code == 0 and json.loads(ran.out)["seconds"] == pytest.approx(len(expected) * 0.02)
    refused = ctcb("decode", "--model", f"hf:{tmp_path}", "--entities", tmp_path / "names.txt", "--with", "lookup", tmp_path / "a.wav")
    assert refused.code == 2 and "phone head" in refused.err


def test_transformers_model_in_bf16(tmp_path, monkeypatch):
    """The layers are rounded, the head is not; what is opened again from a pickle is, too."""
    monkeypatch.setattr(bf16, "has_bf16", lambda device: True)
    save_hf(tmp_path, "wav2vec2")
    whole, rounded = open_model(f"hf:{tmp_path}"), open_model(f"hf:{tmp_path}", precision="bf16")
    samples = say("ann met bob")
    expected, found, again = (model.forward([samples], [""])[0].tokens for model in (whole, rounded, pickle.loads(pickle.dumps(rounded))))
    assert 0 < np.abs(np.exp(found) - np.exp(expected)).max() < 0.02
    np.testing.assert_array_equal(again, found)
    assert rounded.fingerprint == whole.fingerprint


def test_adapters_for_languages_of_mms(ctcb, tmp_path):
    """One base; each language has its own letters, its own head and small layers between the base's."""
    transformers = pytest.importorskip("transformers")
    from safetensors.torch import save_file

    letters = {"eng": ["<pad>", "<unk>", "|", *"abemnot"], "deu": ["<pad>", "<unk>", "|", *"abemnotäöü"]}
    vocabulary = {language: {letter: place for place, letter in enumerate(own)} for language, own in letters.items()}
    (tmp_path / "vocab.json").write_text(json.dumps(vocabulary))
    tokenizer = transformers.Wav2Vec2CTCTokenizer(
        str(tmp_path / "vocab.json"), pad_token="<pad>", unk_token="<unk>", bos_token=None, eos_token=None, word_delimiter_token="|", target_lang="eng"
    )
    tokenizer.save_pretrained(tmp_path)
    extractor = transformers.Wav2Vec2FeatureExtractor(feature_size=1, sampling_rate=RATE, do_normalize=True)
    extractor.save_pretrained(tmp_path)
    expected, samples = {}, say("ann met bob")
    for seed, (language, own) in enumerate(letters.items()):
        torch.manual_seed(0)
        config = transformers.Wav2Vec2Config(
            vocab_size=len(own), pad_token_id=0, num_hidden_layers=2, adapter_attn_dim=8, do_stable_layer_norm=True, feat_extract_norm="layer", **SMALL
        )
        model = transformers.Wav2Vec2ForCTC(config)
        torch.manual_seed(seed + 1)
        for weight in model._get_adapters().values():
            torch.nn.init.normal_(weight, std=0.3)
        save_file({name: value.contiguous() for name, value in model._get_adapters().items()}, str(tmp_path / f"adapter.{language}.safetensors"))
        with torch.no_grad():
            inputs = extractor(samples, sampling_rate=RATE, return_tensors="pt")
            expected[language] = model.eval()(**inputs).logits[0].log_softmax(-1).numpy()
        if language == "eng":
            base = model
    base.save_pretrained(tmp_path)
    for language, own in letters.items():
        ear = open_model(f"hf:{tmp_path}", Tokens(language=language))
        assert ear.spelling.table.symbols == tuple(own)
        np.testing.assert_allclose(ear.forward([ear.prepare(samples)], [""])[0].tokens, expected[language], atol=1e-4)
    ear = open_model(f"hf:{tmp_path}")  # the tokenizer's own
    np.testing.assert_allclose(ear.forward([ear.prepare(samples)], [""])[0].tokens, expected["eng"], atol=1e-4)
    soundfile.write(str(tmp_path / "a.wav"), samples, RATE)
    ran = ctcb("decode", "--model", f"hf:{tmp_path}", "--language", "fra", tmp_path / "a.wav")
    assert ran.code == 2 and "no adapter for 'fra'" in ran.err and "deu, eng" in ran.err


def test_folder_without_a_ctc_model_is_refused(ctcb, tmp_path):
    pytest.importorskip("transformers")
    ran = ctcb("decode", "--model", f"hf:{tmp_path}", tmp_path)
    assert ran.code == 2 and len(ran.err.splitlines()) == 1


def test_onnx_model_on_samples(ctcb, tmp_path):
    weight = export_onnx(tmp_path / "m.onnx")
    (tmp_path / "symbols.txt").write_text("<blk>\n▁a\n▁b\na\nb\nn\no\n")
    (tmp_path / "preprocessor_config.json").write_text('{"do_normalize": true}')
    ear = open_model(f"onnx:{tmp_path / 'm.onnx'}", Tokens(tmp_path / "symbols.txt"), precision="auto")
    with pytest.raises(InputError, match="--precision bf16 is for models in torch"):
        open_model(f"onnx:{tmp_path / 'm.onnx'}", Tokens(tmp_path / "symbols.txt"), precision="bf16")
    samples = say("ann bob")
    scaled = torch.from_numpy((samples - samples.mean()) / np.sqrt(samples.var() + 1e-7))
    expected = torch.nn.functional.conv1d(scaled[None, None], torch.from_numpy(weight), stride=320)[0].T.log_softmax(-1)
    np.testing.assert_allclose(ear.forward([ear.prepare(samples)], [""])[0].tokens, expected.numpy(), atol=1e-3)
    assert ear.frame_shift == pytest.approx(0.02)
    soundfile.write(str(tmp_path / "a.wav"), samples, RATE)
    (tmp_path / "names.txt").write_text("Bob\n")
    words = ["decode", "--model", f"onnx:{tmp_path / 'm.onnx'}", "--entities", tmp_path / "names.txt", tmp_path / "a.wav"]
    assert ctcb(*words, "--tokens", tmp_path / "symbols.txt").code == 0
    ran = ctcb(*words)
    assert ran.code == 2 and "give --tokens FILE" in ran.err
    (tmp_path / "symbols.txt").write_text("<blk>\n▁a\n")
    ran = ctcb(*words, "--tokens", tmp_path / "symbols.txt")
    assert ran.code == 2 and "7 outputs" in ran.err


def test_torchaudio_bundle(ctcb, tmp_path, monkeypatch):
    """The weights lie in torch's own cache, where the library would have put them."""
    torchaudio = pytest.importorskip("torchaudio")
    bundle = torchaudio.pipelines.WAV2VEC2_ASR_BASE_10M
    params = {
        **bundle._params, "extractor_conv_layer_config": [(16, 10, 5)] + [(16, 3, 2)] * 4 + [(16, 2, 2)] * 2, "encoder_embed_dim": 32,
        "encoder_num_layers": 1, "encoder_num_heads": 2, "encoder_ff_interm_features": 32,
    }  # fmt: skip
    small = type(bundle)(bundle._path, params, _labels=bundle._labels, _sample_rate=RATE, **(
        {"_normalize_waveform": False, "_model_type": bundle._model_type} if hasattr(bundle, "_model_type") else {}
    ))  # fmt: skip
    monkeypatch.setattr(torchaudio.pipelines, "WAV2VEC2_ASR_BASE_10M", small)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    torch.manual_seed(0)
    model = torchaudio.models.wav2vec2_model(**params).eval()
    weights = dict(model.state_dict())
    for name in ("aux.weight", "aux.bias"):  # fairseq's checkpoints have three outputs more, which the bundle takes out
        weights[name] = torch.cat([weights[name][:1], torch.zeros_like(weights[name][:3]), weights[name][1:]])
    cache = tmp_path / "hub/checkpoints"
    cache.mkdir(parents=True)
    torch.save(weights, cache / bundle._path.rsplit("/", 1)[-1])
    ear = open_model("torchaudio:WAV2VEC2_ASR_BASE_10M")
    samples = say("ann met bob")
    with torch.no_grad():
        expected = model(torch.from_numpy(samples)[None])[0][0].log_softmax(-1).numpy()
    np.testing.assert_allclose(ear.forward([ear.prepare(samples)], [""])[0].tokens, expected, atol=1e-4)
    assert ear.frame_shift == pytest.approx(0.02) and ear.spelling.table.separator == "|"
    with pytest.raises(InputError, match="no CTC bundle 'HUBERT_BASE'; it has .*WAV2VEC2_ASR_BASE_10M"):
        open_model("torchaudio:HUBERT_BASE")


def test_nemo_model_by_its_interface(monkeypatch):
    """NeMo's own classes are tested in an environment of their own (test_nemo.py); here a stand-in answers the calls that ctcb makes."""

    class Head(torch.nn.Module):
        vocabulary = ["▁a", "b"]

        def forward(self, encoder_output):
            return encoder_output.log_softmax(-1)

    class Model(torch.nn.Module):
        ctc_decoder = Head()

        def preprocessor(self, input_signal, length):
            return input_signal[:, : length // 640 * 640].reshape(1, -1, 640)[..., :3], length // 640

        def encoder(self, audio_signal, length):
            return audio_signal, length

    models = types.ModuleType("nemo.collections.asr.models")
    models.ASRModel = types.SimpleNamespace(from_pretrained=lambda name, map_location: Model().eval())
    for name in ("nemo", "nemo.collections", "nemo.collections.asr"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, "nemo.collections.asr.models", models)
    ear = open_model("nemo:some/name")
    assert ear.frame_shift == pytest.approx(0.04) and ear.spelling.table.blank == 2
    samples = say("a")
    expected = torch.from_numpy(samples[: len(samples) // 640 * 640].reshape(-1, 640)[:, :3]).log_softmax(-1)
    np.testing.assert_allclose(ear.forward([ear.prepare(samples)], [""])[0].tokens, expected.numpy(), atol=1e-5)


def test_any_model_decodes_long_recordings(tmp_path):
    from ctcb.acoustic.waveform import WaveformModel
    from ctcb.text.spelling import PieceSpelling
    from ctcb.text.tokens import TokenTable

    table = TokenTable.of(["<blk>", "▁a", "▁b"])

    def network(samples):
        return np.stack([np.zeros(len(samples) // 320), samples[::320][: len(samples) // 320] * 9, np.zeros(len(samples) // 320)], 1)

    ear = WaveformModel(network, PieceSpelling(table))
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 70 * RATE).astype(np.float32)
    soundfile.write(str(tmp_path / "a.wav"), samples, RATE, subtype="FLOAT")
    parts = list(emit(ear, [Utterance("a", tmp_path / "a.wav")]))
    whole = network(samples)
    together = np.concatenate([part.emissions.tokens for part in parts])
    np.testing.assert_allclose(together, whole - np.log(np.exp(whole).sum(1, keepdims=True)), atol=1e-4)


def test_missing_files_and_packages_are_named(monkeypatch, tmp_path):
    assert is_foreign("hf:x") and is_foreign("hama") and not is_foreign("exp/model") and not is_foreign("hfx")
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(RunError, match=r"pip install 'ctcb\[hf\]'"):
        open_model("hf:x")
    with pytest.raises(InputError, match="names no model"):
        open_model("onnx:")
    assert measured_shift(lambda samples: np.zeros((len(samples) // 960, 2))) == pytest.approx(0.06)


@pytest.mark.parametrize("number", [7, 8])
def test_hama_phones_match_the_dictionary(number):
    pytest.importorskip("hama")
    ear = open_model("hama")
    heard = ear.forward([ear.prepare(read_audio(DEMO / f"audio/demo_0{number}.ogg").samples)], [""])[0].tokens
    assert ear.frame_shift == pytest.approx(0.02) and ear.spelling is None
    np.testing.assert_allclose(np.exp(heard).sum(1), 1, atol=1e-3)
    best = heard.argmax(1)
    phones = [ear.phonetics.symbols[one] for one in best[np.flatnonzero(np.diff(best, prepend=-1))] if one]
    (text,) = [row.text for row in read_manifest(DEMO / "manifest.tsv") if row.utt_id == f"demo_0{number}"]
    lexicon = Lexicon()
    said = [phone for word in normalize(text).split() for phone in lexicon.pronunciations(word)[0]]
    assert len(align(said, phones).edits) < 0.4 * len(said), (said, phones)


def test_hama_with_a_phone_graph(ctcb, tmp_path):
    """The words are those of the LM, and a name is recognised by its pronunciation."""
    pytest.importorskip("hama")
    pytest.importorskip("k2")
    text = "she was given two tablets in the morning\nthe doctor gave her two of them\nof the morning\n"
    (tmp_path / "text").write_text(text * 3)
    (tmp_path / "names").write_text("velotoxine\nHarrowmere\n")
    assert ctcb("lm", tmp_path / "text", "--order", 2, "--out", tmp_path / "lm.arpa").code == 0
    assert ctcb("graph", "--lm", tmp_path / "lm.arpa", "--units", "phone", "--out", tmp_path / "graph").code == 0
    words = ["decode", "--model", "hama", "--graph", tmp_path / "graph", DEMO / "audio/demo_03.ogg"]
    said = "she was given two tablets of velotoxine in the morning".split()
    without, leaning = (ctcb(*words, *more).out.split()[1:] for more in ((), ("--entities", tmp_path / "names")))
    assert "velotoxine" in leaning and "velotoxine" not in without
    assert len(align(said, leaning).edits) <= 2
    refused = ctcb("decode", "--model", "hama", DEMO / "audio/demo_03.ogg")
    assert refused.code == 2 and "graph over phones" in refused.err
