"""torchaudio's ctc_decoder without a lexicon, its custom-LM hook carrying the entities."""
from __future__ import annotations

import sys
from functools import lru_cache
from typing import Any, Optional

import numpy as np
import torch
import torchaudio
from bias_list import BiasList
from peer import Peer, Search, Setting
from peer_flashlight import GRID, PLAIN
from trie_hook import trie_hook

# torchaudio takes an installed flashlight-text before its own build of flashlight, so that it would be
# the same engine as the other peer. Hide that while torchaudio looks.
_hidden = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "flashlight"}
sys.modules["flashlight"] = None
try:
    from torchaudio.models.decoder import CTCDecoderLM, CTCDecoderLMState, ctc_decoder
finally:
    del sys.modules["flashlight"]
    sys.modules.update(_hidden)


class Torchaudio(Peer):
    """Flashlight as torchaudio builds it, with torchaudio's tensors around it."""

    name = "torchaudio ctc_decoder"
    version = f"torchaudio {torchaudio.__version__}"
    grid, plain = GRID, PLAIN

    def search(self, bias: Optional[BiasList], setting: Setting) -> Search:
        blank = self.task.pieces[self.task.vocabulary.blank]
        decoder = ctc_decoder(
            lexicon=None, tokens=list(self.task.pieces), lm=_hook(bias), beam_size=self.task.beam,
            beam_size_token=self.task.top_k, beam_threshold=setting["threshold"],
            lm_weight=setting.get("weight", 0.0), blank_token=blank, sil_token=blank,
        )

        def search(log_probs: np.ndarray, hook: Any = _hook(bias)) -> Any:  # keeps the hook's Python side alive
            return decoder(torch.from_numpy(log_probs)[None])[0][0].tokens.tolist()

        return search


@lru_cache(maxsize=4)
def _hook(bias: Optional[BiasList]) -> Any:
    return None if bias is None else trie_hook(CTCDecoderLM, CTCDecoderLMState, bias.trie)
