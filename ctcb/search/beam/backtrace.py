"""From the search's backpointers to hypotheses: tokens, times, and which entities earned what."""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ctcb.compiled import compiled
from ctcb.lm.arrays import advance
from ctcb.search.beam.automaton import penalty_at, step
from ctcb.search.beam.bisection import first_not_below
from ctcb.search.beam.boosting import bounded_boost
from ctcb.search.beam.kernel import SearchResult
from ctcb.search.beam.lm_fusion import best_path, end_word
from ctcb.search.beam.prefixes import last_backpointer
from ctcb.search.beam.resources import Resources

TIE = 1e-9  # sums of boosts that differ by less are equal


class Answers(NamedTuple):
    """The n-best prefixes, best first.

    Attributes
    ----------
    slot : ``[n]`` int64, their slots in the last beam.
    bonus : ``[n]`` float64, nats, the bonus of the entities that are complete.
    lm : ``[n]`` float64, nats, the LM's part, weighted.
    penalty : ``[n]`` float64, nats, what the phrases to push away cost.
    boundary, path : ``[n]`` int64, with an LM: the last word boundary, and the number of the best path there.
    backpointer : ``[n]`` int64, the last one of the best alignment.
    length : ``[n]`` int64, tokens.
    """

    slot: np.ndarray
    bonus: np.ndarray
    lm: np.ndarray
    penalty: np.ndarray
    boundary: np.ndarray
    path: np.ndarray
    backpointer: np.ndarray
    length: np.ndarray


class Rows(NamedTuple):
    """Emissions of R frames, those of a stream that its alignments may still need.

    Attributes
    ----------
    log_probs : ``[R, V]`` float32, natural-log probabilities.
    frame : ``[R]`` int64, the numbers of their frames, ascending.
    end : int, how many frames there were in all.
    """

    log_probs: np.ndarray
    frame: np.ndarray
    end: int


class KnownTokens(NamedTuple):
    """The first tokens of a stream, whose rows it has dropped: ``ends`` and ``log_probs`` as in Alignment."""

    ends: np.ndarray
    log_probs: np.ndarray


NONE_KNOWN = KnownTokens(np.zeros(0, np.int64), np.zeros(0))


class Alignment(NamedTuple):
    """The best alignment of one prefix, ``[length]`` each.

    Attributes
    ----------
    tokens : int64.
    frames, ends : int64, the frame at which each is emitted, and the one after its last.
    log_probs : float64, natural log, each token's highest from its frame to its end.
    boosts : float64, nats, what each was boosted by,
    fills : and how much of it its distance to the frame's best took.
    """

    tokens: np.ndarray
    frames: np.ndarray
    ends: np.ndarray
    log_probs: np.ndarray
    boosts: np.ndarray
    fills: np.ndarray


class Spans(NamedTuple):
    """Entities in a token sequence, ``[n]`` each, in order.

    Attributes
    ----------
    entry : int64, an index into the graph's ``entity``.
    first, end : int64, the entity's first token, and the one after its last.
    gain : float64, nats, what it added to the score.
    """

    entry: np.ndarray
    first: np.ndarray
    end: np.ndarray
    gain: np.ndarray


def answer(result: SearchResult, resources: Resources, nbest: int) -> Answers:
    """The ``nbest`` prefixes by acoustic score plus the bonus of entities that are complete plus the LM's part, less the
    penalty of phrases to push away.

    What the LM says of last words is added to ``result``.
    """
    score, *fields = final_scores(result, resources)
    slot = np.argsort(-score, kind="stable")[:nbest]
    return Answers(slot, *(field[slot] for field in fields))


@compiled
def final_scores(result, resources):
    """The score (``[B]`` float64, nats) of each living prefix, and the fields of its Answers but for the slot."""
    beam, size, fusion, records = result.beam, result.size, resources.fusion, result.backpointers.records
    score, bonus, lm, penalty = np.zeros(size), np.zeros(size), np.zeros(size), np.zeros(size)
    boundary, path = np.zeros(size, np.int64), np.zeros(size, np.int64)
    backpointer, length = np.zeros(size, np.int64), np.zeros(size, np.int64)
    for h in range(size):
        prefix = beam.slots[h]
        backpointer[h] = last_backpointer(prefix)
        bonus[h] = records[backpointer[h]].closed_bonus
        if fusion.on:
            boundary[h] = end_word(fusion, resources.graph, result.tree, result.lm, np.int64(prefix.node), np.int64(prefix.state))
            best, path[h] = best_path(fusion, result.lm, boundary[h], fusion.end)
            lm[h] = fusion.weight * best + fusion.word_bonus * result.lm.boundaries[boundary[h]].num_words
        penalty[h] = prefix.penalty + penalty_at(resources.graph, np.int64(prefix.state))
        score[h] = prefix.total + bonus[h] + lm[h] - penalty[h]
        place = backpointer[h]
        while place > 0:
            place, length[h] = np.int64(records[place].parent), length[h] + 1
    return score, bonus, lm, penalty, boundary, path, backpointer, length


@compiled
def class_spans(fusion, lm_state, boundary, path, length):
    """The entities that a path of a ``boundary`` counts as units of the class, as Spans; ``length`` is the prefix's.

    The gain of one is how much more it adds than its plain words would in the same LM state.
    """
    boundaries, paths = lm_state.boundaries, lm_state.paths
    count = 0
    entry, gain = np.zeros(length, np.int64), np.zeros(length)
    first, end = np.zeros(length, np.int64), np.zeros(length, np.int64)
    words = np.zeros(length, np.int64)
    while boundary != 0:
        last = paths[boundary, path]
        source, source_path = last.source, last.source_path
        if last.entity >= 0:
            number, at, plain = 0, boundary, 0.0
            while at != source:
                plain += boundaries[at].unknown_bonus
                words[number], at = boundaries[at].word, boundaries[at].previous
                number += 1
            state = paths[source, source_path].state
            for i in range(number - 1, -1, -1):
                score, state = advance(fusion.lm, state, words[i])
                plain += score
            entry[count], end[count] = last.entity, boundaries[boundary].num_tokens
            first[count] = end[count] - last.entity_tokens
            gain[count] = fusion.weight * (last.total - paths[source, source_path].total - plain)
            count += 1
        boundary, path = source, source_path
    return Spans(
        entry=entry[:count][::-1], first=first[:count][::-1], end=end[:count][::-1], gain=gain[:count][::-1])


@compiled
def trace(rows, known, blank, backpointers, backpointer, length):
    """The Alignment of ``length`` tokens that ends in ``backpointer``; ``rows`` is a Rows, ``known`` a KnownTokens of it."""
    tokens, frames, ends = np.zeros(length, np.int64), np.zeros(length, np.int64), np.zeros(length, np.int64)
    highest, boosts, fills = np.zeros(length), np.zeros(length), np.zeros(length)
    following = np.int64(rows.end)
    for i in range(length - 1, -1, -1):
        record = backpointers.records[backpointer]
        token, frame, parent = record.token, record.frame, record.parent
        tokens[i], frames[i] = token, frame
        if i < len(known.ends):
            ends[i], highest[i] = known.ends[i], known.log_probs[i]
        else:
            place = first_not_below(rows.frame, frame, 0, len(rows.frame))
            end, highest[i] = frame + 1, rows.log_probs[place, token]
            while end < following and rows.log_probs[place + 1, token] > rows.log_probs[place + 1, blank]:
                place += 1
                highest[i] = max(highest[i], rows.log_probs[place, token])
                end += 1
            ends[i] = end
        before = backpointers.records[parent]
        boosts[i], fills[i] = record.boost_sum - before.boost_sum, record.fill_sum - before.fill_sum
        following, backpointer = frame, parent
    return Alignment(tokens=tokens, frames=frames, ends=ends, log_probs=highest, boosts=boosts, fills=fills)


@compiled
def boosted_spans(graph, vocabulary, options, aligned):
    """The entities of a token sequence that do not overlap and earn most, the longest where equal, as Spans.

    ``aligned`` is an Alignment, ``vocabulary`` the kernel's Tokens, ``options`` its BoostOptions.
    """
    tokens = aligned.tokens
    length = len(tokens)
    boosts, fills = np.zeros(length + 1), np.zeros(length + 1)  # of the first i tokens
    closed = np.zeros(length + 1)  # best bonus of the first i tokens, a word ending there
    opened = 0.0  # the same, the word going on
    chosen = np.full(length + 1, -1)  # what ends at i: index into graph.entity,
    begun = np.zeros(length + 1, np.int64)  # the token at which it begins, or where to look on
    last_open = 0  # the last place whose `closed` is counted in `opened`
    state = 0
    for i in range(1, length + 1):
        token = tokens[i - 1]
        starts_word = vocabulary.starts_word[token] != 0
        at_word_start = i == 1 or vocabulary.is_separator[tokens[i - 2]] != 0
        state = step(graph, state, token, at_word_start or starts_word)
        if vocabulary.ends_name[token]:
            opened, last_open = closed[i - 1], i - 1
        boosts[i], fills[i] = boosts[i - 1] + aligned.boosts[i - 1], fills[i - 1] + aligned.fills[i - 1]
        closed[i], begun[i] = opened, last_open
        end = state
        while end != 0:
            begin = i - graph.states[end].depth
            earned = bounded_boost(options, boosts[i] - boosts[begin], fills[i] - fills[begin])
            for k in range(graph.states[end].ends, graph.states[end + 1].ends):
                value = closed[begin] + graph.end_weight[k] * earned - graph.end_cost[k]
                if value > closed[i] + TIE or (chosen[i] < 0 and value >= closed[i] - TIE):
                    closed[i], chosen[i], begun[i] = value, k, begin
            end = graph.states[end].fail
    return _chosen_spans(chosen, begun, closed)


@compiled(inner=True)
def _chosen_spans(chosen, begun, closed):
    """Follow ``begun`` from the sequence's end to its beginning."""
    count, i = 0, len(chosen) - 1
    entry, gain = np.zeros(i, np.int64), np.zeros(i)
    first, end = np.zeros(i, np.int64), np.zeros(i, np.int64)
    while i > 0:
        if chosen[i] >= 0:
            entry[count], first[count], end[count] = chosen[i], begun[i], i
            gain[count] = closed[i] - closed[begun[i]]
            count += 1
        i = begun[i]
    return Spans(
        entry=entry[:count][::-1], first=first[:count][::-1], end=end[:count][::-1], gain=gain[:count][::-1])
