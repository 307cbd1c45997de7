"""The memory of one search: allocated once an utterance, as flat arrays."""
from __future__ import annotations

from collections import namedtuple

import numpy as np

from ctcb.compiled import compiled
from ctcb.search.beam.boosting import Records

# The living prefixes, or the candidates for them: a node of the prefix tree, its last token and
# context state, and the `key` of all prefixes that go on like it; log-sums of the alignments (`blank`, `label`, both: `total`), the best alignment's
# log-probability of either kind and its last record.
Beam = namedtuple("Beam", "node token state key total blank label best_blank best_label blank_record label_record")
# What a candidate needs beyond Beam: its score (the heap's key) and its label's new record:
# `before` is the record that it follows (-1: no new record), `source` the parent's node (-1: the
# prefix lives already). With an LM, a new prefix's `lm`, `began`, `spelled` and `pieces` (fusion.py).
Fresh = namedtuple("Fresh", "score source before boost origin open closed hoped lm began spelled pieces")
Tree = namedtuple("Tree", "parent token table")  # the prefix tree; `table` finds a node by parent and token
# Scratch memory: `heap` [beam] of candidates; the frame's shortlist `chosen` and its log-probabilities
# `values`, its boost `own` and the provisional bonus `hope` of an entity that begins with it; `place_of`
# [V] tells a token's place there, `living` a node's slot in the beam (-1: none); `taken` [beam, shortlist]
# marks children that live already.
Work = namedtuple("Work", "heap chosen values own hope place_of living taken")


@compiled
def find_node(tree, parent, token, nodes):
    """The node of ``parent``'s child by ``token``; a new one (number ``nodes``) if there is none yet."""
    last = len(tree.table) - 1
    place = ((parent * 0x9E3779B97F4A7C1 + token * 0x2545F4914F6CDD1D) >> 20) & last
    while True:
        node = tree.table[place]
        if node < 0:
            tree.table[place] = nodes
            tree.parent[nodes], tree.token[nodes] = parent, token
            return nodes
        if tree.parent[node] == parent and tree.token[node] == token:
            return node
        place = (place + 1) & last


@compiled
def make_beam(size):
    """An empty Beam of ``size`` slots."""
    return Beam(
        np.zeros(size, np.int32), np.zeros(size, np.int32), np.zeros(size, np.int32), np.zeros(size, np.int64),
        np.zeros(size), np.zeros(size), np.zeros(size), np.zeros(size), np.zeros(size),
        np.zeros(size, np.int32), np.zeros(size, np.int32),
    )


@compiled
def make_fresh(size):
    """An empty Fresh of ``size`` slots."""
    return Fresh(
        np.zeros(size), np.zeros(size, np.int32), np.zeros(size, np.int32), np.zeros(size),
        np.zeros(size, np.int32), np.zeros(size), np.zeros(size), np.zeros(size),
        np.zeros(size), np.zeros(size, np.int32), np.zeros(size, np.int32), np.zeros(size, np.int32),
    )


@compiled
def make_records(size):
    """Records with room for ``size`` of them; number 0 is the empty alignment."""
    return Records(
        np.zeros(size, np.int32), np.zeros(size, np.int32), np.full(size, -1, np.int32),
        np.zeros(size), np.zeros(size, np.int32), np.zeros(size), np.zeros(size), np.zeros(size),
    )


@compiled
def make_tree(size):
    """A prefix tree with room for ``size`` nodes; number 0 is the empty prefix."""
    slots = 16
    while slots < 2 * size:
        slots *= 2
    return Tree(np.full(size, -1, np.int32), np.full(size, -1, np.int32), np.full(slots, -1, np.int32))


@compiled
def make_work(nodes, beam, shortlisted, vocab_size):
    """Scratch memory for so many nodes of the tree, beam slots, tokens of a shortlist and tokens."""
    return Work(
        np.zeros(beam, np.int32), np.zeros(shortlisted, np.int32), np.zeros(shortlisted, np.float32),
        np.zeros(shortlisted), np.zeros(shortlisted), np.full(vocab_size, -1, np.int32), np.full(nodes, -1, np.int32),
        np.zeros((beam, shortlisted), np.bool_),
    )
