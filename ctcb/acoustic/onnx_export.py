"""A model directory's model as a file in ONNX: samples in, log-probabilities out, with the metadata that describe it."""
from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import Dict, Tuple

import torch
from torch import Tensor, nn

from ctcb.acoustic.directory import LoadedModel, load_model
from ctcb.acoustic.onnx_front_end import FrontEnd
from ctcb.acoustic.onnx_signature import PHONES
from ctcb.errors import InputError, RunError
from ctcb.extras import install
from ctcb.io import PathOrStr, atomic_write
from ctcb.text.lang import copy_lang

MODEL_FILE = "model.onnx"
OPSET = 14
EXAMPLE = 16_000 * 3  # samples with which the graph is traced


class _Exported(nn.Module):
    """Front end and network: ``[1, N]`` samples to the emissions ``[1, T, V]`` of the final head, and of the phone head."""

    def __init__(self, model: LoadedModel) -> None:
        super().__init__()
        self.front_end, self.network = FrontEnd.of(model.features), model.network
        self.phone_head = model.network.config.phone_head

    def forward(self, samples: Tensor) -> Tuple[Tensor, ...]:
        features = self.front_end(samples)
        frames = torch.ones_like(features[0, :, 0]).sum()[None].long()
        emissions, _ = self.network(features, frames)
        return (emissions.subword,) if self.phone_head is None else (emissions.subword, emissions.inter[self.phone_head])


def export_onnx(folder: PathOrStr, out: PathOrStr, int8: bool = False) -> Path:
    """Write ``model.onnx`` of a model directory into the folder ``out``, with its tokens, phones and lexicon beside it.

    The graph takes one utterance, ``[1, N]`` samples at 16 kHz, of at least a frame. An adapter is left behind. ``int8``:
    weights of matrix products in 8 bits, by onnxruntime's dynamic quantisation. Raises InputError for what is no model
    directory, RunError where the package onnx (or, for int8, onnxruntime) is missing.
    """
    try:
        import onnx
    except ImportError as error:
        raise RunError(f"an export to ONNX needs the package onnx ({error}); {install('export')}") from None
    if Path(folder).resolve() == Path(out).resolve():
        raise InputError("the folder would be the model directory itself", file=out, hint="name another with --out")
    model = load_model(folder)
    Path(out).mkdir(parents=True, exist_ok=True)
    path = Path(out) / MODEL_FILE
    with tempfile.TemporaryDirectory(dir=out) as work:
        traced = Path(work) / MODEL_FILE
        _trace(model, traced)
        described = onnx.load(str(_quantized(traced) if int8 else traced))
    for key, value in metadata_of(model).items():
        described.metadata_props.add(key=key, value=value)
    with atomic_write(path, "wb") as file:
        file.write(described.SerializeToString())
    copy_lang(folder, out)
    return path


def _trace(model: LoadedModel, path: Path) -> None:
    """Write the graph of a model."""
    names = ["log_probs", *([PHONES] if model.network.config.phone_head is not None else [])]
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the tracer's, of sizes that it takes for constants: the tests run other lengths
        torch.onnx.export(
            _Exported(model).eval(), (torch.randn(1, EXAMPLE) * 0.1,), str(path), opset_version=OPSET, input_names=["samples"], output_names=names,
            dynamic_axes={"samples": {1: "N"}, **{name: {1: "T"} for name in names}},
        )


def metadata_of(model: LoadedModel) -> Dict[str, str]:
    """The metadata of an export, by the keys of sherpa-onnx's exports where it has them."""
    config = model.network.config
    return {
        "model_type": "ctcb_ctc", "model_author": "ctcb", "version": "1", "vocab_size": str(config.num_subwords), "subsampling_factor": str(config.subsampling),
        "sample_rate": "16000", "frame_shift": repr(model.frame_shift),
        **({} if config.whisper is None else {"max_seconds": repr(config.whisper.max_seconds)}),
    }  # fmt: skip


def _quantized(path: Path) -> Path:
    """A model with matrices in 8 bits, beside it. Unsigned ones: signed ones lose exactness on processors without VNNI."""
    try:
        from onnxruntime.quantization import QuantType, quantize_dynamic
    except ImportError as error:
        raise RunError(f"--int8 needs the package onnxruntime ({error}); {install('export')}") from None
    small = path.with_suffix(".int8.onnx")
    quantize_dynamic(str(path), str(small), op_types_to_quantize=["MatMul"], weight_type=QuantType.QUInt8)
    return small
