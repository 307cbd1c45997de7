"""NeMo's phrase-boosting tree (GPU-PB) in its CTC searches, on the CPU: the batched beam search and the greedy one.

Andrusenko et al. 2025, "TurboBias: Universal ASR Context-Biasing powered by GPU-accelerated Phrase-Boosting Tree".
"""
from __future__ import annotations

from functools import lru_cache
from importlib.metadata import version
from itertools import groupby
from typing import Any, List, Optional

import numpy as np
import torch
from bias_list import BiasList
from nemo_modules import BIASING, SEARCHES, nemo_module
from peer import Peer, Search, Setting, Task, grid

_tree_module = nemo_module(f"{BIASING}.boosting_graph_batched")
_graphs = nemo_module(f"{BIASING}.context_graph_universal")
_beam = nemo_module(f"{SEARCHES}.ctc_batched_beam_decoding")
_greedy = nemo_module(f"{SEARCHES}.ctc_greedy_decoding")
nemo_module("nemo.utils").logging.setLevel(nemo_module("nemo.utils").logging.ERROR)  # it tells of each tree that it reads


class NemoTree(Peer):
    """``BatchedBeamCTCComputer`` with the tree as its fusion model; alpha is the tree's weight."""

    name = "NeMo tree, beam"
    version = f"nemo_toolkit {version('nemo_toolkit')}"
    grid = grid(alpha=(0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0), depth_scaling=(1.0, 2.0))

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        blank = task.vocabulary.blank
        self._order = [*(token for token in range(len(task.pieces)) if token != blank), blank]  # NeMo's blank is the last

    def search(self, bias: Optional[BiasList], setting: Setting) -> Search:
        decode = self._decoder(self._tree(bias, setting), setting.get("alpha", 0.0))

        def search(log_probs: np.ndarray) -> List[int]:
            with torch.inference_mode():
                labels = decode(torch.from_numpy(log_probs)[None, :, self._order], torch.tensor([len(log_probs)]))
            return [self._order[label] for label in labels]

        return search

    def _tree(self, bias: Optional[BiasList], setting: Setting) -> Any:
        return None if bias is None else _tree(bias, self.task.vocabulary.blank, len(self._order) - 1, setting["depth_scaling"])

    def _decoder(self, tree: Any, alpha: float) -> Any:
        decoder = _beam.BatchedBeamCTCComputer(
            len(self._order) - 1, self.task.beam, fusion_models=tree and [tree], fusion_models_alpha=tree and [alpha],
            allow_cuda_graphs=False,
        )
        return lambda log_probs, lengths: decoder(log_probs, lengths).to_hyps_list(score_norm=False)[0].y_sequence.tolist()


class NemoTreeGreedy(NemoTree):
    """``GreedyBatchedCTCInfer``: the tree chooses among tokens at the frames whose likeliest token is a new one."""

    name = "NeMo tree, greedy"

    def _decoder(self, tree: Any, alpha: float) -> Any:
        blank = len(self._order) - 1
        decoder = _greedy.GreedyBatchedCTCInfer(blank, allow_cuda_graphs=False)
        decoder.fusion_models, decoder.fusion_models_alpha = tree and [tree], tree and [alpha]

        def decode(log_probs: torch.Tensor, lengths: torch.Tensor) -> List[int]:
            (hypotheses,) = decoder.forward(decoder_output=log_probs, decoder_lengths=lengths)
            return [label for label, _ in groupby(hypotheses[0].y_sequence.tolist()) if label != blank]

        return decode


@lru_cache(maxsize=4)
def _tree(bias: BiasList, blank: int, size: int, depth_scaling: float) -> Any:
    """The tree over ids without the blank, NeMo's score of 1 a token; alpha scales it."""
    sequences = [[token - (token > blank) for token in sequence] for forms in bias.sequences for sequence in forms]
    graph = _graphs.ContextGraph(context_score=1.0, depth_scaling=depth_scaling)
    graph.build(token_ids=sequences)
    tree = _tree_module.GPUBoostingTreeModel.from_context_graph(graph, size, use_triton=False, uniform_weights=False)
    return tree.eval()
