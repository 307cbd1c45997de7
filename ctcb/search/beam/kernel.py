"""CTC prefix beam search, compiled.

A prefix's acoustic score is the log-sum over its alignments (Graves 2006; Hannun et al. 2014),
split into those that end in blank and those that end in its last token (its *label*). Beside it
runs the best single alignment, which gives the tokens their frames and so their boosts. A frame makes
candidates of the living prefixes and of their children (`prefixes.py`), and the best of these live on.

What is pruned, and nothing else: a frame with a blank of at least `blank_skip` is taken as pure
blank; a new prefix opens only with a token of the frame's shortlist; the `beam` best prefixes live
on, judged by acoustic score plus provisional bonus plus the LM's part so far (`lm_fusion.py`), if there is
one. A living prefix gets all of its mass, from blank, from its label's repetition and from its parent,
whatever the shortlist. Prefixes are recombined in part: of those that end in the same token and context
state and that the LM will score alike (`recombination_key` in `lm_fusion.py`), the best `per_key` stay (as
many as are to be answered). So the places of the beam go to what is still undecided, not to every
mixture of decisions that lie behind.
"""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ctcb.compiled import compiled
from ctcb.search.beam.boosting import Backpointers, token_boost
from ctcb.search.beam.candidates import highest, shortlist
from ctcb.search.beam.lm_state import LmState
from ctcb.search.beam.memory import Beam, PrefixTree, find_node, make_beam, make_memory
from ctcb.search.beam.prefixes import NEVER, Frame, extend_prefixes, keep_prefixes, last_backpointer


class SearchResult(NamedTuple):
    """What a search leaves.

    Attributes
    ----------
    beam : the last living prefixes,
    size : int, and how many there are.
    offset : float64, nats, what to add to their acoustic scores.
    backpointers : of their alignments.
    tree : of the prefixes.
    lm : what the LM says along the tree.
    """

    beam: Beam
    size: int
    offset: float
    backpointers: Backpointers
    tree: PrefixTree
    lm: LmState


class Progress(NamedTuple):
    """How far a search has come, beside what is in its beams and its Memory.

    Attributes
    ----------
    size : int, how many prefixes live.
    offset : float64, nats, as in SearchResult.
    collapsed : bool, whether all of their alignments end in blank, as after a frame of pure blank.
    swapped : bool, whether they are in the second one of the two beams.
    """

    size: int
    offset: float
    collapsed: bool
    swapped: bool


@compiled(allocates=False)
def first_progress():
    """The Progress of a search that has seen no frame."""
    return Progress(size=np.int64(1), offset=0.0, collapsed=True, swapped=False)


@compiled(allocates=False, inner=True)
def make_frame(row, resources, scratch):
    """The Frame of ``row``; fills in its shortlist in the Scratch."""
    tokens, graph, pruning = resources.tokens, resources.graph, resources.pruning
    best = np.float64(highest(row))
    floor = best - max(pruning.token_gap, pruning.boost_gap)
    count = shortlist(row, tokens.blank, floor, scratch.tokens, scratch.log_probs)
    narrow = 0
    while narrow < min(count, pruning.top_k) and scratch.log_probs[narrow] >= best - pruning.token_gap:
        narrow += 1
    wide = narrow
    while wide < min(count, pruning.boost_top_k) and scratch.log_probs[wide] >= best - pruning.boost_gap:
        wide += 1
    top_boost = top_entry_bonus = 0.0
    for i in range(wide):
        token = scratch.tokens[i]
        scratch.rank[token] = i
        scratch.boost[i] = token_boost(resources.boost, best - scratch.log_probs[i], tokens.letters[token])
        scratch.entry_bonus[i] = graph.states[graph.root_child[token]].weight * scratch.boost[i]
        top_boost = max(top_boost, scratch.boost[i])
        top_entry_bonus = max(top_entry_bonus, scratch.entry_bonus[i])
    return Frame(best=best, narrow=narrow, wide=wide, top_boost=top_boost, top_entry_bonus=top_entry_bonus)


@compiled(allocates=False, inner=True)
def take_blank(beam, size):
    """Let every prefix take a blank of log-probability 0, which ends all of its alignments in blank."""
    for h in range(size):
        beam.blank_backpointer[h] = last_backpointer(beam, h)
        beam.best_blank[h] = max(beam.best_blank[h], beam.best_label[h])
        beam.blank[h] = beam.total[h]
        beam.label[h] = beam.best_label[h] = NEVER


@compiled(allocates=False, inner=True)
def settle(next_beam, filled, t, fusion, memory):
    """Give the candidates that stayed their nodes and backpointers; ``t`` is the frame's number."""
    candidates, backpointers, prefixes = memory.candidates, memory.backpointers, memory.lm.prefixes
    for h in range(filled):
        parent_node, previous = candidates.parent_node[h], candidates.previous[h]
        if parent_node >= 0:
            node = find_node(memory.tree, parent_node, next_beam.token[h])
            next_beam.node[h] = node
            if fusion.on:
                prefixes.score[node], prefixes.word_start[node] = candidates.lm_score[h], candidates.word_start[h]
                prefixes.letters[node], prefixes.word_tokens[node] = candidates.letters[h], candidates.word_tokens[h]
                prefixes.length[node] = prefixes.length[parent_node] + 1
        if previous >= 0:
            new = backpointers.count[0]
            backpointers.count[0] += 1
            next_beam.label_backpointer[h] = new
            backpointers.parent[new], backpointers.frame[new], backpointers.token[new] = previous, t, next_beam.token[h]
            backpointers.boost_sum[new], backpointers.fill_sum[new] = candidates.boost_sum[h], candidates.fill_sum[h]
            backpointers.match_origin[new] = candidates.match_origin[h]
            backpointers.open_bonus[new], backpointers.closed_bonus[new] = candidates.open_bonus[h], candidates.closed_bonus[h]
            backpointers.provisional_bonus[new] = candidates.provisional_bonus[h]


@compiled(allocates=False)
def begin(beam):
    """Write the empty prefix, with which a search begins, into slot 0."""
    beam.token[0], beam.label[0], beam.best_label[0] = -1, NEVER, NEVER


@compiled(allocates=False)
def run(log_probs, first, beam, next_beam, progress, resources, memory):
    """Search frames that follow one another, the first of which is number ``first``.

    ``progress`` is a Progress, before and after; what lives is in ``next_beam`` if its ``swapped`` has changed.
    """
    tokens, pruning, scratch = resources.tokens, resources.pruning, memory.scratch
    size, offset, collapsed, swapped = progress
    for t in range(len(log_probs)):
        row = log_probs[t]
        if row[tokens.blank] >= pruning.log_blank_skip:
            if not collapsed:
                take_blank(beam, size)
                collapsed = True
            offset += row[tokens.blank]
            continue
        frame = make_frame(row, resources, scratch)
        filled = keep_prefixes(row, frame, beam, size, next_beam, resources, memory)
        filled = extend_prefixes(frame, beam, size, next_beam, filled, resources, memory)
        settle(next_beam, filled, first + t, resources.fusion, memory)
        for i in range(frame.wide):
            scratch.rank[scratch.tokens[i]] = -1
        beam, next_beam, size, collapsed, swapped = next_beam, beam, filled, False, not swapped
    return Progress(size=size, offset=offset, collapsed=collapsed, swapped=swapped)


@compiled
def most_nodes(log_probs, tokens, pruning):
    """How many nodes, or backpointers, frames make at most: no frame makes more than `beam` of either."""
    most = np.int64(0)
    for t in range(len(log_probs)):
        most += pruning.beam if log_probs[t, tokens.blank] < pruning.log_blank_skip else 0
    return most


@compiled
def make_search_memory(resources, nodes):
    """The Memory of a search that makes at most so many nodes."""
    pruning = resources.pruning
    shortlisted = max(pruning.top_k, pruning.boost_top_k)
    return make_memory(resources.fusion, nodes, pruning.beam, shortlisted, len(resources.tokens.letters))


@compiled
def search(log_probs, resources):
    """Search ``log_probs`` (``[T, V]`` float32, natural-log probabilities, finite or -inf). Returns a SearchResult."""
    memory = make_search_memory(resources, 1 + most_nodes(log_probs, resources.tokens, resources.pruning))
    beam, next_beam = make_beam(resources.pruning.beam), make_beam(resources.pruning.beam)
    begin(beam)
    progress = run(log_probs, np.int64(0), beam, next_beam, first_progress(), resources, memory)
    return SearchResult(
        beam=next_beam if progress.swapped else beam, size=progress.size, offset=progress.offset,
        backpointers=memory.backpointers, tree=memory.tree, lm=memory.lm)
