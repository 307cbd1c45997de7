"""Searching a graph with k2: lattices, best paths, and n-best lists."""
from __future__ import annotations

from typing import List, Optional, Sequence

import numpy as np

from ctcb.graph.backend import import_k2
from ctcb.graph.entity_class import FullGraph
from ctcb.graph.nbest import Path, Texts, best_paths
from ctcb.graph.options import GraphOptions

LOWEST = -1e4  # log-probability used for 0: k2's beams cannot handle -inf
RETRY_BEAM_FACTOR, RETRY_ACTIVE = 8.0, 1 << 30  # of the second search, where the first pruned every complete path


class ReadyGraph:
    """A graph as a k2 FSA. Thread-safe."""

    def __init__(self, graph: FullGraph) -> None:
        """Raises RunError where k2 is missing."""
        k2 = import_k2()
        import torch  # here: a beam search over a file of emissions needs none

        self.graph = graph
        fsa = k2.Fsa(torch.from_numpy(graph.arcs))
        # k2 propagates arc attributes; the number identifies the arc's meaning.
        fsa.arc = torch.from_numpy(graph.number)
        self.fsa = k2.create_fsa_vec([fsa])


def search(
    graph: ReadyGraph, log_probs: Sequence[np.ndarray], options: GraphOptions, texts: Optional[Texts] = None, nbest: int = 1
) -> List[List[Path]]:
    """The best paths of several utterances, best first: for each, up to ``nbest`` of different texts.

    A path's score is the sum of its frames' log-probabilities and its arcs' scores: that of one alignment.

    Parameters
    ----------
    log_probs : ``[T, V]`` float32 for each utterance, T at least 1.
    texts : what the graph's arcs add to the text; needed only for ``nbest`` above 1.
    """
    results = _search(graph, log_probs, options, options.search_beam, texts, nbest)
    for i, paths in enumerate(results):
        if not paths:  # every surviving path ended inside a word
            results[i] = _search(graph, [log_probs[i]], options, RETRY_BEAM_FACTOR * options.search_beam, texts, nbest)[0]
    return results


def _search(
    graph: ReadyGraph, log_probs: Sequence[np.ndarray], options: GraphOptions, beam: float, texts: Optional[Texts], nbest: int
) -> List[List[Path]]:
    k2 = import_k2()
    import torch

    lengths = [len(emissions) for emissions in log_probs]
    padded = torch.full((len(lengths), max(lengths), log_probs[0].shape[1]), LOWEST)
    for row, emissions in zip(padded, log_probs):
        row[: len(emissions)] = torch.from_numpy(emissions).clamp(min=LOWEST)
    segments = torch.tensor([[i, 0, length] for i, length in enumerate(lengths)], dtype=torch.int32)
    max_active = options.max_active if beam == options.search_beam else RETRY_ACTIVE
    lattice = k2.intersect_dense_pruned(
        graph.fsa, k2.DenseFsaVec(padded, segments), search_beam=beam, output_beam=options.lattice_beam,
        min_active_states=options.min_active, max_active_states=max_active,
        frame_idx_name="frame",
    )  # fmt: skip
    if nbest > 1:
        return [best_paths(lattice[i], texts, nbest) for i in range(len(lengths))]
    best = k2.shortest_path(lattice, use_double_scores=True)
    splits = best.arcs.row_splits(2)[best.arcs.row_splits(1).long()].tolist()
    arcs, scores = best.arc.numpy().astype(np.int64), best.scores.double().numpy()
    return [
        [Path(arcs[first:end], float(scores[first:end].sum()))] if end > first else []
        for first, end in zip(splits[:-1], splits[1:])
    ]
