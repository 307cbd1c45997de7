"""CTC prefix beam search, compiled.

A prefix's acoustic score is the log-sum over its alignments (Graves 2006; Hannun et al. 2014), or by choice the best one's,
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
from ctcb.search.beam.boosting import Backpointers, boost_of_letter, token_boost
from ctcb.search.beam.candidates import highest, shortlist
from ctcb.search.beam.lm_state import LmState
from ctcb.search.beam.memory import Beam, Memory, PrefixTree, find_node, make_beam, make_memory
from ctcb.search.beam.prefixes import NEVER, Frame, extend_prefixes, keep_prefixes, last_backpointer
from ctcb.search.beam.resources import Pruning, Resources, Tokens


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
    entropy : float64, nats, the sum of the entropies of the frames whose best token is no blank, where boosts follow it,
    voiced : int, and how many these are.
    """

    size: int
    offset: float
    collapsed: bool
    swapped: bool
    entropy: float
    voiced: int


FIRST_PROGRESS = Progress(size=1, offset=0.0, collapsed=True, swapped=False, entropy=0.0, voiced=0)  # of a search that has seen no frame


@compiled(allocates=False, inner=True)
def entropy_of(blank, shortlisted, count):
    """The entropy (nats) of a frame's blank, of log-probability ``blank``, and of ``count`` tokens of its shortlist."""
    entropy = -blank * np.exp(blank) if blank > NEVER else 0.0
    for i in range(count):
        entropy -= shortlisted[i].log_prob * np.exp(shortlisted[i].log_prob)
    return entropy


@compiled(allocates=False, inner=True)
def make_frame(row, resources, scratch, entropy, voiced):
    """The Frame of ``row``; fills in its shortlist in the Scratch.

    Returns ``entropy`` and ``voiced`` (Progress) with this frame, too.
    """
    tokens, graph, pruning = resources.tokens, resources.graph, resources.pruning
    best = np.float64(highest(row))
    floor = best - max(pruning.token_gap, pruning.boost_gap)
    count = shortlist(row, tokens.blank, floor, scratch.shortlist)
    narrow = 0
    while narrow < min(count, pruning.top_k) and scratch.shortlist[narrow].log_prob >= best - pruning.token_gap:
        narrow += 1
    wide = narrow
    while wide < min(count, pruning.boost_top_k) and scratch.shortlist[wide].log_prob >= best - pruning.boost_gap:
        wide += 1
    if resources.boost.entropy > 0.0 and row[tokens.blank] < best:
        entropy, voiced = entropy + entropy_of(row[tokens.blank], scratch.shortlist, count), voiced + 1
    letter_boost = boost_of_letter(resources.boost, entropy, voiced)
    top_boost = top_entry_bonus = 0.0
    for i in range(wide):
        shortlisted = scratch.shortlist[i]
        token = shortlisted.token
        scratch.rank[token] = i
        shortlisted.boost = token_boost(resources.boost, letter_boost, best - shortlisted.log_prob, tokens.letters[token])
        shortlisted.entry_bonus = graph.states[graph.root_child[token]].weight * shortlisted.boost
        top_boost = max(top_boost, shortlisted.boost)
        top_entry_bonus = max(top_entry_bonus, shortlisted.entry_bonus)
    frame = Frame(
        best=best, narrow=narrow, wide=wide, letter_boost=letter_boost, top_boost=top_boost, top_entry_bonus=top_entry_bonus)
    return frame, entropy, voiced


@compiled(allocates=False, inner=True)
def take_blank(beam, size):
    """Let every prefix take a blank of log-probability 0, which ends all of its alignments in blank."""
    for h in range(size):
        prefix = beam.slots[h]
        prefix.blank_backpointer = last_backpointer(prefix)
        prefix.best_blank = max(prefix.best_blank, prefix.best_label)
        prefix.blank = prefix.total
        prefix.label = prefix.best_label = NEVER


@compiled(allocates=False, inner=True)
def settle(next_beam, filled, t, fusion, memory):
    """Give the candidates that stayed their nodes and backpointers; ``t`` is the frame's number."""
    candidates, backpointers, prefixes = memory.candidates, memory.backpointers, memory.lm.prefixes
    for h in range(filled):
        prefix, candidate = next_beam.slots[h], candidates.slots[h]
        if candidate.parent_node >= 0:
            node = find_node(memory.tree, candidate.parent_node, prefix.token)
            prefix.node = node
            if fusion.on:
                word = prefixes[node]
                word.score, word.word_start = candidate.lm_score, candidate.word_start
                word.letters, word.word_tokens = candidate.letters, candidate.word_tokens
                word.length = prefixes[candidate.parent_node].length + 1
        if candidate.previous >= 0:
            new = backpointers.count[0]
            backpointers.count[0] += 1
            prefix.label_backpointer = new
            backpointer = backpointers.records[new]
            backpointer.parent, backpointer.frame, backpointer.token = candidate.previous, t, prefix.token
            backpointer.boost_sum, backpointer.fill_sum = candidate.boost_sum, candidate.fill_sum
            backpointer.match_origin = candidate.match_origin
            backpointer.open_bonus, backpointer.closed_bonus = candidate.open_bonus, candidate.closed_bonus
            backpointer.provisional_bonus = candidate.provisional_bonus


@compiled(allocates=False)
def run(log_probs, first, beam, next_beam, progress, resources, memory):
    """Search frames that follow one another, the first of which is number ``first``.

    ``progress`` is a Progress, before and after; what lives is in ``next_beam`` if its ``swapped`` has changed.
    """
    tokens, pruning, scratch = resources.tokens, resources.pruning, memory.scratch
    size, offset, collapsed, swapped, entropy, voiced = progress
    for t in range(len(log_probs)):
        row = log_probs[t]
        if row[tokens.blank] >= pruning.log_blank_skip:
            if not collapsed:
                take_blank(beam, size)
                collapsed = True
            offset += row[tokens.blank]
            continue
        frame, entropy, voiced = make_frame(row, resources, scratch, entropy, voiced)
        filled = keep_prefixes(row, frame, beam, size, next_beam, resources, memory)
        filled = extend_prefixes(frame, beam, size, next_beam, filled, resources, memory)
        settle(next_beam, filled, first + t, resources.fusion, memory)
        for i in range(frame.wide):
            scratch.rank[scratch.shortlist[i].token] = -1
        beam, next_beam, size, collapsed, swapped = next_beam, beam, filled, False, not swapped
    return Progress(size=size, offset=offset, collapsed=collapsed, swapped=swapped, entropy=entropy, voiced=voiced)


def most_nodes(log_probs: np.ndarray, tokens: Tokens, pruning: Pruning) -> int:
    """How many nodes, or backpointers, frames make at most: no frame makes more than `beam` of either."""
    return pruning.beam * int(np.count_nonzero(log_probs[:, tokens.blank] < pruning.log_blank_skip))


def make_search_memory(resources: Resources, nodes: int) -> Memory:
    """The Memory of a search that makes at most so many nodes."""
    pruning = resources.pruning
    shortlisted = max(pruning.top_k, pruning.boost_top_k)
    return make_memory(resources.fusion, nodes, pruning.beam, shortlisted, len(resources.tokens.letters))


def search(log_probs: np.ndarray, resources: Resources) -> SearchResult:
    """Search ``log_probs`` (``[T, V]`` float32, natural-log probabilities, finite or -inf)."""
    memory = make_search_memory(resources, 1 + most_nodes(log_probs, resources.tokens, resources.pruning))
    beams = make_beam(resources.pruning.beam), make_beam(resources.pruning.beam)
    progress = run(log_probs, 0, *beams, FIRST_PROGRESS, resources, memory)
    return SearchResult(
        beam=beams[progress.swapped], size=progress.size, offset=progress.offset,
        backpointers=memory.backpointers, tree=memory.tree, lm=memory.lm)
