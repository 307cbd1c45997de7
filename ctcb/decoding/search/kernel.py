"""CTC prefix beam search, compiled.

A prefix's acoustic score is the log-sum over its alignments (Graves 2006; Hannun et al. 2014),
split into those that end in blank and those that end in its last token (its *label*). Beside it
runs the best single alignment, which gives the tokens their frames and so their boosts.

What is pruned, and nothing else: a frame with a blank of at least `blank_skip` is taken as pure
blank; a new prefix opens only with a token of the frame's shortlist; the `beam` best prefixes live
on, judged by acoustic score plus provisional bonus plus the LM's part so far (`fusion.py`), if there is
one. A living prefix gets all of its mass, from blank, from its label's repetition and from its parent,
whatever the shortlist. Prefixes are recombined in part: of those that end in the same token and context
state and that the LM will score alike (`recombination_key` in `fusion.py`), the best `per_key` stay (as
many as are to be answered). So the places of the beam go to what is still undecided, not to every
mixture of decisions that lie behind.
"""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ctcb.compiled import compiled
from ctcb.decoding.search.automaton import GraphArrays, step
from ctcb.decoding.search.boosting import Backpointers, Bonus, BoostOptions, extend_bonus, token_boost
from ctcb.decoding.search.fusion import (
    LmFusion,
    LmState,
    LmWord,
    end_word,
    provisional_score,
    recombination_key,
    score_bounds,
)
from ctcb.decoding.search.select import highest, push_limited, shortlist
from ctcb.decoding.search.word_trie import walk
from ctcb.decoding.search.workspace import Beam, PrefixTree, find_node, make_beam, make_memory

NEVER = -np.inf


class Tokens(NamedTuple):
    """The vocabulary of V tokens; see :class:`Vocabulary`.

    Attributes
    ----------
    blank : int, the blank's id.
    starts_word, is_separator : ``[V]`` uint8, 0 or 1.
    letters : ``[V]`` float64, how many letters the token spells.
    """

    blank: int
    starts_word: np.ndarray
    is_separator: np.ndarray
    letters: np.ndarray


class Pruning(NamedTuple):
    """What is pruned; see :class:`BeamOptions`.

    Attributes
    ----------
    beam : int, B, prefixes that live on.
    top_k, token_gap : int, and float64 in nats: the tokens that may open a new prefix.
    boost_top_k, boost_gap : int, and float64 in nats: the tokens that may continue an entity.
    log_blank_skip : float64, natural log of the blank's probability from which on a frame is taken as pure blank.
    per_key : int, prefixes that live on of those with one recombination key.
    """

    beam: int
    top_k: int
    token_gap: float
    boost_top_k: int
    boost_gap: float
    log_blank_skip: float
    per_key: int


class Resources(NamedTuple):
    """All that a search reads and never changes, but for the emissions."""

    tokens: Tokens
    graph: GraphArrays
    boost: BoostOptions
    fusion: LmFusion
    pruning: Pruning


class Found(NamedTuple):
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


class Frame(NamedTuple):
    """What of one frame the whole beam needs; its shortlist is in the Scratch.

    Attributes
    ----------
    best : float64, the highest natural-log probability of a token.
    narrow : int, so many tokens of the shortlist may open a new prefix,
    wide : int, and so many, at least as many, may continue an entity.
    top_boost, top_entry_bonus : float64, nats, the highest ``boost`` and ``entry_bonus`` in the Scratch.
    """

    best: float
    narrow: int
    wide: int
    top_boost: float
    top_entry_bonus: float


class Acoustics(NamedTuple):
    """The acoustic fields of one slot of a Beam, as scalars, and ``previous`` (Candidates)."""

    total: float
    blank: float
    label: float
    best_blank: float
    best_label: float
    blank_backpointer: int
    label_backpointer: int
    previous: int


class Parent(NamedTuple):
    """A living prefix whose children are looked for.

    Attributes
    ----------
    slot, node, token, state : int, its slot in the beam, and the fields of Beam.
    at_word_start : bool, whether any token that follows begins a word.
    matches : int64, the mask of its context state (STATE).
    top_weight : float64, the highest weight of an entity under way.
    backpointer : int, the last one of its best alignment.
    word_end : int, with an LM: the boundary after its last word.
    within, beyond : float64, nats, with an LM: the most that the LM's part can be for children within
        its last word, and for those beyond it.
    bound : float64, nats, the most that bonus and the LM's part can be for any child.
    """

    slot: int
    node: int
    token: int
    state: int
    at_word_start: bool
    matches: int
    top_weight: float
    backpointer: int
    word_end: int
    within: float
    beyond: float
    bound: float


@compiled(allocates=False)
def log_add(a, b):
    """log(exp(a) + exp(b))."""
    if a < b:
        a, b = b, a
    if b - a < -40.0 or a == NEVER:  # exp(-40) is below float64's resolution
        return a
    return a + np.log1p(np.exp(b - a))


@compiled(allocates=False)
def last_backpointer(beam, h):
    """The last backpointer of prefix ``h``'s best alignment."""
    if beam.best_label[h] > beam.best_blank[h]:
        return beam.label_backpointer[h]
    return beam.blank_backpointer[h]


@compiled(allocates=False)
def take_blank(beam, size):
    """Let every prefix take a blank of log-probability 0, which ends all of its alignments in blank."""
    for h in range(size):
        beam.blank_backpointer[h] = last_backpointer(beam, h)
        beam.best_blank[h] = max(beam.best_blank[h], beam.best_label[h])
        beam.blank[h] = beam.total[h]
        beam.label[h] = beam.best_label[h] = NEVER


@compiled(allocates=False)
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


@compiled(allocates=False)
def advance_alignments(beam, h, parent, row, blank_id):
    """The Acoustics of prefix ``h`` after a frame: blank, its label's repetition, and what ``parent`` (a slot, -1: none) gives."""
    token, previous = beam.token[h], np.int64(-1)
    label, best_label = NEVER, NEVER
    if token >= 0:
        label, best_label = beam.label[h] + row[token], beam.best_label[h] + row[token]
    if parent >= 0:
        if token == beam.token[parent]:  # a doubled token needs a blank between
            given, best_given, last = beam.blank[parent], beam.best_blank[parent], beam.blank_backpointer[parent]
        else:
            given, last = beam.total[parent], last_backpointer(beam, parent)
            best_given = max(beam.best_blank[parent], beam.best_label[parent])
        label = log_add(label, given + row[token])
        if best_given + row[token] > best_label:
            best_label, previous = best_given + row[token], np.int64(last)
    blank = beam.total[h] + row[blank_id]
    return Acoustics(
        total=log_add(blank, label), blank=blank, label=label,
        best_blank=max(beam.best_blank[h], beam.best_label[h]) + row[blank_id], best_label=best_label,
        blank_backpointer=np.int64(last_backpointer(beam, h)), label_backpointer=np.int64(beam.label_backpointer[h]),
        previous=previous)


@compiled(allocates=False)
def write_prefix(beam, slot, node, token, state, acoustics):
    """Write a prefix (node -1: not in the tree yet) to a slot, but for its key."""
    beam.node[slot], beam.token[slot], beam.state[slot] = node, token, state
    beam.total[slot], beam.blank[slot], beam.label[slot] = acoustics.total, acoustics.blank, acoustics.label
    beam.best_blank[slot], beam.best_label[slot] = acoustics.best_blank, acoustics.best_label
    beam.blank_backpointer[slot] = acoustics.blank_backpointer
    beam.label_backpointer[slot] = acoustics.label_backpointer


@compiled(allocates=False)
def write_bonus(candidates, slot, parent_node, previous, bonus):
    """Write what a candidate's new backpointer, if it gets one, will hold."""
    candidates.parent_node[slot], candidates.previous[slot] = parent_node, previous
    candidates.boost_sum[slot], candidates.match_origin[slot] = bonus.boost_sum, bonus.match_origin
    candidates.open_bonus[slot], candidates.closed_bonus[slot] = bonus.open_bonus, bonus.closed_bonus
    candidates.provisional_bonus[slot] = bonus.provisional_bonus


@compiled(allocates=False)
def keep_prefixes(row, frame, beam, size, next_beam, resources, memory):
    """Make the living prefixes candidates: blank, repetition, and what their parents give. Returns how many."""
    tokens, graph, fusion = resources.tokens, resources.graph, resources.fusion
    candidates, scratch, backpointers, tree = memory.candidates, memory.scratch, memory.backpointers, memory.tree
    for h in range(size):
        scratch.slot[beam.node[h]] = h
        scratch.child_alive[h, : frame.wide] = False
    filled = 0
    for h in range(size):
        token, parent = beam.token[h], -1
        if token >= 0:
            parent = scratch.slot[tree.parent[beam.node[h]]]
        if parent >= 0 and scratch.rank[token] >= 0:
            scratch.child_alive[parent, scratch.rank[token]] = True
        acoustics = advance_alignments(beam, h, parent, row, tokens.blank)
        if acoustics.total == NEVER:
            continue
        bonus = Bonus(
            boost_sum=0.0, match_origin=np.int64(-1), open_bonus=0.0, closed_bonus=0.0,
            provisional_bonus=backpointers.provisional_bonus[acoustics.label_backpointer])
        if acoustics.previous >= 0:
            new_word = tokens.starts_word[token] != 0 or tokens.is_separator[token] != 0
            bonus = extend_bonus(
                graph, backpointers, resources.boost, acoustics.previous, beam.state[parent], beam.state[h], new_word,
                frame.best - row[token], tokens.letters[token])
        score = bonus.provisional_bonus
        if acoustics.best_label <= acoustics.best_blank:
            score = backpointers.provisional_bonus[acoustics.blank_backpointer]
        if fusion.on:
            score += memory.lm.prefixes.score[beam.node[h]]
        slot = push_limited(
            candidates.heap, next_beam.key, filled, beam.key[h], resources.pruning.per_key, acoustics.total + score)
        if slot < 0:
            continue
        filled = max(filled, slot + 1)
        next_beam.key[slot] = beam.key[h]
        write_prefix(next_beam, slot, beam.node[h], token, beam.state[h], acoustics)
        write_bonus(candidates, slot, -1, acoustics.previous, bonus)
    for h in range(size):
        scratch.slot[beam.node[h]] = -1
    return filled


@compiled(allocates=False)
def make_parent(frame, beam, h, resources, memory):
    """Prefix ``h`` as a Parent."""
    graph, fusion, backpointers = resources.graph, resources.fusion, memory.backpointers
    node, token, state = beam.node[h], beam.token[h], beam.state[h]
    matches, top_weight = graph.states[state].mask, np.float64(graph.states[state].top_weight)
    last, last_blank = last_backpointer(beam, h), beam.blank_backpointer[h]
    bound = max(backpointers.closed_bonus[last], backpointers.closed_bonus[last_blank])
    bound += frame.top_entry_bonus
    if matches:
        under_way = max(backpointers.provisional_bonus[last], backpointers.provisional_bonus[last_blank])
        bound = max(bound, under_way + top_weight * frame.top_boost)
    word_end, within, beyond = np.int64(0), 0.0, 0.0
    if fusion.on:
        word_end = np.int64(end_word(fusion, graph, memory.tree, memory.lm, node, state))
        within, beyond = score_bounds(fusion, graph, memory.lm, node, word_end, state)
        bound += max(within, beyond)
    return Parent(
        slot=h, node=node, token=token, state=state,
        at_word_start=token < 0 or resources.tokens.is_separator[token] != 0, matches=matches, top_weight=top_weight,
        backpointer=last, word_end=word_end, within=within, beyond=beyond, bound=bound)


@compiled(allocates=False)
def extend_word(parent, token, new_word, state, resources, memory):
    """The LmWord of a child of ``parent`` by ``token`` with the context ``state``."""
    fusion, prefixes = resources.fusion, memory.lm.prefixes
    if new_word:
        word_start, letters, word_tokens = parent.word_end, fusion.trie.start[token], 0
    else:
        word_start, letters = np.int64(prefixes.word_start[parent.node]), walk(fusion.trie, prefixes.letters[parent.node], token)
        word_tokens = prefixes.word_tokens[parent.node]
    if not resources.tokens.is_separator[token]:
        word_tokens += 1
    score = provisional_score(
        fusion, resources.graph, memory.tree, memory.lm, parent.node, word_start, letters, word_tokens, state)
    return LmWord(score=score, word_start=word_start, letters=letters, word_tokens=word_tokens)


@compiled(allocates=False)
def extend_prefixes(frame, beam, size, next_beam, filled, resources, memory):
    """Make the living prefixes' new children candidates. Returns how many candidates there are then."""
    tokens, graph, fusion = resources.tokens, resources.graph, resources.fusion
    candidates, scratch, backpointers = memory.candidates, memory.scratch, memory.backpointers
    heap = candidates.heap
    room, worst = len(heap.slot), heap.score[heap.slot[0]] if filled else NEVER
    for h in range(size):
        parent = make_parent(frame, beam, h, resources, memory)
        total, best_total = beam.total[h], max(beam.best_blank[h], beam.best_label[h])
        for i in range(frame.wide if parent.matches else frame.narrow):
            token, value = scratch.tokens[i], scratch.log_probs[i]
            if filled == room and total + value + parent.bound <= worst:
                break  # what follows is less likely still
            matched = parent.matches & (np.int64(1) << (token & 63)) != 0
            if scratch.child_alive[h, i] or (i >= frame.narrow and not matched):
                continue
            if token == parent.token:  # a doubled token needs a blank between
                given, best_given, previous = beam.blank[h] + value, beam.best_blank[h] + value, beam.blank_backpointer[h]
                if given == NEVER:
                    continue
            else:
                given, best_given, previous = total + value, best_total + value, parent.backpointer
            starts_word = tokens.starts_word[token] != 0
            enters, new_word = parent.at_word_start or starts_word, starts_word or tokens.is_separator[token] != 0
            # Most fail here, by what they could have at best, before their bonus and the LM's part are worked out.
            lm_score = parent.beyond if new_word else parent.within
            bonus_bound = backpointers.closed_bonus[previous] if new_word else backpointers.open_bonus[previous]
            if enters:
                bonus_bound = max(bonus_bound, backpointers.closed_bonus[previous] + scratch.entry_bonus[i])
            state = graph.root_child[token] if enters else 0
            if matched:
                further = max(bonus_bound, backpointers.provisional_bonus[previous] + parent.top_weight * scratch.boost[i])
                if filled == room and given + further + lm_score <= worst:
                    continue
                state = step(graph, parent.state, token, enters)
                if graph.states[state].depth >= 2:
                    bonus_bound = further
                elif i >= frame.narrow:
                    continue
            if filled == room and given + bonus_bound + lm_score <= worst:
                continue
            key = (np.int64(token + 1) << 32) | state  # that of the empty prefix is 0
            if fusion.on:
                word = extend_word(parent, token, new_word, state, resources, memory)
                lm_score = word.score
                if filled == room and given + bonus_bound + lm_score <= worst:
                    continue
                key = recombination_key(memory.lm, key, word.word_start, word.letters)
            bonus = extend_bonus(
                graph, backpointers, resources.boost, previous, parent.state, state, new_word, frame.best - value,
                tokens.letters[token])
            slot = push_limited(
                heap, next_beam.key, filled, key, resources.pruning.per_key, given + bonus.provisional_bonus + lm_score)
            if slot < 0:
                continue
            filled = max(filled, slot + 1)
            worst = heap.score[heap.slot[0]]
            next_beam.key[slot] = key
            acoustics = Acoustics(
                total=given, blank=NEVER, label=given, best_blank=NEVER, best_label=best_given,
                blank_backpointer=0, label_backpointer=0, previous=previous)
            write_prefix(next_beam, slot, -1, token, state, acoustics)
            write_bonus(candidates, slot, parent.node, previous, bonus)
            if fusion.on:
                candidates.lm_score[slot], candidates.word_start[slot] = word.score, word.word_start
                candidates.letters[slot], candidates.word_tokens[slot] = word.letters, word.word_tokens
    return filled


@compiled(allocates=False)
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
            backpointers.boost_sum[new], backpointers.match_origin[new] = candidates.boost_sum[h], candidates.match_origin[h]
            backpointers.open_bonus[new], backpointers.closed_bonus[new] = candidates.open_bonus[h], candidates.closed_bonus[h]
            backpointers.provisional_bonus[new] = candidates.provisional_bonus[h]


@compiled(allocates=False)
def run(log_probs, beam, next_beam, resources, memory):
    """The search of all frames. Returns ``(size, offset, swapped)``: ``size`` and ``offset`` of Found, and whether
    the living prefixes are in ``next_beam`` at the end."""
    tokens, pruning, scratch = resources.tokens, resources.pruning, memory.scratch
    beam.token[0], beam.label[0], beam.best_label[0] = -1, NEVER, NEVER  # the empty prefix
    size, offset, collapsed, swapped = 1, 0.0, True, False
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
        settle(next_beam, filled, t, resources.fusion, memory)
        for i in range(frame.wide):
            scratch.rank[scratch.tokens[i]] = -1
        beam, next_beam, size, collapsed, swapped = next_beam, beam, filled, False, not swapped
    return size, offset, swapped


@compiled
def search(log_probs, resources):
    """Search ``log_probs`` (``[T, V]`` float32, natural-log probabilities, finite or -inf). Returns a Found."""
    tokens, pruning = resources.tokens, resources.pruning
    most = 1  # nodes and backpointers: no frame makes more than `beam` of either
    for t in range(len(log_probs)):
        most += pruning.beam if log_probs[t, tokens.blank] < pruning.log_blank_skip else 0
    shortlisted = max(pruning.top_k, pruning.boost_top_k)
    memory = make_memory(resources.fusion, most, pruning.beam, shortlisted, log_probs.shape[1])
    beam, next_beam = make_beam(pruning.beam), make_beam(pruning.beam)
    size, offset, swapped = run(log_probs, beam, next_beam, resources, memory)
    return Found(
        beam=next_beam if swapped else beam, size=size, offset=offset,
        backpointers=memory.backpointers, tree=memory.tree, lm=memory.lm)
