"""flashlight-text's lexicon-free beam search, its language-model hook carrying the entities."""
from __future__ import annotations

from functools import lru_cache
from importlib.metadata import version
from itertools import groupby
from typing import Any, Optional

import numpy as np
from bias_list import BiasList
from flashlight.lib.text.decoder import LM, CriterionType, LexiconFreeDecoder, LexiconFreeDecoderOptions, LMState, ZeroLM
from peer import Peer, Search, Setting, grid
from trie_hook import trie_hook

# Bonus a token, and how far below the best a hypothesis may fall.
GRID = grid(weight=(0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0), threshold=(15.0, 50.0))
PLAIN = {"threshold": 50.0}


class Flashlight(Peer):
    """One best alignment a hypothesis (``log_add`` off: states are merged)."""

    name = "flashlight-text"
    version = f"flashlight-text {version('flashlight-text')}"
    grid, plain = GRID, PLAIN

    def search(self, bias: Optional[BiasList], setting: Setting) -> Search:
        blank = self.task.vocabulary.blank
        options = LexiconFreeDecoderOptions(
            beam_size=self.task.beam, beam_size_token=self.task.top_k, beam_threshold=setting["threshold"],
            lm_weight=setting.get("weight", 0.0), sil_score=0.0, log_add=False, criterion_type=CriterionType.CTC,
        )
        hook = _hook(bias)
        decoder = LexiconFreeDecoder(options, hook, blank, blank, [])  # the blank stands for its silence as well

        def search(log_probs: np.ndarray, hook: Any = hook) -> Any:  # keeps the hook's Python side alive
            best = decoder.decode(log_probs.ctypes.data, *log_probs.shape)[0]
            return [token for token, _ in groupby(best.tokens) if token != blank]

        return search


@lru_cache(maxsize=4)
def _hook(bias: Optional[BiasList]) -> Any:
    return ZeroLM() if bias is None else trie_hook(LM, LMState, bias.trie)
