"""CTC prefix beam search, compiled.

A prefix's acoustic score is the log-sum over its alignments (Graves 2006; Hannun et al. 2014),
split into those that end in blank and those that end in its last token (its *label*). Beside it
runs the best single alignment, which gives the tokens their frames and so their boosts.

What is pruned, and nothing else: a frame with a blank of at least `blank_skip` is taken as pure
blank; a new prefix opens only with a token of the frame's shortlist; the `beam` best prefixes live
on, judged by acoustic score plus provisional bonus plus the LM's part so far (`fusion.py`), if there is
one. A living prefix gets all of its mass, from blank, from its label's repetition and from its parent,
whatever the shortlist. Of prefixes that go on alike, since they end in the same token and context state
and the LM will say the same (`likeness` in `fusion.py`), the best `alike` stay (as many as are to be
answered): what is still undecided gets the places of the beam, not every mixture of doubts that lie behind.
"""
from __future__ import annotations

from collections import namedtuple

import numpy as np

from ctcb.compiled import compiled
from ctcb.search.beam.automaton import step
from ctcb.search.beam.boosting import advance, token_boost
from ctcb.search.beam.candidates import highest, place, shortlist
from ctcb.search.beam.letter_trie import walk
from ctcb.search.beam.lm_fusion import close, likeness, make_told, provisional, reaches
from ctcb.search.beam.memory import find_node, make_beam, make_fresh, make_records, make_tree, make_work

Tokens = namedtuple("Tokens", "blank starts_word is_separator letters")
Pruning = namedtuple("Pruning", "beam top_k token_gap boost_top_k boost_gap log_blank_skip alike")
NEVER = -np.inf


@compiled
def log_add(a, b):
    """log(exp(a) + exp(b))."""
    if a < b:
        a, b = b, a
    if b - a < -40.0 or a == NEVER:  # exp(-40) is below float64's resolution
        return a
    return a + np.log1p(np.exp(b - a))


@compiled
def last_record(beam, h):
    """The last record of prefix ``h``'s best alignment."""
    if beam.best_label[h] > beam.best_blank[h]:
        return beam.label_record[h]
    return beam.blank_record[h]


@compiled
def only_blank(beam, size):
    """Let every prefix take a blank of log-probability 0, which ends all of its alignments in blank."""
    for h in range(size):
        beam.blank_record[h] = last_record(beam, h)
        beam.best_blank[h] = max(beam.best_blank[h], beam.best_label[h])
        beam.blank[h] = beam.total[h]
        beam.label[h] = beam.best_label[h] = NEVER


@compiled
def look(row, boost, graph, tokens, pruning, work):
    """Fill in the frame's shortlist: how many may open a prefix, how many continue an entity, the frame's best."""
    best = np.float64(highest(row))
    count = shortlist(row, tokens.blank, best - max(pruning.token_gap, pruning.boost_gap), work.chosen, work.values)
    narrow = 0
    while narrow < min(count, pruning.top_k) and work.values[narrow] >= best - pruning.token_gap:
        narrow += 1
    wide = narrow
    while wide < min(count, pruning.boost_top_k) and work.values[wide] >= best - pruning.boost_gap:
        wide += 1
    for i in range(wide):
        work.place_of[work.chosen[i]] = i
        entry = graph.root_child[work.chosen[i]]
        work.own[i] = token_boost(boost, best - work.values[i], tokens.letters[work.chosen[i]])
        work.hope[i] = graph.states[entry].weight * work.own[i]
    return narrow, wide, best


@compiled
def keep(old, new, fresh, size, wide, alike, row, best, tokens, graph, boost, fusion, records, tree, told, work):
    """Make the living prefixes candidates: blank, repetition, and what their parents give. Returns how many."""
    for h in range(size):
        work.living[old.node[h]] = h
        work.taken[h, :wide] = False
    filled = 0
    for h in range(size):
        token, parent, before = old.token[h], -1, -1
        label, best_label, label_record = NEVER, NEVER, old.label_record[h]
        if token >= 0:
            label, best_label = old.label[h] + row[token], old.best_label[h] + row[token]
            parent = work.living[tree.parent[old.node[h]]]
        if parent >= 0:
            if work.place_of[token] >= 0:
                work.taken[parent, work.place_of[token]] = True
            if token == old.token[parent]:  # a doubled token needs a blank between
                given, best_given, follows = old.blank[parent], old.best_blank[parent], old.blank_record[parent]
            else:
                given, follows = old.total[parent], last_record(old, parent)
                best_given = max(old.best_blank[parent], old.best_label[parent])
            label = log_add(label, given + row[token])
            if best_given + row[token] > best_label:
                best_label, before = best_given + row[token], follows
        blank = old.total[h] + row[tokens.blank]
        best_blank = max(old.best_blank[h], old.best_label[h]) + row[tokens.blank]
        total, blank_record = log_add(blank, label), last_record(old, h)
        if total == NEVER:
            continue
        boosted, origin, opened, closed, hoped = 0.0, -1, 0.0, 0.0, records.hoped[label_record]
        if before >= 0:
            new_word = tokens.starts_word[token] or tokens.is_separator[token]
            boosted, origin, opened, closed, hoped = advance(
                graph, records, boost, before, old.state[parent], old.state[h], new_word, best - row[token],
                tokens.letters[token])
        bonus = hoped if best_label > best_blank else records.hoped[blank_record]
        if fusion.on:
            bonus += told.score[old.node[h]]
        slot = place(new.key, work.heap, fresh.score, filled, old.key[h], alike, total + bonus)
        if slot < 0:
            continue
        filled = max(filled, slot + 1)
        new.node[slot], new.token[slot], new.state[slot], new.key[slot] = old.node[h], token, old.state[h], old.key[h]
        new.total[slot], new.blank[slot], new.label[slot] = total, blank, label
        new.best_blank[slot], new.best_label[slot] = best_blank, best_label
        new.blank_record[slot], new.label_record[slot] = blank_record, label_record
        fresh.source[slot], fresh.before[slot], fresh.origin[slot] = -1, before, origin
        fresh.boost[slot], fresh.open[slot], fresh.closed[slot], fresh.hoped[slot] = boosted, opened, closed, hoped
    for h in range(size):
        work.living[old.node[h]] = -1
    return filled


@compiled
def extend(old, new, fresh, size, filled, narrow, wide, alike, best, tokens, graph, boost, fusion, records, tree, told, work):
    """Make candidates of the living prefixes' new children. Returns how many candidates there are then."""
    room, worst = len(work.heap), fresh.score[work.heap[0]] if filled else NEVER
    top_hope = work.hope[:wide].max() if wide else 0.0
    top_own = work.own[:wide].max() if wide else 0.0
    node = closing = began = spelled = pieces = 0
    within = beyond = lm = 0.0
    for h in range(size):
        last, old_state = old.token[h], old.state[h]
        fits, matches = last < 0 or tokens.is_separator[last] != 0, graph.states[old_state].mask
        record, blank_record, top_weight = last_record(old, h), old.blank_record[h], graph.states[old_state].top_weight
        total, best_total = old.total[h], max(old.best_blank[h], old.best_label[h])
        reach = max(records.closed[record], records.closed[blank_record]) + top_hope
        if matches:
            reach = max(reach, max(records.hoped[record], records.hoped[blank_record]) + top_weight * top_own)
        if fusion.on:
            node = old.node[h]
            closing = close(fusion, graph, tree, told, node, old_state)
            within, beyond = reaches(fusion, graph, told, node, closing, old_state)
            reach += max(within, beyond)
        for i in range(wide if matches else narrow):
            token, value = work.chosen[i], work.values[i]
            if filled == room and total + value + reach <= worst:
                break  # what follows is less likely still
            matched = matches & (np.int64(1) << (token & 63)) != 0
            if work.taken[h, i] or (i >= narrow and not matched):
                continue
            if token == last:  # a doubled token needs a blank between
                given, best_given, before = old.blank[h] + value, old.best_blank[h] + value, blank_record
                if given == NEVER:
                    continue
            else:
                given, best_given, before = total + value, best_total + value, record
            starts_word = tokens.starts_word[token] != 0
            enters, new_word = fits or starts_word, starts_word or tokens.is_separator[token] != 0
            # Most fail here, by what they could have at best, before their bonus and the LM's part are worked out.
            lm = beyond if new_word else within
            hoped = records.closed[before] if new_word else records.open[before]
            if enters:
                hoped = max(hoped, records.closed[before] + work.hope[i])
            state = graph.root_child[token] if enters else 0
            if matched:
                further = max(hoped, records.hoped[before] + top_weight * work.own[i])
                if filled == room and given + further + lm <= worst:
                    continue
                state = step(graph, old_state, token, enters)
                if graph.states[state].depth >= 2:
                    hoped = further
                elif i >= narrow:
                    continue
            if filled == room and given + hoped + lm <= worst:
                continue
            key = (np.int64(token + 1) << 32) | state  # that of the empty prefix is 0
            if fusion.on:
                began = closing if new_word else told.began[node]
                spelled = fusion.trie.start[token] if new_word else walk(fusion.trie, told.spelled[node], token)
                pieces = (0 if new_word else told.pieces[node]) + (0 if tokens.is_separator[token] else 1)
                lm = provisional(fusion, graph, tree, told, node, began, spelled, pieces, state)
                if filled == room and given + hoped + lm <= worst:
                    continue
                key = likeness(told, key, began, spelled)
            boosted, origin, opened, closed, hoped = advance(
                graph, records, boost, before, old_state, state, new_word, best - value, tokens.letters[token])
            slot = place(new.key, work.heap, fresh.score, filled, key, alike, given + hoped + lm)
            if slot < 0:
                continue
            filled = max(filled, slot + 1)
            worst = fresh.score[work.heap[0]]
            new.node[slot], new.token[slot], new.state[slot], new.key[slot] = -1, token, state, key
            new.total[slot], new.blank[slot], new.label[slot] = given, NEVER, given
            new.best_blank[slot], new.best_label[slot] = NEVER, best_given
            new.blank_record[slot] = 0
            fresh.source[slot], fresh.before[slot], fresh.origin[slot] = old.node[h], before, origin
            fresh.lm[slot], fresh.began[slot], fresh.spelled[slot], fresh.pieces[slot] = lm, began, spelled, pieces
            fresh.boost[slot], fresh.open[slot], fresh.closed[slot], fresh.hoped[slot] = boosted, opened, closed, hoped
    return filled


@compiled
def settle(new, fresh, filled, t, nodes, used, fusion, records, tree, told):
    """Give the candidates that stayed their nodes and records. Returns how many of these are in use."""
    for h in range(filled):
        if fresh.source[h] >= 0:
            new.node[h] = find_node(tree, fresh.source[h], new.token[h], nodes)
            nodes = max(nodes, new.node[h] + 1)
            if fusion.on:
                node = new.node[h]
                told.began[node], told.spelled[node], told.score[node] = fresh.began[h], fresh.spelled[h], fresh.lm[h]
                told.pieces[node], told.length[node] = fresh.pieces[h], told.length[fresh.source[h]] + 1
        before = fresh.before[h]
        if before >= 0:
            new.label_record[h] = used
            records.parent[used], records.frame[used], records.token[used] = before, t, new.token[h]
            records.boost[used], records.origin[used] = fresh.boost[h], fresh.origin[h]
            records.open[used], records.closed[used], records.hoped[used] = fresh.open[h], fresh.closed[h], fresh.hoped[h]
            used += 1
    return nodes, used


@compiled
def search(log_probs, tokens, graph, boost, fusion, pruning):
    """Search ``log_probs`` ([T, V] float32, finite or -inf).

    Returns ``(beam, size, offset, records, tree, told)``: the last living prefixes, how many there are,
    what to add to their acoustic scores, the records of their alignments, the prefix tree, and what the
    LM says along it.
    """
    most = 1  # nodes and records: no frame makes more than `beam` of either
    for t in range(len(log_probs)):
        most += pruning.beam if log_probs[t, tokens.blank] < pruning.log_blank_skip else 0
    records, tree, told = make_records(most), make_tree(most), make_told(fusion, most)
    work = make_work(most, pruning.beam, max(pruning.top_k, pruning.boost_top_k), log_probs.shape[1])
    old, new, fresh = make_beam(pruning.beam), make_beam(pruning.beam), make_fresh(pruning.beam)
    old.token[0], old.label[0], old.best_label[0] = -1, NEVER, NEVER  # the empty prefix
    size, nodes, used, offset, collapsed = 1, 1, 1, 0.0, True
    for t in range(len(log_probs)):
        row = log_probs[t]
        if row[tokens.blank] >= pruning.log_blank_skip:
            if not collapsed:
                only_blank(old, size)
                collapsed = True
            offset += row[tokens.blank]
            continue
        narrow, wide, best = look(row, boost, graph, tokens, pruning, work)
        filled = keep(old, new, fresh, size, wide, pruning.alike, row, best, tokens, graph, boost, fusion, records, tree, told, work)
        filled = extend(
            old, new, fresh, size, filled, narrow, wide, pruning.alike, best, tokens, graph, boost, fusion, records, tree, told, work)
        nodes, used = settle(new, fresh, filled, t, nodes, used, fusion, records, tree, told)
        for i in range(wide):
            work.place_of[work.chosen[i]] = -1
        old, new, size, collapsed = new, old, filled, False
    return old, size, offset, records, tree, told
