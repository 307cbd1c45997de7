"""Models in ONNX that take features: the signatures and metadata of icefall's, NeMo's, WeNet's and SenseVoice's exports."""
from __future__ import annotations

import json
import sys

import numpy as np
import pytest
import soundfile
import torch
from onnx_models import PROMPTS, SENSE_VOICE_IDS, export_features_onnx
from tones import RATE, say

from ctcb.acoustic.native_fbank import FbankOptions, NativeFbank, normalized, stacked
from ctcb.acoustic.open import Tokens, open_model
from ctcb.errors import InputError, RunError

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("kaldi_native_fbank")

TOKENS = ["<blk>", "▁a", "▁b", "a", "b", "n", "o"]
SAMPLES = say("ann bob")
NEG_MEAN, INV_STDDEV = np.linspace(-9, -7, 560), np.linspace(0.1, 0.3, 560)
ICEFALL = {"model_type": "zipformer2_ctc", "version": 1, "model_author": "k2-fsa", "comment": "non-streaming zipformer2 CTC"}
NEMO = {"model_type": "EncDecCTCModelBPE", "normalize_type": "per_feature", "subsampling_factor": 4, "vocab_size": 6, "model_author": "NeMo"}
WENET = {"model_type": "wenet_ctc", "version": 1, "subsampling_factor": 4, "vocab_size": 7}
SENSE_VOICE = {
    "model_type": "sense_voice_ctc", "lfr_window_size": 7, "lfr_window_shift": 6, "normalize_samples": 0, "vocab_size": 7, **SENSE_VOICE_IDS,
    "neg_mean": ",".join(map(str, NEG_MEAN)), "inv_stddev": ",".join(map(str, INV_STDDEV)),
}  # fmt: skip


def write_tokens(folder, tokens=TOKENS):
    """As sherpa-onnx's exports have them: with ids."""
    (folder / "tokens.txt").write_text("".join(f"{token} {place}\n" for place, token in enumerate(tokens)), "utf-8")


def emissions(folder, **tokens):
    model = open_model(f"onnx:{folder / 'model.onnx'}", Tokens(**tokens))
    return model, model.forward([model.prepare(SAMPLES)], [""])[0].tokens


def convolved(weight, rows):
    """What the models of the tests make of features ``[T, F]``."""
    x = torch.from_numpy(np.asarray(rows, np.float32)).T[None]
    return torch.nn.functional.conv1d(x, torch.from_numpy(weight), stride=weight.shape[2])[0].T.log_softmax(-1).numpy()


def nemo_features(samples):
    """Log-mel energies by NeMo's formulas: a symmetric Hann window amid an FFT of 512, Slaney's filters, each bin normalised."""
    filters = pytest.importorskip("torchaudio").functional.melscale_fbanks(257, 0.0, 8000.0, 80, RATE, norm="slaney", mel_scale="slaney")
    emphasised = torch.from_numpy(np.append(samples[0], samples[1:] - np.float32(0.97) * samples[:-1]).astype(np.float32))
    spectrum = torch.stft(emphasised, 512, 160, 400, torch.hann_window(400, periodic=False), pad_mode="constant", return_complex=True)
    found = (spectrum.abs().square().T @ filters + 2**-24).log().numpy()[: len(samples) // 160]
    return (found - found.mean(0)) / (found.std(0, ddof=1) + 1e-5)


def test_icefall(tmp_path):
    from lhotse import Fbank

    weight = export_features_onnx(tmp_path / "model.onnx", 80, metadata=ICEFALL)
    write_tokens(tmp_path)
    model, found = emissions(tmp_path)
    np.testing.assert_allclose(found, convolved(weight, Fbank().extract(SAMPLES, RATE)), atol=2e-3)
    assert model.frame_shift == pytest.approx(0.04)
    assert model.forward([model.prepare(SAMPLES[:50])], [""])[0].tokens.shape == (0, 7)


def test_wenet(tmp_path):
    torchaudio = pytest.importorskip("torchaudio")
    weight = export_features_onnx(tmp_path / "model.onnx", 80, metadata=WENET)
    write_tokens(tmp_path, ["<blank>", *TOKENS[1:]])
    wave = torch.from_numpy(SAMPLES)[None] * 32768
    features = torchaudio.compliance.kaldi.fbank(wave, num_mel_bins=80, dither=0.0, energy_floor=0.0, sample_frequency=RATE).numpy()
    model, found = emissions(tmp_path)
    np.testing.assert_allclose(found, convolved(weight, features), atol=2e-3)
    assert model.frame_shift == pytest.approx(0.04)


def test_nemo(tmp_path):
    weight = export_features_onnx(
        tmp_path / "model.onnx", 80, first=True, names=("audio_signal", "length"), counted=False, metadata=NEMO
    )
    write_tokens(tmp_path, ["<unk>", *TOKENS[1:6], "<blk>"])
    noise = np.random.default_rng(0).normal(0, 0.05, len(SAMPLES)).astype(np.float32)
    model, _ = emissions(tmp_path)
    found = model.forward([model.prepare(SAMPLES + noise)], [""])[0].tokens
    assert model.spelling.table.blank == 6 and model.frame_shift == pytest.approx(0.04)
    expected = convolved(weight, nemo_features(SAMPLES + noise))
    # At the edges Kaldi mirrors the audio, where NeMo has silence.
    np.testing.assert_allclose(found[1:-1], expected[1:-1], atol=0.02)
    assert found.shape == expected.shape


def test_giga_am(tmp_path):
    weight = export_features_onnx(
        tmp_path / "model.onnx", 64, first=True, names=("audio_signal", "length"), counted=False,
        metadata={**NEMO, "normalize_type": "", "is_giga_am": 1},
    )
    write_tokens(tmp_path, ["<unk>", *TOKENS[1:6], "<blk>"])
    frames = torch.from_numpy(SAMPLES).unfold(0, 400, 160).double()
    power = torch.fft.rfft(frames * torch.hann_window(400).double()).abs().square()
    from torchaudio.functional import melscale_fbanks

    filters = melscale_fbanks(201, 0.0, 8000.0, 64, RATE, mel_scale="htk").double()
    features = (power @ filters).clamp(min=1.1920928955078125e-07).log().float().numpy()
    # Kaldi's triangles are straight in mel, torchaudio's in Hz.
    _, found = emissions(tmp_path)
    assert np.abs(found - convolved(weight, features)).mean() < 0.05


def test_sense_voice(tmp_path):
    torchaudio = pytest.importorskip("torchaudio")
    weight = export_features_onnx(
        tmp_path / "model.onnx", 560, names=("x", "x_length"), kind="INT32", counted=False, ids=True, metadata=SENSE_VOICE, stride=1
    )
    write_tokens(tmp_path, ["<unk>", "<|en|>", "▁a", "a", "b", "n", "o"])
    wave = torch.from_numpy(SAMPLES)[None] * 32768
    frames = torchaudio.compliance.kaldi.fbank(
        wave, num_mel_bins=80, dither=0.0, energy_floor=0.0, sample_frequency=RATE, window_type="hamming"
    ).numpy()
    padded = [frames[0]] * 3 + list(frames)
    rows = []
    for begin in range(0, len(frames), 6):  # FunASR's rule, frame by frame
        window = padded[begin : begin + 7]
        rows.append(np.concatenate(window + [padded[-1]] * (7 - len(window))))
    model, found = emissions(tmp_path, blank=0)
    assert model.frame_shift == pytest.approx(0.06)
    np.testing.assert_allclose(found, convolved(weight, (np.array(rows) + NEG_MEAN) * INV_STDDEV), atol=5e-3)
    raw = _raw(tmp_path, np.zeros((1, 5, 560), np.float32), language=4, text_norm=15)
    assert raw.shape[1] == 5 + PROMPTS
    with pytest.raises(InputError, match="knows no language 'fi'.*auto, en, zh"):
        open_model(f"onnx:{tmp_path / 'model.onnx'}", Tokens(blank=0, language="fi"))


def _raw(folder, x, **ids):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    feed = {"x": x, "x_length": np.array([x.shape[1]], np.int32), **{name: np.array([value], np.int32) for name, value in ids.items()}}
    return session.run(None, feed)[0]


def test_int8(tmp_path):
    from onnxruntime.quantization import QuantType, quantize_dynamic

    (tmp_path / "float").mkdir()
    export_features_onnx(tmp_path / "float/model.onnx", 80, metadata=ICEFALL)
    quantize_dynamic(str(tmp_path / "float/model.onnx"), str(tmp_path / "model.onnx"), weight_type=QuantType.QUInt8)
    for folder in (tmp_path, tmp_path / "float"):
        write_tokens(folder)
    assert b"ConvInteger" in (tmp_path / "model.onnx").read_bytes()
    model, found = emissions(tmp_path)
    expected = emissions(tmp_path / "float")[1]
    assert found.shape == expected.shape and 0 < np.abs(found - expected).mean() < 0.2


def test_features_file_describes_what_metadata_lack(ctcb, tmp_path):
    weight = export_features_onnx(tmp_path / "model.onnx", 40)
    write_tokens(tmp_path)
    soundfile.write(str(tmp_path / "a.wav"), SAMPLES, RATE)
    words = ["decode", "--model", f"onnx:{tmp_path / 'model.onnx'}", "--format", "jsonl", tmp_path / "a.wav"]
    ran = ctcb(*words)
    assert ran.code == 2 and "have no model_type" in ran.err and "--features FILE" in ran.err
    (tmp_path / "f.yaml").write_text("family: icefall\nhigh_freq: 7600\nwindow: hamming\n")
    ran = ctcb(*words, "--features", tmp_path / "f.yaml")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["seconds"] == pytest.approx(len(SAMPLES) / RATE, abs=0.05)
    options = FbankOptions(num_mel_bins=40, high_freq=7600.0, window="hamming")
    found = emissions(tmp_path, features=tmp_path / "f.yaml")[1]
    np.testing.assert_allclose(found, convolved(weight, NativeFbank(options)(SAMPLES)), atol=1e-4)
    for text, said in (
        ("window: square\n", "window is 'square'"), ("family: kaldi\n", "the family 'kaldi' is unknown"), ("bins: 3\n", "unknown key 'bins'"),
        ("family: icefall\nnum_mel_bins: 80\n", "takes 40 values a row"), ("stack: 0\n", "stack is 0"), ("family: [icefall\n", "not valid YAML"),
    ):
        (tmp_path / "f.yaml").write_text(text)
        ran = ctcb(*words, "--features", tmp_path / "f.yaml")
        assert ran.code == 2 and said in ran.err and len(ran.err.splitlines()) == 1, (text, ran.err)
    ran = ctcb("decode", "--model", "hf:x", "--features", tmp_path / "f.yaml", tmp_path / "a.wav")
    assert ran.code == 2 and "--features is for models in ONNX" in ran.err


def test_malformed_models_are_refused(tmp_path, monkeypatch):
    write_tokens(tmp_path)
    name = f"onnx:{tmp_path / 'model.onnx'}"
    export_features_onnx(tmp_path / "model.onnx", 80, metadata={**WENET, "subsampling_factor": "four"})
    with pytest.raises(InputError, match="subsampling_factor='four'"):
        open_model(name)
    export_features_onnx(tmp_path / "model.onnx", 80, metadata={**SENSE_VOICE, "neg_mean": "1,2"}, names=("x", "x_length"))
    with pytest.raises(InputError, match="neg_mean has 2 values, and a row"):
        open_model(name)
    export_features_onnx(tmp_path / "model.onnx", 80, metadata={"model_type": "paraformer"})
    with pytest.raises(InputError, match="'paraformer' is not known"):
        open_model(name)
    import onnx

    stream = onnx.load(str(tmp_path / "model.onnx"))
    stream.graph.input.append(onnx.helper.make_tensor_value_info("cached_key_0", onnx.TensorProto.FLOAT, [1, 2, 3]))
    onnx.save(stream, str(tmp_path / "model.onnx"))
    with pytest.raises(InputError, match="'cached_key_0'.*export the model for whole utterances"):
        open_model(name)
    export_features_onnx(tmp_path / "model.onnx", 80, metadata=ICEFALL)
    (tmp_path / "tokens.txt").unlink()
    with pytest.raises(InputError, match="no tokens.txt beside it.*give --tokens FILE"):
        open_model(name)
    write_tokens(tmp_path)
    import onnxruntime

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(RunError, match=r"no CUDA provider; pip uninstall -y onnxruntime && pip install 'ctcb\[onnx-gpu\]'"):
        open_model(name, device="cuda")
    assert open_model(name, device="auto").frame_shift == pytest.approx(0.04)
    with pytest.raises(InputError, match="device 'gpu' is unknown"):
        open_model(name, device="gpu")
    export_features_onnx(tmp_path / "model.onnx", 80, metadata={**ICEFALL, "sample_rate": 8000})
    with pytest.raises(InputError, match="takes 8000 Hz"):
        open_model(name)
    export_features_onnx(tmp_path / "model.onnx", 80, metadata=ICEFALL)
    monkeypatch.setitem(sys.modules, "kaldi_native_fbank", None)
    with pytest.raises(RunError, match=r"pip install 'ctcb\[onnx\]'"):
        open_model(name)


def test_normalisation_and_stacking_by_hand():
    frames = np.array([[1.0, 2.0], [3.0, 6.0]], np.float32)
    np.testing.assert_allclose(normalized(frames, "per_feature"), [[-(0.5**0.5)] * 2, [0.5**0.5] * 2], atol=1e-4)
    assert normalized(frames, "all_features").mean() == pytest.approx(0, abs=1e-6)
    assert normalized(frames, "") is frames
    five = np.arange(5.0)[:, None]
    np.testing.assert_array_equal(stacked(five, 3, 2), [[0, 0, 1], [1, 2, 3], [3, 4, 4]])
    assert stacked(five, 1, 1) is five
