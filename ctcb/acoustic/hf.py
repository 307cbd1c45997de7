"""CTC models of Hugging Face transformers: Wav2Vec2, HuBERT, WavLM, Wav2Vec2-BERT and kin, and MMS, which has adapters for languages."""
from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np
import torch

from ctcb.acoustic.fingerprint import of_module
from ctcb.acoustic.open import Tokens
from ctcb.acoustic.waveform import WaveformModel
from ctcb.ctc.emissions import Emissions
from ctcb.ctc.log_probs import from_logits
from ctcb.data.audio import SAMPLE_RATE
from ctcb.device import open_device
from ctcb.errors import InputError
from ctcb.models.bf16 import set_precision
from ctcb.text.spelling import PieceSpelling
from ctcb.text.tokens import TokenTable

SHORTEST = 0.1  # seconds; what is shorter may have no frames, and goes by itself
HINT = "name a folder with a CTC model, its feature extractor and tokenizer, or one of the Hub"


def opened(name: str, tokens: Tokens) -> Tuple[Any, Any, TokenTable]:
    """The feature extractor, the model in eval mode, and its tokens, of a folder or a name of the Hub, which
    transformers fetches into its own cache.

    Raises InputError for what is no CTC model with a tokenizer.
    """
    from transformers import AutoFeatureExtractor, AutoModelForCTC, AutoTokenizer

    try:
        extractor, tokenizer = AutoFeatureExtractor.from_pretrained(name), AutoTokenizer.from_pretrained(name)
        model = AutoModelForCTC.from_pretrained(name, **_of_language(tokenizer, tokens.language, name)).eval()
    except InputError:
        raise
    except (OSError, ValueError, KeyError, ImportError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(f"not a CTC model of transformers ({first})", file=f"hf:{name}", hint=HINT) from None
    if extractor.sampling_rate != SAMPLE_RATE:
        raise InputError(f"this model takes {extractor.sampling_rate} Hz", file=f"hf:{name}", hint=f"name one for {SAMPLE_RATE} Hz")
    blank = model.config.pad_token_id if tokens.blank is None else tokens.blank
    separator = tokens.separator or _separator(tokenizer)
    return extractor, model, TokenTable.of(_symbols(tokenizer, model.config.vocab_size), blank, separator, f"hf:{name}", language=tokens.language)


class HfModel(WaveformModel):
    """One utterance after another, or ``together``: in batches, with a mask for what is shorter than the longest."""

    def __init__(self, extractor: Any, model: Any, table: TokenTable, together: bool = False) -> None:
        """``together`` is for models that were trained with such a mask (:func:`takes_mask`); it rounds otherwise."""
        self._extractor, self._model, self._together = extractor, model, together
        super().__init__(self._alone, PieceSpelling(table), content=lambda: of_module(model, table.blank_first))

    @torch.no_grad()
    def _alone(self, samples: np.ndarray) -> np.ndarray:
        inputs = self._extractor(samples, sampling_rate=SAMPLE_RATE, return_tensors="pt").to(self._model.device)
        return self._model(**inputs).logits[0].float().cpu().numpy()

    @torch.no_grad()
    def forward(self, rows: Sequence[np.ndarray], utt_ids: Sequence[str]) -> List[Emissions]:
        """Natural-log probabilities of each."""
        if not self._together or len(rows) < 2 or min(map(len, rows)) < SHORTEST * SAMPLE_RATE:
            return super().forward(rows, utt_ids)
        inputs = self._extractor(list(rows), sampling_rate=SAMPLE_RATE, padding=True, return_attention_mask=True, return_tensors="pt")
        inputs = inputs.to(self._model.device)
        logits = self._model(**inputs).logits.float().cpu().numpy()
        mask = self._model._get_feature_vector_attention_mask(logits.shape[1], inputs["attention_mask"])
        return [Emissions(from_logits(found[:count])) for found, count in zip(logits, mask.sum(1).tolist())]


def takes_mask(model: Any) -> bool:
    """Whether the model takes samples of which padding may be masked: its first layer must not be normalised over time."""
    config = model.config
    return getattr(config, "feat_extract_norm", None) == "layer" and not getattr(config, "add_adapter", False)


def load(name: str, tokens: Tokens, device: str, precision: str) -> HfModel:
    """A model by :func:`opened`; on a GPU it takes batches, where it may."""
    extractor, model, table = opened(name, tokens)
    place = open_device(device)
    set_precision([model.to(place).base_model], precision, place)
    return HfModel(extractor, model, table, together=place.type == "cuda" and takes_mask(model))


def _of_language(tokenizer: Any, language: Optional[str], name: str) -> Dict[str, Any]:
    """For a model with adapters for languages (MMS): sets the tokenizer's, and returns the options that load that adapter.

    The language is an ISO 639-3 code, by default the tokenizer's own. Raises InputError for one that the model lacks.
    """
    own = getattr(tokenizer, "target_lang", None)
    if own is None:
        return {}
    chosen = language or own
    if chosen not in tokenizer.vocab:
        known = sorted(tokenizer.vocab)
        some = ", ".join(known[:20]) + (f" and {len(known) - 20} others" if len(known) > 20 else "")
        raise InputError(f"this model has no adapter for {chosen!r}", file=f"hf:{name}", hint=f"give another --language: {some}")
    tokenizer.set_target_lang(chosen)
    return {"target_lang": chosen, "ignore_mismatched_sizes": True}


def _symbols(tokenizer: Any, size: int) -> List[str]:
    """The tokens by id; outputs that no token belongs to get a name that spells nothing."""
    symbols = [f"<unused-{place}>" for place in range(size)]
    for symbol, place in tokenizer.get_vocab().items():
        if place < size:
            symbols[place] = symbol
    return symbols


def _separator(tokenizer: Any) -> Optional[str]:
    delimiter = getattr(tokenizer, "word_delimiter_token", None)
    return delimiter if delimiter in tokenizer.get_vocab() else None
