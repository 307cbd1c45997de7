"""CTC models in ONNX, as toolkits export them: of samples (Optimum, `ctcb export --onnx`), or of features (icefall, NeMo,
WeNet, SenseVoice, with the metadata that sherpa-onnx reads). Needs no torch."""
from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, List, Optional, Sequence

import numpy as np

from ctcb.acoustic.fingerprint import of_files
from ctcb.acoustic.native_fbank import NativeFbank
from ctcb.acoustic.onnx_metadata import Metadata, family_of
from ctcb.acoustic.onnx_signature import PHONES, Signature
from ctcb.acoustic.open import Tokens
from ctcb.acoustic.waveform import WaveformModel, require_width
from ctcb.ctc.emissions import Emissions
from ctcb.ctc.log_probs import from_logits
from ctcb.data.audio import SAMPLE_RATE
from ctcb.device import gpu_number
from ctcb.errors import InputError, RunError
from ctcb.extras import install
from ctcb.phones.phonetics import Phonetics
from ctcb.text.spelling import Spelling, spelling_of
from ctcb.text.token_files import read_symbols
from ctcb.text.tokens import TokenTable

EXTRACTOR = "preprocessor_config.json"  # Optimum writes it beside the model: how samples are scaled
TOKENS, TOKENS_MODEL, PHONES_FILE = "tokens.txt", "tokens.model", "phones.txt"  # exports write them beside the model
VARIANCE_FLOOR = 1e-7  # as in Wav2Vec2FeatureExtractor.zero_mean_unit_var_norm
CUDA = "CUDAExecutionProvider"

Heads = Callable[[np.ndarray], List[np.ndarray]]  # [N] samples -> [T, V] float32 of each head


class OnnxModel(WaveformModel):
    """A model with one head, or with a second one for phones."""

    def __init__(
        self, heads: Heads, spelling: Spelling, frame_shift: Optional[float], phonetics: Optional[Phonetics], content: Callable[[], str]
    ) -> None:
        super().__init__(lambda samples: heads(samples)[0], spelling, frame_shift, content)
        self._heads, self.phonetics = heads, phonetics

    def forward(self, rows: Sequence[np.ndarray], utt_ids: Sequence[str]) -> List[Emissions]:
        """Natural-log probabilities of each."""
        count = 1 if self.phonetics is None else 2
        return [Emissions(*map(from_logits, self._heads(samples)[:count])) for samples in rows]


def load(name: str, tokens: Tokens, device: str) -> OnnxModel:
    """An ``.onnx`` file whose first input is ``[1, N]`` samples or ``[1, T, F]`` or ``[1, F, T]`` features, and whose first
    output is ``[1, T, V]``.

    Further inputs may be a mask over what the model takes or its length, and SenseVoice's language and writing. Tokens are
    in ``tokens.txt`` beside the model where they are not given. Raises InputError for another model, and without tokens;
    RunError for a GPU that this onnxruntime has no provider for, and without the package that computes features.
    """
    path = Path(name)
    if not path.is_file():
        raise InputError("no such file", file=path, hint="name an .onnx file")
    tokens = _beside(tokens, path)
    session = _session(path, device)
    metadata = Metadata(session.get_modelmeta().custom_metadata_map, path)
    rate = metadata.read("sample_rate", int, SAMPLE_RATE)
    if rate != SAMPLE_RATE:
        raise InputError(f"this model takes {rate} Hz", file=path, hint=f"name one for {SAMPLE_RATE} Hz")
    signature = Signature.of(session, metadata, path, tokens.language)
    heads, frame_shift = _heads(session, signature, metadata, tokens, path)
    table = TokenTable.read(tokens.file, _blank(tokens), tokens.separator, language=tokens.language)
    require_width(lambda samples: heads(samples)[0], table.symbols, name)
    phonetics = Phonetics.read(path.parent) if PHONES in signature.outputs and (path.parent / PHONES_FILE).is_file() else None
    opened = OnnxModel(heads, spelling_of(table, tokens.model), frame_shift, phonetics, lambda: of_files([path], table.symbols))
    opened.max_seconds = metadata.read("max_seconds", float, opened.max_seconds)
    return opened


def _beside(tokens: Tokens, path: Path) -> Tokens:
    """The tokens, by default those in the files beside the model."""
    if tokens.file is not None:
        return tokens
    file, model = path.parent / TOKENS, path.parent / TOKENS_MODEL
    if not file.is_file():
        raise InputError(
            "the model does not say what its outputs are, and there is no tokens.txt beside it", file=path, hint="give --tokens FILE, one token a line"
        )
    return replace(tokens, file=file, model=tokens.model or (model if model.is_file() else None))


def _blank(tokens: Tokens) -> Any:
    """The blank: as given, or NeMo's, which comes last, by the name that its exports give it."""
    if tokens.blank is not None:
        return tokens.blank
    symbols = read_symbols(tokens.file)
    return len(symbols) - 1 if symbols and symbols[-1] == "<blk>" else None


def _session(path: Path, device: str) -> Any:
    import onnxruntime

    providers: List[Any] = ["CPUExecutionProvider"]
    number = gpu_number(device)
    if number is not None and CUDA in onnxruntime.get_available_providers():
        providers.insert(0, (CUDA, {"device_id": number}))
    elif number is not None and device != "auto":
        raise RunError(f"this onnxruntime has no CUDA provider; {install('onnx-gpu')}, or use --device cpu")
    try:
        return onnxruntime.InferenceSession(str(path), providers=providers)
    except Exception as error:  # onnxruntime has no common base for its own
        raise InputError(f"not a model for onnxruntime ({type(error).__name__})", file=path, hint="export it again") from None


def _heads(session: Any, signature: Signature, metadata: Metadata, tokens: Tokens, path: Path) -> "tuple[Heads, Optional[float]]":
    """What samples become, and the frame shift in seconds where it is known."""

    def run(rows: np.ndarray, features_first: bool = False) -> List[np.ndarray]:
        return signature.heads(session.run(list(signature.outputs), signature.feed(rows, features_first)))

    if not signature.takes_features:
        if tokens.features is not None:
            raise InputError("the model takes samples, and --features describes features", file=path, hint="leave --features out")
        scaled = _scaled(path.parent / EXTRACTOR)

        def of_samples(samples: np.ndarray) -> List[np.ndarray]:
            return run((samples - samples.mean()) / np.sqrt(samples.var() + VARIANCE_FLOOR) if scaled else samples)

        return of_samples, metadata.read("frame_shift", float, None)
    family = family_of(metadata, tokens.features, signature.width)
    extract, first = NativeFbank(family.features), signature.features_first
    features_first = family.features_first if first is None else first

    def of_features(samples: np.ndarray) -> List[np.ndarray]:
        rows = extract(samples)
        if len(rows):
            return [head[family.prompt_frames :] for head in run(rows, features_first)]
        return [head[:0] for head in of_features(np.zeros(SAMPLE_RATE, np.float32))]  # of the width of the others

    return of_features, family.features.row_shift * metadata.subsampling or None


def _scaled(config: Path) -> bool:
    """Whether samples are brought to mean 0 and variance 1: if the file beside the model says so."""
    return config.is_file() and bool(json.loads(config.read_text("utf-8")).get("do_normalize", False))
