"""kaldi-decoder on a graph: any token in a loop, the entities as paths beside it, with a bonus an arc.

The graph is H o G. H is the standard CTC topology. G has the loop (state 0), from which every entity
leaves and to which it comes back by way of state 1, where a word has to begin, so that no entity ends
inside one. A half-matched entity just loses to the loop, which holds the same tokens without the bonus.
"""
from __future__ import annotations

from functools import lru_cache
from importlib.metadata import version
from typing import Any, Dict, Optional

import kaldifst
import numpy as np
from bias_list import BiasList
from kaldi_decoder import DecodableCtc, FasterDecoder, FasterDecoderOptions
from peer import Peer, Search, Setting, grid
from token_trie import TokenTrie

from ctcb.search.vocabulary import Vocabulary


class Kaldi(Peer):
    """Viterbi search; a prefix takes up to two states (after a blank or not), hence twice the beam as
    ``max_active``."""

    name = "kaldi-decoder"
    version = f"kaldi-decoder {version('kaldi-decoder')}, kaldifst {version('kaldifst')}"
    grid = grid(weight=(0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0), beam=(8.0, 16.0))
    plain = {"beam": 16.0}

    def search(self, bias: Optional[BiasList], setting: Setting) -> Search:
        graph = _graph(self.task.vocabulary, bias, setting.get("weight", 0.0))
        active = 2 * self.task.beam
        options = FasterDecoderOptions(beam=setting["beam"], max_active=active, min_active=min(20, active - 1))
        decoder = FasterDecoder(graph, options)

        def search(log_probs: np.ndarray) -> Any:
            decoder.decode(DecodableCtc(log_probs))
            _, path = decoder.get_best_path()
            return [label - 1 for label in kaldifst.get_linear_symbol_sequence(path)[2]]

        return search


@lru_cache(maxsize=2)
def _graph(vocabulary: Vocabulary, bias: Optional[BiasList], weight: float) -> Any:
    graph = kaldifst.compose(_topology(vocabulary), grammar(vocabulary, bias and bias.trie, weight))
    return kaldifst.StdVectorFst(graph)


@lru_cache(maxsize=1)
def _topology(vocabulary: Vocabulary) -> Any:
    """CTC over labels that are ids + 1, since 0 is epsilon; V - 1 states beside the blank's."""
    fst = kaldifst.StdVectorFst()
    state_of: Dict[int, int] = {token: fst.add_state() for token in _blank_first(vocabulary)}
    after_blank = state_of[vocabulary.blank]
    fst.start = after_blank
    for token, state in state_of.items():
        fst.set_final(state, 0.0)
        fst.add_arc(state, kaldifst.StdArc(token + 1, 0, 0.0, state))
        if state != after_blank:
            fst.add_arc(state, kaldifst.StdArc(vocabulary.blank + 1, 0, 0.0, after_blank))
        for following, target in state_of.items():
            if following not in (token, vocabulary.blank):
                fst.add_arc(state, _arc(following, 0.0, target))
    kaldifst.arcsort(fst, sort_type="olabel")
    return fst


def grammar(vocabulary: Vocabulary, trie: Optional[TokenTrie], weight: float) -> Any:
    """G over the same labels; an entity's arcs cost ``-weight`` each."""
    fst = kaldifst.StdVectorFst()
    loop, word_end = fst.add_state(), fst.add_state()
    fst.start = loop
    for state in (loop, word_end):
        fst.set_final(state, 0.0)
    for token in _blank_first(vocabulary)[1:]:
        fst.add_arc(loop, _arc(token, 0.0, loop))
        if vocabulary.starts_word[token]:
            fst.add_arc(word_end, _arc(token, 0.0, loop))
    if trie is not None:
        states = [loop] + [fst.add_state() for _ in range(len(trie) - 1)]
        for node, children in enumerate(trie.children):
            for token, child in children.items():
                for source in (loop, word_end) if node == 0 else (states[node],):
                    fst.add_arc(source, _arc(token, -weight, states[child]))
                    if trie.is_end[child]:
                        fst.add_arc(source, _arc(token, -weight, word_end))
    kaldifst.arcsort(fst, sort_type="ilabel")
    return fst


def _arc(token: int, cost: float, target: int) -> Any:
    return kaldifst.StdArc(token + 1, token + 1, cost, target)


def _blank_first(vocabulary: Vocabulary) -> "list[int]":
    return [vocabulary.blank, *(token for token in range(vocabulary.size) if token != vocabulary.blank)]
