"""CTC models of torchaudio.pipelines."""
from __future__ import annotations

import numpy as np
import torch

from ctcb.acoustic.fingerprint import of_module
from ctcb.acoustic.open import Tokens
from ctcb.acoustic.waveform import WaveformModel
from ctcb.data.audio import SAMPLE_RATE
from ctcb.device import open_device
from ctcb.errors import InputError
from ctcb.models.bf16 import set_precision
from ctcb.text.spelling import PieceSpelling
from ctcb.text.tokens import TokenTable


def load(name: str, tokens: Tokens, device: str, precision: str) -> WaveformModel:
    """A bundle such as ``WAV2VEC2_ASR_BASE_960H``, which torchaudio fetches into torch's cache.

    Raises InputError for what is no bundle with a CTC head.
    """
    import torchaudio

    bundle = getattr(torchaudio.pipelines, name, None)
    if not hasattr(bundle, "get_labels"):
        known = [one for one in dir(torchaudio.pipelines) if hasattr(getattr(torchaudio.pipelines, one), "get_labels") and one.isupper()]
        raise InputError(f"torchaudio has no CTC bundle {name!r}", hint=f"it has {', '.join(known)}")
    if bundle.sample_rate != SAMPLE_RATE:
        raise InputError(f"the bundle {name} takes {bundle.sample_rate} Hz", hint=f"name one for {SAMPLE_RATE} Hz")
    place = open_device(device)
    model = bundle.get_model().eval().to(place)
    set_precision([model.encoder], precision, place)

    def network(samples: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return model(torch.from_numpy(samples)[None].to(place))[0][0].float().cpu().numpy()

    table = TokenTable.of(bundle.get_labels(), 0 if tokens.blank is None else tokens.blank, tokens.separator, f"torchaudio:{name}", language=tokens.language)
    return WaveformModel(network, PieceSpelling(table), content=lambda: of_module(model, table.blank_first))
