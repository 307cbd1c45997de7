"""The memory of one search: allocated once an utterance, as arrays of records.

Each array that compiled code takes costs time: to compile it, and at each call from Python to hand it over.
"""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ctcb.compiled import compiled
from ctcb.search.beam.boosting import BACKPOINTER, Backpointers
from ctcb.search.beam.candidates import Heap
from ctcb.search.beam.lm_state import LmFusion, LmState, make_lm_state

# Sizes: B slots of the beam, K tokens of a frame's shortlist, V tokens, N nodes or backpointers at most.


PREFIX = np.dtype([
    ("node", np.int32),  # in the prefix tree
    ("token", np.int32),  # its last token, the *label* (-1: the empty prefix)
    ("state", np.int32),  # in the context graph
    ("blank_backpointer", np.int32), ("label_backpointer", np.int32),  # the last one of the best alignment of either kind
    ("total", np.float64),  # log-sum of all of its alignments,
    ("blank", np.float64), ("label", np.float64),  # of those that end in blank, and of those that end in the label
    ("best_blank", np.float64), ("best_label", np.float64),  # the best single alignment of either kind
    ("penalty", np.float64),  # nats, what the phrases to push away cost that end before the word under way
], align=True)  # fmt: skip

CANDIDATE = np.dtype([
    ("parent_node", np.int32),  # the parent's node of a new prefix (-1: the prefix is alive already)
    ("previous", np.int32),  # the backpointer that the label's new one follows (-1: no new one)
    # Of the new backpointer; see BACKPOINTER.
    ("boost_sum", np.float64), ("fill_sum", np.float64), ("open_bonus", np.float64), ("closed_bonus", np.float64),
    ("provisional_bonus", np.float64), ("match_origin", np.int32),
    # Of a new prefix, with an LM; see PREFIX_WORD.
    ("word_start", np.int32), ("letters", np.int32), ("word_tokens", np.int32), ("lm_score", np.float64),
], align=True)  # fmt: skip

NODE = np.dtype([
    ("parent", np.int32),  # -1: none
    ("token", np.int32),  # leads from the parent to the node (-1: none)
], align=True)

SHORTLISTED = np.dtype([
    ("token", np.int32),
    ("log_prob", np.float32),  # natural logarithm
    ("boost", np.float64),  # nats
    ("entry_bonus", np.float64),  # nats, the provisional bonus of an entity that begins with the token
], align=True)


class Beam(NamedTuple):
    """The living prefixes, one a slot. Scores are natural-log probabilities.

    Attributes
    ----------
    slots : ``[B]`` PREFIX.
    key : ``[B]`` int64, equal for prefixes that the graph and the LM will score alike from here on.
    """

    slots: np.ndarray
    key: np.ndarray


class Candidates(NamedTuple):
    """What a candidate for the next beam needs beyond its slot in that Beam.

    Attributes
    ----------
    heap : the candidates by score, the worst on top. The score is acoustic, bonus and LM together, in nats.
    slots : ``[B]`` CANDIDATE.
    """

    heap: Heap
    slots: np.ndarray


class PrefixTree(NamedTuple):
    """The tree of all prefixes that were ever alive; node 0 is the empty one.

    Attributes
    ----------
    count : ``[1]`` int64, how many nodes are in use.
    nodes : ``[N]`` NODE.
    table : ``[at least 2 N, a power of two]`` int32, a hash table: nodes by parent and token (-1: free).
    """

    count: np.ndarray
    nodes: np.ndarray
    table: np.ndarray


class Scratch(NamedTuple):
    """What is worked out anew at each frame.

    Attributes
    ----------
    shortlist : ``[K]`` SHORTLISTED, the frame's best tokens, best first.
    rank : ``[V]`` int32, a token's place in the shortlist (-1: not there).
    slot : ``[N]`` int32, a node's slot in the beam (-1: not alive).
    child_alive : ``[B, K]`` bool, whether a prefix's child by a token of the shortlist is alive already.
    """

    shortlist: np.ndarray
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
            tree.nodes[new].parent, tree.nodes[new].token = parent, token
            return new
        if tree.nodes[node].parent == parent and tree.nodes[node].token == token:
            return np.int64(node)
        place = (place + 1) & last


# Made anew for each utterance, which may take less than a millisecond: `np.full` and the fields of one record take longer than this.
_EMPTY_PREFIX, _FIRST_BACKPOINTER, _ROOT = np.zeros(1, PREFIX), np.zeros(1, BACKPOINTER), np.full(1, -1, np.int32).repeat(2).view(NODE)
_EMPTY_PREFIX["token"], _EMPTY_PREFIX["label"], _EMPTY_PREFIX["best_label"] = -1, -np.inf, -np.inf
_FIRST_BACKPOINTER["token"] = -1


def _none(size: int) -> np.ndarray:
    """``[size]`` int32, all of them -1."""
    array = np.empty(size, np.int32)
    array.fill(-1)
    return array


def make_beam(size: int) -> Beam:
    """A Beam of ``size`` slots. In slot 0 is the empty prefix, with which a search begins."""
    slots = np.zeros(size, PREFIX)
    slots[:1] = _EMPTY_PREFIX
    return Beam(slots, np.zeros(size, np.int64))


def make_backpointers(size: int) -> Backpointers:
    """Backpointers with room for ``size`` of them; number 0, the empty alignment's, is in use."""
    records = np.zeros(size, BACKPOINTER)
    records[:1] = _FIRST_BACKPOINTER
    return Backpointers(np.array([1], np.int64), records)


def make_tree(size: int) -> PrefixTree:
    """A PrefixTree with room for ``size`` nodes; number 0, the empty prefix, is in use."""
    nodes = np.zeros(size, NODE)
    nodes[:1] = _ROOT
    return PrefixTree(np.array([1], np.int64), nodes, _none(max(16, 1 << (2 * size - 1).bit_length())))


def make_memory(fusion: LmFusion, nodes: int, beam: int, shortlist: int, vocab_size: int) -> Memory:
    """The Memory of a search that makes at most so many nodes and so many backpointers."""
    return Memory(
        candidates=Candidates(Heap(np.zeros(beam, np.int32), np.zeros(beam)), np.zeros(beam, CANDIDATE)),
        scratch=Scratch(np.zeros(shortlist, SHORTLISTED), _none(vocab_size), _none(nodes), np.zeros((beam, shortlist), np.bool_)),
        backpointers=make_backpointers(nodes), tree=make_tree(nodes), lm=make_lm_state(fusion, nodes))
