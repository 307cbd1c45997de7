"""CTC models in ONNX that take samples in, as Optimum exports them."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import torch

from ctcb.acoustic.fingerprint import of_files
from ctcb.acoustic.open import Tokens
from ctcb.acoustic.waveform import WaveformModel, require_width
from ctcb.errors import InputError, RunError
from ctcb.text.spelling import spelling_of
from ctcb.text.tokens import TokenTable

EXTRACTOR = "preprocessor_config.json"  # Optimum writes it beside the model: how samples are scaled
VARIANCE_FLOOR = 1e-7  # as in Wav2Vec2FeatureExtractor.zero_mean_unit_var_norm


def load(name: str, tokens: Tokens, device: torch.device) -> WaveformModel:
    """An ``.onnx`` file whose first input is ``[1, N]`` samples and whose first output is ``[1, T, V]``.

    Further inputs may be a mask over the samples or their number. Raises InputError for another model,
    and without the tokens; RunError for a GPU that this onnxruntime has no provider for.
    """
    import onnxruntime

    path = Path(name)
    if not path.is_file():
        raise InputError("no such file", file=path, hint="name an .onnx file")
    if tokens.file is None:
        raise InputError("the model does not say what its outputs are", file=path, hint="give --tokens FILE, one token a line")
    providers: List[Any] = ["CPUExecutionProvider"]
    if device.type == "cuda":
        if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
            raise RunError("this onnxruntime has no CUDA provider; pip install onnxruntime-gpu, or use --device cpu")
        providers.insert(0, ("CUDAExecutionProvider", {"device_id": device.index or 0}))
    try:
        session = onnxruntime.InferenceSession(str(path), providers=providers)
    except Exception as error:  # onnxruntime has no common base for its own
        raise InputError(f"not a model for onnxruntime ({type(error).__name__})", file=path, hint="export it again") from None
    first = session.get_inputs()[0]
    if len(first.shape) != 2 or first.type not in ("tensor(float)", "tensor(float16)"):
        raise InputError(
            f"its input {first.name!r} is {first.type} of {len(first.shape)} dimensions, not [1, samples]", file=path,
            hint="export the model with its feature extraction, or give its emissions (--emissions)",
        )
    scaled = _scaled(path.parent / EXTRACTOR)

    def network(samples: np.ndarray) -> np.ndarray:
        if scaled:
            samples = (samples - samples.mean()) / np.sqrt(samples.var() + VARIANCE_FLOOR)
        return np.asarray(session.run(None, _feed(session, samples))[0][0], np.float32)

    table = TokenTable.read(tokens.file, tokens.blank, tokens.separator, language=tokens.language)
    require_width(network, table.symbols, name)
    return WaveformModel(network, spelling_of(table, tokens.model), content=lambda: of_files([path], table.symbols))


def _feed(session: Any, samples: np.ndarray) -> Dict[str, np.ndarray]:
    first, *others = session.get_inputs()
    feed = {first.name: samples[None].astype(np.float16 if first.type == "tensor(float16)" else np.float32)}
    for one in others:
        kind = np.int32 if one.type == "tensor(int32)" else np.int64
        feed[one.name] = np.ones((1, len(samples)), kind) if len(one.shape) == 2 else np.array([len(samples)], kind)
    return feed


def _scaled(config: Path) -> bool:
    """Whether samples are brought to mean 0 and variance 1: if the file beside the model says so."""
    return config.is_file() and bool(json.loads(config.read_text("utf-8")).get("do_normalize", False))
