"""What decoding compiles before its first use, in parts that do not depend on one another.

Each part does a little of the work on as little data, which has the real one's types. So several processes can compile them side by
side and leave them in the cache (:mod:`ctcb.compiled`), for a process that has other things to do. No function belongs to two parts.
"""
from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterable, List, Tuple

import numpy as np

from ctcb.adapter import prefilter
from ctcb.bundled import BUNDLED_MODEL
from ctcb.compiled import can_be_kept, is_kept
from ctcb.ctc import log_probs, viterbi
from ctcb.phones import graph, index, nearest
from ctcb.phones.distance import costs
from ctcb.search.beam import backtrace, changed_trie, context_graph, kernel, token_trie
from ctcb.search.beam.context_graph import ContextGraph
from ctcb.search.beam.decoder import BeamDecoder
from ctcb.search.vocabulary import Vocabulary
from ctcb.text import combined, g2g_combining, g2g_search, letter_model, segmenting
from ctcb.text.g2g import variants
from ctcb.text.g2p import predict
from ctcb.text.tokenizer import Tokenizer

_VOCABULARY = Vocabulary.from_tokens(["<blank>", "\u2581a", "b"])
_LOG_PROBS = np.log(np.full((4, 3), 1 / 3, np.float32))


def _search() -> None:
    BeamDecoder(_VOCABULARY).stream().accept(_LOG_PROBS)


def _hypotheses() -> None:
    log_probs.as_log_probs(_LOG_PROBS, 3)
    BeamDecoder(_VOCABULARY).stream().hypotheses(1)  # of no frames, which takes no search


def _words() -> None:
    variants("ab", 1)
    predict(["ab"])
    Tokenizer.load(BUNDLED_MODEL).sample("ab", 2)
    whole, first = np.array([0, 1]), np.zeros(1, np.int64)
    combined.combine(np.zeros(1, np.uint16), whole, whole, first, whole, whole, 1)


def _graph_and_phones() -> None:
    ContextGraph.build([[[1, 2]], [[1]]], _VOCABULARY)
    phones = np.array([1, 2, 1])
    sounds = index.SoundIndex.build(["ab"], (phones.astype(np.uint16), np.array([0, 3]), np.zeros(1, np.int64)), 3)
    sounds.near(phones, np.array([[0, 3]]), costs(("<blank>", "AH", "B")), 1)
    viterbi.best_spans(_LOG_PROBS, *viterbi.chains([[1]]), 0, np.zeros(1, np.float32))
    graph.scores(_LOG_PROBS, [graph.PhoneGraph.build([[phones]])])
    viterbi.chain_path(_LOG_PROBS, np.ones(1, np.int64), 0)


def _adapter_and_changes() -> None:
    phones = np.ones(1, np.int64)
    viterbi.spotting_scores(_LOG_PROBS, *viterbi.chains([[1]]), 0, 0)
    viterbi.state_scores(_LOG_PROBS, np.zeros((4, 1), np.float32), phones, 0)
    viterbi.align_tokens(_LOG_PROBS, phones, 0)
    prefilter.Prefilter([(1,)]).scores(_LOG_PROBS)
    ContextGraph.build([[[1]], [[1]]], _VOCABULARY).changed([0], [[[1, 2]]], [1.0], None, None)


@dataclass(frozen=True)
class Part:
    """Some functions, and what compiles them."""

    functions: Tuple[Any, ...]
    work: Callable[[], None]
    of_list: bool = False  # whether only decoding with a list needs it
    seldom: bool = False  # whether only some lists, models or presets need it


PARTS: Dict[str, Part] = {
    "search": Part((kernel.run,), _search),
    "words": Part(
        (g2g_search._search, g2g_combining._combine, letter_model.pronounce, segmenting.draw_all, combined.combine), _words, of_list=True
    ),
    "graph and phones": Part(
        (
            token_trie._grow, context_graph._weigh, context_graph._link, index._post, nearest._near_runs, graph._states, graph._forward,
            viterbi._best_spans, viterbi.best_path,
        ),
        _graph_and_phones, of_list=True,
    ),
    "adapter and changes": Part(
        (
            viterbi.spotting_scores, viterbi.state_scores, viterbi.align_tokens, prefilter._best_paths, context_graph._undominated,
            changed_trie.renumber, changed_trie.relink, changed_trie.states_above,
        ),
        _adapter_and_changes, of_list=True, seldom=True,
    ),
    "hypotheses": Part((log_probs._first_wrong, backtrace.final_scores, backtrace.trace, backtrace.boosted_spans), _hypotheses),
}  # fmt: skip


def parts_to_compile(with_list: bool = True, seldom: bool = False) -> List[str]:
    """The names of the parts that do not lie on disk, those that take longest first; ``with_list``: also what a list needs;
    ``seldom``: also what only some lists, models and presets need."""
    wanted = {name: part for name, part in PARTS.items() if (with_list or not part.of_list) and (seldom or not part.seldom)}
    return [name for name, part in wanted.items() if not all(map(is_kept, part.functions))]


def parts_can_be_kept() -> bool:
    """Whether there is a place on disk for what is compiled."""
    return can_be_kept(kernel.run)


def compile_parts(names: Iterable[str]) -> None:
    """Compile parts; what fails is left to those who need it, and so is the error."""
    for name in names:
        with suppress(Exception):
            PARTS[name].work()
