"""The memory of one search: allocated once an utterance, as flat arrays."""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ctcb.compiled import compiled
from ctcb.search.beam.boosting import Backpointers
from ctcb.search.beam.candidates import Heap
from ctcb.search.beam.lm_fusion import make_lm_state
from ctcb.search.beam.lm_state import LmState

# Sizes: B slots of the beam, K tokens of a frame's shortlist, V tokens, N nodes or backpointers at most.


class Beam(NamedTuple):
    """The living prefixes, one a slot. Scores are natural-log probabilities.

    Attributes
    ----------
    node : ``[B]`` int32, the prefix's node in the prefix tree.
    token : ``[B]`` int32, its last token, the *label* (-1: the empty prefix).
    state : ``[B]`` int32, its state in the context graph.
    key : ``[B]`` int64, equal for prefixes that the graph and the LM will score alike from here on.
    total : ``[B]`` float64, log-sum of all of its alignments,
    blank, label : ``[B]`` float64, of those that end in blank, and of those that end in the label.
    best_blank, best_label : ``[B]`` float64, the best single alignment of either kind.
    blank_backpointer, label_backpointer : ``[B]`` int32, the last backpointer of that alignment.
    penalty : ``[B]`` float64, nats, what the phrases to push away cost that end before the word under way.
    """

    node: np.ndarray
    token: np.ndarray
    state: np.ndarray
    key: np.ndarray
    total: np.ndarray
    blank: np.ndarray
    label: np.ndarray
    best_blank: np.ndarray
    best_label: np.ndarray
    blank_backpointer: np.ndarray
    label_backpointer: np.ndarray
    penalty: np.ndarray


class Candidates(NamedTuple):
    """What a candidate for the next beam needs beyond its slot in that Beam.

    Attributes
    ----------
    heap : the candidates by score, the worst on top. The score is acoustic, bonus and LM together, in nats.
    parent_node : ``[B]`` int32, the parent's node of a new prefix (-1: the prefix is alive already).
    previous : ``[B]`` int32, the backpointer that the label's new one follows (-1: no new one).
    boost_sum, fill_sum, match_origin, open_bonus, closed_bonus, provisional_bonus : ``[B]`` float64 (``match_origin``
        int32), of the new backpointer; see :class:`Backpointers`.
    lm_score, word_start, letters, word_tokens : ``[B]`` float64 and 3 times int32, of a new prefix, with an
        LM; see :class:`PrefixWords`.
    """

    heap: Heap
    parent_node: np.ndarray
    previous: np.ndarray
    boost_sum: np.ndarray
    fill_sum: np.ndarray
    match_origin: np.ndarray
    open_bonus: np.ndarray
    closed_bonus: np.ndarray
    provisional_bonus: np.ndarray
    lm_score: np.ndarray
    word_start: np.ndarray
    letters: np.ndarray
    word_tokens: np.ndarray


class PrefixTree(NamedTuple):
    """The tree of all prefixes that were ever alive; node 0 is the empty one.

    Attributes
    ----------
    count : ``[1]`` int64, how many nodes are in use.
    parent : ``[N]`` int32 (-1: none).
    token : ``[N]`` int32, which leads from the parent to the node (-1: none).
    table : ``[at least 2 N, a power of two]`` int32, a hash table: nodes by parent and token (-1: free).
    """

    count: np.ndarray
    parent: np.ndarray
    token: np.ndarray
    table: np.ndarray


class Scratch(NamedTuple):
    """What is worked out anew at each frame.

    Attributes
    ----------
    tokens : ``[K]`` int32, the frame's shortlist, best first,
    log_probs : ``[K]`` float32, their natural-log probabilities,
    boost : ``[K]`` float64, nats, their boosts,
    entry_bonus : ``[K]`` float64, nats, the provisional bonus of an entity that begins with the token.
    rank : ``[V]`` int32, a token's place in the shortlist (-1: not there).
    slot : ``[N]`` int32, a node's slot in the beam (-1: not alive).
    child_alive : ``[B, K]`` bool, whether a prefix's child by a token of the shortlist is alive already.
    """

    tokens: np.ndarray
    log_probs: np.ndarray
    boost: np.ndarray
    entry_bonus: np.ndarray
    rank: np.ndarray
    slot: np.ndarray
    child_alive: np.ndarray


class Memory(NamedTuple):
    """All that the search of one utterance writes, but for its two beams."""

    candidates: Candidates
    scratch: Scratch
    backpointers: Backpointers
    tree: PrefixTree
    lm: LmState


@compiled(allocates=False, inner=True)
def find_node(tree, parent, token):
    """The node of ``parent``'s child by ``token``; a new one if there is none yet."""
    last = len(tree.table) - 1
    place = ((parent * 0x9E3779B97F4A7C1 + token * 0x2545F4914F6CDD1D) >> 20) & last
    while True:
        node = tree.table[place]
        if node < 0:
            new = tree.count[0]
            tree.count[0] += 1
            tree.table[place] = new
            tree.parent[new], tree.token[new] = parent, token
            return new
        if tree.parent[node] == parent and tree.token[node] == token:
            return np.int64(node)
        place = (place + 1) & last


@compiled
def make_beam(size):
    """An empty Beam of ``size`` slots."""
    return Beam(
        node=np.zeros(size, np.int32), token=np.zeros(size, np.int32), state=np.zeros(size, np.int32),
        key=np.zeros(size, np.int64), total=np.zeros(size), blank=np.zeros(size), label=np.zeros(size),
        best_blank=np.zeros(size), best_label=np.zeros(size),
        blank_backpointer=np.zeros(size, np.int32), label_backpointer=np.zeros(size, np.int32), penalty=np.zeros(size),
    )


@compiled(inner=True)
def make_candidates(size):
    """Empty Candidates of ``size`` slots."""
    return Candidates(
        heap=Heap(slot=np.zeros(size, np.int32), score=np.zeros(size)),
        parent_node=np.zeros(size, np.int32), previous=np.zeros(size, np.int32),
        boost_sum=np.zeros(size), fill_sum=np.zeros(size), match_origin=np.zeros(size, np.int32),
        open_bonus=np.zeros(size), closed_bonus=np.zeros(size), provisional_bonus=np.zeros(size),
        lm_score=np.zeros(size), word_start=np.zeros(size, np.int32),
        letters=np.zeros(size, np.int32), word_tokens=np.zeros(size, np.int32),
    )


@compiled(inner=True)
def make_backpointers(size):
    """Backpointers with room for ``size`` of them; number 0, the empty alignment's, is in use."""
    return Backpointers(
        count=np.ones(1, np.int64), parent=np.zeros(size, np.int32), frame=np.zeros(size, np.int32),
        token=np.full(size, -1, np.int32), boost_sum=np.zeros(size), fill_sum=np.zeros(size), match_origin=np.zeros(size, np.int32),
        open_bonus=np.zeros(size), closed_bonus=np.zeros(size), provisional_bonus=np.zeros(size),
    )


@compiled(inner=True)
def make_tree(size):
    """A PrefixTree with room for ``size`` nodes; number 0, the empty prefix, is in use."""
    slots = 16
    while slots < 2 * size:
        slots *= 2
    return PrefixTree(
        count=np.ones(1, np.int64), parent=np.full(size, -1, np.int32), token=np.full(size, -1, np.int32),
        table=np.full(slots, -1, np.int32))


@compiled(inner=True)
def make_scratch(nodes, beam, shortlist, vocab_size):
    """Scratch for so many nodes of the tree, slots of the beam, tokens of a shortlist and tokens."""
    return Scratch(
        tokens=np.zeros(shortlist, np.int32), log_probs=np.zeros(shortlist, np.float32),
        boost=np.zeros(shortlist), entry_bonus=np.zeros(shortlist),
        rank=np.full(vocab_size, -1, np.int32), slot=np.full(nodes, -1, np.int32),
        child_alive=np.zeros((beam, shortlist), np.bool_),
    )


@compiled(inner=True)
def make_memory(fusion, nodes, beam, shortlist, vocab_size):
    """The Memory of a search that makes at most so many nodes and so many backpointers."""
    return Memory(
        candidates=make_candidates(beam), scratch=make_scratch(nodes, beam, shortlist, vocab_size),
        backpointers=make_backpointers(nodes), tree=make_tree(nodes), lm=make_lm_state(fusion, nodes))
