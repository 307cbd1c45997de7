"""The candidates of a frame: the living prefixes, and their new children."""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ctcb.compiled import compiled
from ctcb.search.beam.automaton import penalty_at, step
from ctcb.search.beam.boosting import Bonus, extend_bonus
from ctcb.search.beam.candidates import push_limited
from ctcb.search.beam.letter_trie import walk
from ctcb.search.beam.lm_fusion import end_word, provisional_score, recombination_key, score_bounds
from ctcb.search.beam.lm_state import LmWord

NEVER = -np.inf
NO_WORD = LmWord(score=0.0, word_start=0, letters=0, word_tokens=0)


class Frame(NamedTuple):
    """What of one frame the whole beam needs; its shortlist is in the Scratch.

    Attributes
    ----------
    best : float64, the highest natural-log probability of a token.
    narrow : int, so many tokens of the shortlist may open a new prefix,
    wide : int, and so many, at least as many, may continue an entity.
    letter_boost : float64, nats, the boost a letter.
    top_boost, top_entry_bonus : float64, nats, the highest ``boost`` and ``entry_bonus`` in the Scratch.
    """

    best: float
    narrow: int
    wide: int
    letter_boost: float
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
    open_penalty, closed_penalty : float64, nats, what pushed-away phrases cost a child within its last word, and beyond it.
    bound : float64, nats, the most that bonus, the LM's part and penalty together can be for any child.
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
    open_penalty: float
    closed_penalty: float
    bound: float


@compiled(allocates=False, inner=True)
def log_add(a, b):
    """log(exp(a) + exp(b))."""
    if a < b:
        a, b = b, a
    if b - a < -40.0 or a == NEVER:  # exp(-40) is below float64's resolution
        return a
    return a + np.log1p(np.exp(b - a))


@compiled(allocates=False, inner=True)
def either(a, b, sums):
    """The log-probability of two sets of alignments: of all of them together, or without ``sums`` of the best one."""
    return log_add(a, b) if sums else max(a, b)


@compiled(allocates=False, inner=True)
def last_backpointer(prefix):
    """The last backpointer of the best alignment of a PREFIX."""
    return prefix.label_backpointer if prefix.best_label > prefix.best_blank else prefix.blank_backpointer


@compiled(allocates=False, inner=True)
def advance_alignments(beam, h, parent, row, blank_id, sums):
    """The Acoustics of prefix ``h`` after a frame: blank, its label's repetition, and what ``parent`` (a slot, -1: none) gives.

    ``sums`` as in Pruning.
    """
    prefix, previous = beam.slots[h], np.int64(-1)
    token, label, best_label = prefix.token, NEVER, NEVER
    if token >= 0:
        label, best_label = prefix.label + row[token], prefix.best_label + row[token]
    if parent >= 0:
        giver = beam.slots[parent]
        if token == giver.token:  # a doubled token needs a blank between
            given, best_given, last = giver.blank, giver.best_blank, giver.blank_backpointer
        else:
            given, last = giver.total, last_backpointer(giver)
            best_given = max(giver.best_blank, giver.best_label)
        label = either(label, given + row[token], sums)
        if best_given + row[token] > best_label:
            best_label, previous = best_given + row[token], np.int64(last)
    blank = prefix.total + row[blank_id]
    return Acoustics(
        total=either(blank, label, sums), blank=blank, label=label,
        best_blank=max(prefix.best_blank, prefix.best_label) + row[blank_id], best_label=best_label,
        blank_backpointer=np.int64(last_backpointer(prefix)), label_backpointer=np.int64(prefix.label_backpointer),
        previous=previous)


@compiled(allocates=False, inner=True)
def write_prefix(beam, slot, node, token, state, penalty, acoustics):
    """Write a prefix (node -1: not in the tree yet) to a slot, but for its key."""
    prefix = beam.slots[slot]
    prefix.node, prefix.token, prefix.state, prefix.penalty = node, token, state, penalty
    prefix.total, prefix.blank, prefix.label = acoustics.total, acoustics.blank, acoustics.label
    prefix.best_blank, prefix.best_label = acoustics.best_blank, acoustics.best_label
    prefix.blank_backpointer, prefix.label_backpointer = acoustics.blank_backpointer, acoustics.label_backpointer


@compiled(allocates=False, inner=True)
def write_new(candidates, slot, parent_node, previous, bonus, word):
    """Write what a candidate's new backpointer, if it gets one, and new node, if it gets one, will hold."""
    candidate = candidates.slots[slot]
    candidate.parent_node, candidate.previous = parent_node, previous
    candidate.boost_sum, candidate.fill_sum, candidate.match_origin = bonus.boost_sum, bonus.fill_sum, bonus.match_origin
    candidate.open_bonus, candidate.closed_bonus = bonus.open_bonus, bonus.closed_bonus
    candidate.provisional_bonus = bonus.provisional_bonus
    candidate.lm_score, candidate.word_start = word.score, word.word_start
    candidate.letters, candidate.word_tokens = word.letters, word.word_tokens


@compiled(allocates=False, inner=True)
def keep_prefixes(row, frame, beam, size, next_beam, resources, memory):
    """Make the living prefixes candidates: blank, repetition, and what their parents give. Returns how many."""
    tokens, graph, fusion = resources.tokens, resources.graph, resources.fusion
    candidates, scratch, backpointers, tree = memory.candidates, memory.scratch, memory.backpointers, memory.tree
    for h in range(size):
        scratch.slot[beam.slots[h].node] = h
        scratch.child_alive[h, : frame.wide] = False
    filled = np.int64(0)
    for h in range(size):
        prefix = beam.slots[h]
        node, token, state, parent = np.int64(prefix.node), np.int64(prefix.token), np.int64(prefix.state), np.int64(-1)
        if token >= 0:
            parent = np.int64(scratch.slot[tree.nodes[node].parent])
        if parent >= 0 and scratch.rank[token] >= 0:
            scratch.child_alive[parent, scratch.rank[token]] = True
        acoustics = advance_alignments(beam, h, parent, row, tokens.blank, resources.pruning.sums)
        if acoustics.total == NEVER:
            continue
        bonus = Bonus(
            boost_sum=0.0, fill_sum=0.0, match_origin=np.int64(-1), open_bonus=0.0, closed_bonus=0.0,
            provisional_bonus=backpointers.records[acoustics.label_backpointer].provisional_bonus)
        if acoustics.previous >= 0:
            bonus = extend_bonus(
                graph, backpointers, resources.boost, acoustics.previous, np.int64(beam.slots[parent].state), state,
                tokens.ends_name[token] != 0, frame.letter_boost, frame.best - row[token],
                tokens.letters[token])
        score = bonus.provisional_bonus
        if acoustics.best_label <= acoustics.best_blank:
            score = backpointers.records[acoustics.blank_backpointer].provisional_bonus
        score -= prefix.penalty
        if fusion.on:
            score += memory.lm.prefixes[node].score
        slot = push_limited(
            candidates.heap, next_beam.key, filled, beam.key[h], resources.pruning.per_key, acoustics.total + score)
        if slot < 0:
            continue
        filled = max(filled, slot + 1)
        next_beam.key[slot] = beam.key[h]
        write_prefix(next_beam, slot, node, token, state, prefix.penalty, acoustics)
        write_new(candidates, slot, np.int64(-1), acoustics.previous, bonus, NO_WORD)
    for h in range(size):
        scratch.slot[beam.slots[h].node] = -1
    return filled


@compiled(allocates=False, inner=True)
def make_parent(frame, beam, h, resources, memory):
    """Prefix ``h`` as a Parent."""
    graph, fusion, backpointers = resources.graph, resources.fusion, memory.backpointers
    prefix = beam.slots[h]
    node, token, state = np.int64(prefix.node), np.int64(prefix.token), np.int64(prefix.state)
    matches, top_weight = graph.states[state].mask, np.float64(graph.states[state].top_weight)
    last = np.int64(last_backpointer(prefix))
    best, best_in_blank = backpointers.records[last], backpointers.records[prefix.blank_backpointer]
    bound = max(best.closed_bonus, best_in_blank.closed_bonus)
    bound += frame.top_entry_bonus
    if matches:
        under_way = max(best.provisional_bonus, best_in_blank.provisional_bonus)
        bound = max(bound, under_way + top_weight * frame.top_boost)
    word_end, within, beyond = np.int64(0), 0.0, 0.0
    if fusion.on:
        word_end = end_word(fusion, graph, memory.tree, memory.lm, node, state)
        within, beyond = score_bounds(fusion, graph, memory.lm, node, word_end, state)
        bound += max(within, beyond)
    penalty = prefix.penalty
    return Parent(
        slot=h, node=node, token=token, state=state,
        at_word_start=token < 0 or resources.tokens.is_separator[token] != 0, matches=matches, top_weight=top_weight,
        backpointer=last, word_end=word_end, within=within, beyond=beyond,
        open_penalty=penalty, closed_penalty=penalty + penalty_at(graph, state), bound=bound - penalty)


@compiled(allocates=False, inner=True)
def extend_word(parent, token, new_word, state, resources, memory):
    """The LmWord of a child of ``parent`` by ``token`` with the context ``state``."""
    fusion, prefixes = resources.fusion, memory.lm.prefixes
    if new_word:
        word_start, letters, word_tokens = parent.word_end, np.int64(fusion.trie.start[token]), np.int64(0)
    else:
        word = prefixes[parent.node]
        word_start, word_tokens = np.int64(word.word_start), np.int64(word.word_tokens)
        letters = np.int64(walk(fusion.trie, np.int64(word.letters), token))
    if not resources.tokens.is_separator[token]:
        word_tokens += 1
    score = provisional_score(
        fusion, resources.graph, memory.tree, memory.lm, parent.node, word_start, letters, word_tokens, state)
    return LmWord(score=score, word_start=word_start, letters=letters, word_tokens=word_tokens)


@compiled(allocates=False, inner=True)
def extend_alignments(beam, parent, token, value):
    """What a ``parent`` gives its child by ``token``, whose log-probability is ``value``: the log-sum of the child's
    alignments, the best one's log-probability, and the backpointer before the child's."""
    prefix = beam.slots[parent.slot]
    if token == parent.token:  # a doubled token needs a blank between
        return prefix.blank + value, prefix.best_blank + value, np.int64(prefix.blank_backpointer)
    return prefix.total + value, max(prefix.best_blank, prefix.best_label) + value, parent.backpointer


@compiled(allocates=False, inner=True)
def child_state(graph, parent, token, matched, enters):
    """The context state of a child. ``matched``: its token is in the mask of ``parent``; ``enters``: a word begins with it."""
    if matched:
        return np.int64(step(graph, parent.state, token, enters))
    return np.int64(graph.root_child[token]) if enters else np.int64(0)


@compiled(allocates=False, inner=True)
def bonus_bound(parent, previous, i, ends_name, enters, goes_on, memory):
    """The most (nats) that the provisional bonus of a child by token ``i`` of the shortlist can be.

    ``ends_name``: an entity may end before the token; ``enters``: a word begins with it; ``goes_on``: it
    continues an entity under way.
    """
    shortlisted, before = memory.scratch.shortlist[i], memory.backpointers.records[previous]
    bound = before.closed_bonus if ends_name else before.open_bonus
    if enters:
        bound = max(bound, before.closed_bonus + shortlisted.entry_bonus)
    if goes_on:
        bound = max(bound, before.provisional_bonus + parent.top_weight * shortlisted.boost)
    return bound


@compiled(allocates=False, inner=True)
def extend_prefixes(frame, beam, size, next_beam, filled, resources, memory):
    """Make the living prefixes' new children candidates. Returns how many candidates there are then."""
    tokens, graph, scratch, heap = resources.tokens, resources.graph, memory.scratch, memory.candidates.heap
    room, worst = len(heap.slot), heap.score[heap.slot[0]] if filled else NEVER
    for h in range(size):
        parent = make_parent(frame, beam, h, resources, memory)
        for i in range(frame.wide if parent.matches else frame.narrow):
            token, value = np.int64(scratch.shortlist[i].token), scratch.shortlist[i].log_prob
            if filled == room and beam.slots[h].total + value + parent.bound <= worst:
                break  # what follows is less likely still
            matched = parent.matches & (np.int64(1) << (token & 63)) != 0
            if scratch.child_alive[h, i] or (i >= frame.narrow and not matched):
                continue
            total, best, previous = extend_alignments(beam, parent, token, value)
            if total == NEVER:
                continue
            starts_word, ends_name = tokens.starts_word[token] != 0, tokens.ends_name[token] != 0
            enters, new_word = parent.at_word_start or starts_word, starts_word or tokens.is_separator[token] != 0
            state = child_state(graph, parent, token, matched, enters)
            goes_on = matched and graph.states[state].depth >= 2
            if i >= frame.narrow and not goes_on:
                continue
            # Most fail here, by what they could have at best, before their bonus and the LM's part are worked out.
            penalty = parent.closed_penalty if ends_name else parent.open_penalty
            bound = total - penalty + bonus_bound(parent, previous, i, ends_name, enters, goes_on, memory)
            if filled == room and bound + (parent.beyond if new_word else parent.within) <= worst:
                continue
            key = ((token + 1) << 32) | state  # that of the empty prefix is 0
            word = NO_WORD
            if resources.fusion.on:
                word = extend_word(parent, token, new_word, state, resources, memory)
                if filled == room and bound + word.score <= worst:
                    continue
                key = recombination_key(memory.lm, key, word.word_start, word.letters)
            bonus = extend_bonus(
                graph, memory.backpointers, resources.boost, previous, parent.state, state, ends_name,
                frame.letter_boost, frame.best - value, tokens.letters[token])
            score = total - penalty + bonus.provisional_bonus + word.score
            slot = push_limited(heap, next_beam.key, filled, key, resources.pruning.per_key, score)
            if slot < 0:
                continue
            filled, worst = max(filled, slot + 1), heap.score[heap.slot[0]]
            next_beam.key[slot] = key
            acoustics = Acoustics(
                total=total, blank=NEVER, label=total, best_blank=NEVER, best_label=best,
                blank_backpointer=np.int64(0), label_backpointer=np.int64(0), previous=previous)
            write_prefix(next_beam, slot, np.int64(-1), token, state, penalty, acoustics)
            write_new(memory.candidates, slot, parent.node, previous, bonus, word)
    return filled
