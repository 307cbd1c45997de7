"""Run in an environment that has NeMo: small random models of its real classes, saved by it, and opened by ctcb.

Prints a JSON object of what was compared, by model.
"""
from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import sentencepiece
import torch
from nemo.collections.asr.models import EncDecCTCModel, EncDecCTCModelBPE, EncDecHybridRNNTCTCBPEModel
from omegaconf import OmegaConf

from ctcb.acoustic.open import Tokens, open_model

LETTERS = [" ", *"abdemnot", "'"]
PREPROCESSOR = {
    "_target_": "nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor", "sample_rate": 16000, "normalize": "per_feature",
    "window_size": 0.025, "window_stride": 0.01, "window": "hann", "features": 80, "n_fft": 512, "dither": 0.0, "pad_to": 0,
}  # fmt: skip
ENCODER = {
    "_target_": "nemo.collections.asr.modules.ConformerEncoder", "feat_in": 80, "feat_out": -1, "n_layers": 2, "d_model": 32,
    "subsampling": "striding", "subsampling_factor": 4, "subsampling_conv_channels": 16, "ff_expansion_factor": 2,
    "self_attention_model": "rel_pos", "n_heads": 2, "conv_kernel_size": 9,
}  # fmt: skip


def ctc_head(count, vocabulary):
    """The configuration of a CTC head."""
    return {"_target_": "nemo.collections.asr.modules.ConvASRDecoder", "feat_in": 32, "num_classes": count, "vocabulary": vocabulary}


def characters():
    """A character model."""
    config = {"sample_rate": 16000, "preprocessor": PREPROCESSOR, "encoder": ENCODER, "decoder": ctc_head(len(LETTERS), LETTERS), "optim": None}
    return EncDecCTCModel(OmegaConf.create({**config, "labels": LETTERS}))


def tokenizer(folder):
    """The configuration of a BPE tokenizer, trained here."""
    (folder / "text").write_text("ann met bob\nbob met a moon\nnot a demon\n" * 20)
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "text"), model_prefix=str(folder / "tokenizer"), vocab_size=28, model_type="bpe", bos_id=-1, eos_id=-1, minloglevel=2
    )
    pieces = sentencepiece.SentencePieceProcessor(str(folder / "tokenizer.model"))
    (folder / "vocab.txt").write_text("".join(f"{pieces.id_to_piece(i)}\n" for i in range(1, len(pieces))))
    return {"dir": str(folder), "type": "bpe"}


def subwords(folder):
    """A BPE model."""
    config = {"sample_rate": 16000, "preprocessor": PREPROCESSOR, "encoder": ENCODER, "decoder": ctc_head(-1, []), "optim": None}
    return EncDecCTCModelBPE(OmegaConf.create({**config, "tokenizer": tokenizer(folder)}))


def hybrid(folder):
    """A transducer with a CTC head beside it."""
    config = {
        "sample_rate": 16000, "preprocessor": PREPROCESSOR, "encoder": ENCODER, "tokenizer": tokenizer(folder), "optim": None,
        "model_defaults": {"enc_hidden": 32, "pred_hidden": 16, "joint_hidden": 16},
        "decoder": {
            "_target_": "nemo.collections.asr.modules.RNNTDecoder", "normalization_mode": None, "random_state_sampling": False,
            "blank_as_pad": True, "prednet": {"pred_hidden": 16, "pred_rnn_layers": 1},
        },
        "joint": {
            "_target_": "nemo.collections.asr.modules.RNNTJoint", "log_softmax": None, "fuse_loss_wer": False,
            "jointnet": {"joint_hidden": 16, "activation": "relu", "dropout": 0.0, "encoder_hidden": 32, "pred_hidden": 16},
        },
        "decoding": {"strategy": "greedy_batch", "greedy": {"max_symbols": 5}},
        "aux_ctc": {"ctc_loss_weight": 0.3, "decoder": ctc_head(-1, []), "decoding": {"strategy": "greedy"}},
        "loss": {"loss_name": "default"},
    }  # fmt: skip
    return EncDecHybridRNNTCTCBPEModel(OmegaConf.create(config))


def emissions(model, samples):
    """NeMo's own ``[T, V]`` log-probabilities."""
    signal, length = torch.from_numpy(samples)[None], torch.tensor([len(samples)])
    with torch.no_grad():
        if hasattr(model, "ctc_decoder"):
            encoded, _ = model(input_signal=signal, input_signal_length=length)
            return model.ctc_decoder(encoder_output=encoded)[0].numpy()
        return model(input_signal=signal, input_signal_length=length)[0][0].numpy()


def compared(folder, make, samples):
    """Save a model, open it as ``nemo:``, and, exported with sherpa-onnx's metadata, as ``onnx:``."""
    folder.mkdir()
    torch.manual_seed(0)
    model = make(folder).eval()
    expected = emissions(model, samples)
    model.save_to(str(folder / "model.nemo"))
    ours = open_model(f"nemo:{folder / 'model.nemo'}")
    found = ours.forward([ours.prepare(samples)], [""])[0].tokens
    result = {
        "shape": list(found.shape), "nemo": float(np.abs(found - expected).max()), "frame_shift": ours.frame_shift,
        "blank": ours.spelling.table.blank, "symbols": ours.spelling.table.symbols,
    }  # fmt: skip
    if not hasattr(model, "ctc_decoder"):
        model.export(str(folder / "model.onnx"))
        exported = onnx.load(str(folder / "model.onnx"))
        for key, value in (("model_type", type(model).__name__), ("normalize_type", "per_feature"), ("subsampling_factor", "4")):
            exported.metadata_props.add(key=key, value=value)
        onnx.save(exported, str(folder / "model.onnx"))
        symbols = [*model.decoder.vocabulary, "<blk>"]
        (folder / "tokens.txt").write_text("".join(f"{symbol} {place}\n" for place, symbol in enumerate(symbols)))
        opened = open_model(f"onnx:{folder / 'model.onnx'}", Tokens())
        found = opened.forward([opened.prepare(samples)], [""])[0].tokens
        result["onnx"] = float(np.abs(np.exp(found) - np.exp(expected)).max())
        result["onnx_shape"] = list(found.shape)
    return result


def main(out):
    """All models, in a folder that is there."""
    rng = np.random.default_rng(0)
    samples = (rng.normal(0, 0.02, 24_000) + 0.1 * np.sin(np.arange(24_000) * 0.05)).astype(np.float32)
    makers = {"characters": lambda folder: characters(), "subwords": subwords, "hybrid": hybrid}
    print(json.dumps({name: compared(Path(out) / name, make, samples) for name, make in makers.items()}))


if __name__ == "__main__":
    main(sys.argv[1])
