"""CTC models of NVIDIA NeMo."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from ctcb.acoustic.fingerprint import of_module
from ctcb.acoustic.open import Tokens
from ctcb.acoustic.waveform import WaveformModel
from ctcb.device import open_device
from ctcb.errors import InputError
from ctcb.models.bf16 import set_precision
from ctcb.text.spelling import PieceSpelling
from ctcb.text.tokens import TokenTable

BLANK = "<blk>"  # NeMo's blank comes behind the tokens and has no name


def load(name: str, tokens: Tokens, device: str, precision: str) -> WaveformModel:
    """A ``.nemo`` file or a name that NeMo knows, of a CTC model or one with a CTC head beside a transducer.

    Raises InputError for a model without a CTC head.
    """
    from nemo.collections.asr.models import ASRModel

    place = open_device(device)
    model = (ASRModel.restore_from if Path(name).is_file() else ASRModel.from_pretrained)(name, map_location=place).eval()
    set_precision([model.encoder], precision, place)
    hybrid = hasattr(model, "ctc_decoder")
    head = model.ctc_decoder if hybrid else model.decoder
    if not hasattr(head, "vocabulary"):
        raise InputError("this model has no CTC head", file=f"nemo:{name}", hint="name a CTC model, or a hybrid one")

    def network(samples: np.ndarray) -> np.ndarray:
        signal, length = torch.from_numpy(samples)[None].to(place), torch.tensor([len(samples)], device=place)
        with torch.no_grad():
            features, count = model.preprocessor(input_signal=signal, length=length)
            encoded, _ = model.encoder(audio_signal=features, length=count)
            return head(encoder_output=encoded)[0].float().cpu().numpy()

    symbols = [*head.vocabulary, BLANK]
    table = TokenTable.of(symbols, len(symbols) - 1, tokens.separator, f"nemo:{name}", language=tokens.language)
    return WaveformModel(network, PieceSpelling(table), content=lambda: of_module(model, table.blank_first))
