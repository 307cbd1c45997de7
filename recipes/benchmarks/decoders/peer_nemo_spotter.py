"""NeMo's CTC-WS: names are spotted in the emissions and then put in the place of the greedy words where they were heard.

Andrusenko et al. 2024, "Fast Context-Biasing for CTC and Transducer ASR models with CTC-based Word Spotter".
"""
from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any, List, Optional, Sequence

import numpy as np
from bias_list import BiasList
from nemo_modules import BIASING, nemo_function, nemo_module
from peer import Answer, Peer, Search, Setting, Task, grid

from ctcb.search.greedy import greedy
from ctcb.text.tokens import WORD_START

_graphs = nemo_module(f"{BIASING}.context_graph_ctc")
_spotter = nemo_module(f"{BIASING}.ctc_based_word_spotter")
_merge = nemo_function(f"{BIASING}.context_biasing_utils", "merge_alignment_with_ws_hyps", np=np)


class NemoSpotter(Peer):
    """``run_word_spotter`` and ``merge_alignment_with_ws_hyps``."""

    name = "NeMo CTC-WS"
    version = f"nemo_toolkit {version('nemo_toolkit')}"
    grid = grid(
        cb_weight=(1.5, 2.5, 3.5, 5.0), ctc_ali_token_weight=(0.5, 1.0, 2.0, 3.5), beam_threshold=(5.0, 10.0)
    )
    plain = {"cb_weight": 3.0, "ctc_ali_token_weight": 0.5, "beam_threshold": 5.0}  # NeMo's own

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        # NeMo takes the first character off a token that begins a word. It takes one off the token behind it as well if
        # nothing is left, hence two marks for the mark alone.
        texts = [piece * 2 if piece == WORD_START else piece for piece in task.pieces]
        self._model = SimpleNamespace(tokenizer=_Tokens(texts))
        self._word_start = texts.index(WORD_START * 2)

    def search(self, bias: Optional[BiasList], setting: Setting) -> Search:
        blank = self.task.vocabulary.blank
        graph = _graph(bias, blank)

        def search(log_probs: np.ndarray) -> Answer:
            found = _spotter.run_word_spotter(log_probs, graph, self._model, blank, **setting)
            if not found:  # NeMo does not merge then
                return greedy(log_probs, blank).tokens
            # Whatever the first token is, it is taken to begin a word. One frame more, before all others, is that mark.
            best = np.concatenate([[self._word_start], log_probs.argmax(axis=1)])
            later = [replace(hyp, start_frame=hyp.start_frame + 1, end_frame=hyp.end_frame + 1) for hyp in found]
            text, _ = _merge(best, self._model, later, blank_idx=blank)
            return " ".join(text.replace(WORD_START, "").split())

        return search


class _Tokens:
    """What the two functions need of a NeMo tokenizer."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts

    def ids_to_tokens(self, ids: Sequence[int]) -> List[str]:
        return [self._texts[token] for token in ids]


@lru_cache(maxsize=4)
def _graph(bias: Optional[BiasList], blank: int) -> Any:
    """The graph; shorter sequences first, since one that is the beginning of another before it would never end."""
    graph = _graphs.ContextGraphCTC(blank_id=blank)
    if bias is not None:
        pairs = [(text, list(sequence)) for text, forms in zip(bias.texts, bias.sequences) for sequence in forms]
        graph.add_to_graph([(text, [sequence]) for text, sequence in sorted(pairs, key=lambda pair: len(pair[1]))])
    return graph
