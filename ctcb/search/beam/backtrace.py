"""From the search's records to hypotheses: tokens, times, and which entities earned what."""
from __future__ import annotations

import numpy as np

from ctcb.compiled import compiled
from ctcb.lm.arrays import advance
from ctcb.search.beam.automaton import step
from ctcb.search.beam.kernel import last_record
from ctcb.search.beam.lm_fusion import best_with, close

TIE = 1e-9  # sums of boosts that differ by less are equal


@compiled
def answer(beam, size, records, graph, fusion, tree, told, nbest):
    """The ``nbest`` prefixes by acoustic score plus the bonus of entities that are complete plus the LM's part.

    Returns ``(places, bonus, lm, ends, lengths)``: slots of the beam, best first, and for each the bonus,
    the LM's part, its last boundary and best path there, and the number of tokens.
    """
    score, bonus, lm, ends = np.zeros(size), np.zeros(size), np.zeros(size), np.zeros((size, 2), np.int64)
    for h in range(size):
        bonus[h] = records.closed[last_record(beam, h)]
        if fusion.on:
            boundary = close(fusion, graph, tree, told, beam.node[h], beam.state[h])
            best, path = best_with(fusion, told, boundary, fusion.end)
            lm[h] = fusion.weight * best + fusion.bonus * told.words[boundary]
            ends[h, 0], ends[h, 1] = boundary, path
        score[h] = -(beam.total[h] + bonus[h] + lm[h])
    places = np.argsort(score, kind="mergesort")[:nbest]
    lengths = np.zeros(len(places), np.int64)
    for i, h in enumerate(places):
        record = last_record(beam, h)
        while record > 0:
            record, lengths[i] = records.parent[record], lengths[i] + 1
    return places, bonus[places], lm[places], ends[places], lengths


@compiled
def units(fusion, told, boundary, path, length):
    """The entities that a path counts as units of the class.

    Returns ``(ends, places, gains)``: indices into the graph's `entity`, the first and end tokens, and
    how much more each adds than its plain words would in the same history, in order.
    """
    count = 0
    found, places, gains = np.zeros(length, np.int64), np.zeros((length, 2), np.int64), np.zeros(length)
    words = np.zeros(length, np.int64)
    while boundary != 0:
        source, link = told.source[boundary, path], told.link[boundary, path]
        if told.entity[boundary, path] >= 0:
            number, at, plain = 0, boundary, 0.0
            while at != source:
                plain += told.spent[at]
                words[number], at = told.word[at], told.previous[at]
                number += 1
            state = told.state[source, link]
            for i in range(number - 1, -1, -1):
                score, state = advance(fusion.lm, state, words[i])
                plain += score
            found[count], end = told.entity[boundary, path], told.place[boundary]
            places[count, 0], places[count, 1] = end - told.tokens[boundary, path], end
            gains[count] = fusion.weight * (told.total[boundary, path] - told.total[source, link] - plain)
            count += 1
        boundary, path = source, link
    return found[:count][::-1], places[:count][::-1], gains[:count][::-1]


@compiled
def trace(log_probs, blank, records, record, length):
    """Tokens, frames, end frames and log-probabilities of the alignment that ends in ``record``."""
    tokens, starts, ends = np.zeros(length, np.int64), np.zeros(length, np.int64), np.zeros(length, np.int64)
    certainty, boosts = np.zeros(length), np.zeros(length)
    following = len(log_probs)
    for i in range(length - 1, -1, -1):
        token, frame, parent = records.token[record], records.frame[record], records.parent[record]
        end = frame + 1
        highest = log_probs[frame, token]
        while end < following and log_probs[end, token] > log_probs[end, blank]:
            highest = max(highest, log_probs[end, token])
            end += 1
        tokens[i], starts[i], ends[i], certainty[i] = token, frame, end, highest
        boosts[i] = records.boost[record] - records.boost[parent]
        following, record = frame, parent
    return tokens, starts, ends, certainty, boosts


@compiled
def spans(graph, vocabulary, tokens, boosts):
    """The entities of a token sequence that do not overlap and earn most, the longest where equal.

    ``boosts`` are the tokens' boosts. Returns ``(ends, begins, bonus)``: indices into the graph's `entity`, the spans' first tokens and end
    tokens, and what each earned, in order.
    """
    length = len(tokens)
    total = np.zeros(length + 1)  # boosts of the first i tokens
    closed = np.zeros(length + 1)  # best bonus of the first i tokens, a word ending there
    opened = 0.0  # the same, the word going on
    chosen = np.full(length + 1, -1)  # what ends at i: index into graph.entity,
    begun = np.zeros(length + 1, np.int64)  # the token at which it begins, or where to look on
    last_open = 0  # the last place whose `closed` is counted in `opened`
    state = 0
    for i in range(1, length + 1):
        token = tokens[i - 1]
        starts_word = vocabulary.starts_word[token] != 0
        fits = i == 1 or vocabulary.is_separator[tokens[i - 2]] != 0
        state = step(graph, state, token, fits or starts_word)
        if starts_word or vocabulary.is_separator[token]:
            opened, last_open = closed[i - 1], i - 1
        total[i] = total[i - 1] + boosts[i - 1]
        closed[i], begun[i] = opened, last_open
        end = state
        while end != 0:
            begin = i - graph.states[end].depth
            earned = total[i] - total[begin]
            for k in range(graph.states[end].ends, graph.states[end + 1].ends):
                value = closed[begin] + graph.end_weight[k] * earned - graph.end_cost[k]
                if value > closed[i] + TIE or (chosen[i] < 0 and value >= closed[i] - TIE):
                    closed[i], chosen[i], begun[i] = value, k, begin
            end = graph.states[end].fail
    count, i = 0, length
    found, places, gains = np.zeros(length, np.int64), np.zeros((length, 2), np.int64), np.zeros(length)
    while i > 0:
        if chosen[i] >= 0:
            found[count], places[count, 0], places[count, 1] = chosen[i], begun[i], i
            gains[count] = closed[i] - closed[begun[i]]
            count += 1
        i = begun[i]
    return found[:count][::-1], places[:count][::-1], gains[:count][::-1]
