"""A word LM beside the beam search, and unigram boosting through its OOV/BOOST class.

The words of a prefix are what its tokens spell between two word boundaries, whatever the
segmentation. What spells nothing is no word. A word outside of the LM's vocabulary scores ``log P(<unk> |
history) + tokens * piece_bonus``, for ``<unk>`` stands for all such words and this is only one of them.

Some words may be read as *units of the class* instead: an entity of the list that begins and ends at
word boundaries, however many words it has, may count as one ``<unk>``, at ``log P(<unk> | history) +
log weight + class_bonus``, and the history moves on by one ``<unk>`` ("Personalization of CTC Speech
Recognition Models", SLT 2022; the class bonus is ours). The LM itself is untouched. The LM's part of a
prefix's score is

    lm_weight * max over sets of non-overlapping entities in it of ln P(units) + word_bonus * words

with ``</s>`` behind the last word at the utterance's end. It depends on the tokens alone, and so is
independent of the set of entities that the boosts count (``boosting.py``).

The maximum is found word by word: at each word boundary a prefix has a *path* for every LM history that
one of the sets leads to, with the best score of these, for what follows depends on a set only through
the history. With at most `histories` different histories at a boundary this is exact; where there are
more (several entities within the LM's order), those of the worst scores are given up.

Pruning sees the best path at the last word boundary, for a word has no score before it ends, or what an
entity under way may still become: the class's score at the boundary where it began, with the best weight
of those it can be. With `look_ahead` a word under way has the score of the best 1-gram that begins so.
"""
from __future__ import annotations

from collections import namedtuple

import numpy as np

from ctcb.compiled import compiled
from ctcb.lm.arrays import advance
from ctcb.search.beam.boosting import back

# A node of the prefix tree: `began`, the boundary at which its last word begins; `spelled`, the trie's state
# after that word's letters, and `pieces` its tokens; `closing`, the boundary after that word, or -1 if nothing has asked for it;
# its `length` in tokens; `score`, the LM's part for pruning.
# A boundary: where the closed word began (`previous`) and its number, `words` and tokens (`place`) before
# the boundary; `spent`, what was added because the word is unknown; how many `paths`, their `best` score, the
# `history` of that one, and the best with an <unk> behind it.
# A path [boundaries, histories]: LM `state`, score `total` (ln P), what it goes on from (`source`, a boundary,
# and its path number `link`), and the entity that it ends with: index into the graph's `entity` or -1, and its
# number of tokens. `used` [1]: boundaries in use.
Told = namedtuple(
    "Told",
    "began spelled pieces closing length score previous word words place spent paths best history best_unknown "
    "state total source link entity tokens used",
)


@compiled
def make_told(fusion, nodes):
    """Memory for so many nodes. Boundary 0 is the utterance's beginning, node 0 the empty prefix."""
    size = nodes + 1 if fusion.on else 1
    shape = (size, fusion.histories)
    told = Told(
        np.zeros(size, np.int32), np.zeros(size, np.int32), np.zeros(size, np.int32), np.full(size, -1, np.int32),
        np.zeros(size, np.int32), np.zeros(size),
        np.zeros(size, np.int32), np.zeros(size, np.int32), np.zeros(size, np.int32), np.zeros(size, np.int32),
        np.zeros(size), np.zeros(size, np.int32), np.zeros(size), np.zeros(size, np.int32), np.zeros(size),
        np.empty(shape, np.int32), np.empty(shape), np.empty(shape, np.int32), np.empty(shape, np.int32),
        np.empty(shape, np.int32), np.empty(shape, np.int32), np.ones(1, np.int64),
    )
    if fusion.on:
        put(told, 0, fusion.begin, 0.0, 0, -1, -1, 0)
        judge(fusion, told, 0)
    return told


@compiled
def put(told, boundary, state, total, source, link, entity, tokens):
    """Add a path to a boundary, unless a better one has its history or all kept ones are better."""
    count, slot = told.paths[boundary], -1
    for path in range(count):
        if told.state[boundary, path] == state:
            slot = path
    if slot < 0 and count < told.state.shape[1]:
        slot = count
        told.paths[boundary] += 1
        told.total[boundary, slot] = -np.inf
    elif slot < 0:
        slot = 0
        for path in range(1, count):
            if told.total[boundary, path] < told.total[boundary, slot]:
                slot = path
    if total > told.total[boundary, slot]:
        told.state[boundary, slot], told.total[boundary, slot] = state, total
        told.source[boundary, slot], told.link[boundary, slot] = source, link
        told.entity[boundary, slot], told.tokens[boundary, slot] = entity, tokens


@compiled
def best_with(fusion, told, boundary, word):
    """The best score of a boundary's paths with ``word`` behind them, and the path."""
    best, which = -np.inf, 0
    for path in range(told.paths[boundary]):
        total = told.total[boundary, path] + advance(fusion.lm, told.state[boundary, path], word)[0]
        if total > best:
            best, which = total, path
    return best, which


@compiled
def judge(fusion, told, boundary):
    """Fill in the boundary's best scores."""
    path = told.total[boundary, : told.paths[boundary]].argmax()
    told.best[boundary], told.history[boundary] = told.total[boundary, path], told.state[boundary, path]
    told.best_unknown[boundary] = best_with(fusion, told, boundary, fusion.unk)[0]


@compiled
def close(fusion, graph, tree, told, node, state):
    """The boundary after ``node``'s last word; ``state`` is the node's in the context graph."""
    boundary = told.closing[node]
    if boundary >= 0:
        return boundary
    began, spelled = told.began[node], told.spelled[node]
    if spelled == 0:
        told.closing[node] = began
        return began
    boundary = told.used[0]
    told.used[0] += 1
    told.closing[node] = boundary
    word = fusion.trie.states[spelled].word
    told.previous[boundary], told.word[boundary] = began, word
    told.words[boundary], told.place[boundary] = told.words[began] + 1, told.length[node]
    told.spent[boundary] = fusion.piece_bonus * told.pieces[node] if word == fusion.unk else 0.0
    for path in range(told.paths[began]):
        score, following = advance(fusion.lm, told.state[began, path], word)
        put(told, boundary, following, told.total[began, path] + score + told.spent[boundary], began, path, -1, 0)
    while state != 0 and len(graph.end_class):  # every entity that ends here, the longest first
        best, which = -np.inf, -1
        for i in range(graph.states[state].ends, graph.states[state + 1].ends):
            if graph.end_class[i] > best:
                best, which = graph.end_class[i], i
        if which >= 0:
            depth = graph.states[state].depth
            start = told.began[back(tree, node, depth - 1)]
            for path in range(told.paths[start]):
                score, following = advance(fusion.lm, told.state[start, path], fusion.unk)
                total = told.total[start, path] + score + best + fusion.class_bonus
                put(told, boundary, following, total, start, path, which, depth)
        state = graph.states[state].fail
    judge(fusion, told, boundary)
    return boundary


@compiled
def provisional(fusion, graph, tree, told, parent, began, spelled, pieces, state):
    """The LM's part for pruning of a prefix that goes on from the node ``parent`` by one token."""
    score = fusion.weight * told.best[began] + fusion.ahead[spelled]
    if spelled == len(fusion.trie.token) - 1:  # no word of the LM begins so
        score += fusion.weight * fusion.piece_bonus * pieces
    if state != 0 and graph.class_hope[0] > -np.inf:
        hope = -np.inf
        while state != 0:  # every match under way
            if graph.class_hope[state] > -np.inf:
                depth = graph.states[state].depth
                start = began if depth == 1 else told.began[back(tree, parent, depth - 2)]
                hope = max(hope, told.best_unknown[start] + graph.class_hope[state])
            state = graph.states[state].fail
        if hope > -np.inf:
            hope = fusion.weight * (hope + fusion.class_bonus)
            score = max(score, hope + fusion.bonus_ahead if spelled != 0 else hope)
    return score + fusion.bonus * told.words[began]


@compiled
def likeness(told, key, began, spelled):
    """``key`` made one of prefixes of which the LM will say the same, too: they have the same best history and the
    same letters of the word under way (any, where no word of the LM begins so).

    How many tokens spell that word makes no difference, although it does to an unknown one. int64.
    """
    return key * 0x9E3779B97F4A7C1 + ((np.int64(told.history[began]) << 32) | spelled) * 0x2545F4914F6CDD1D


@compiled
def reaches(fusion, graph, told, node, closing, state):
    """The most that `provisional` can be for children of ``node``: of those within its last word, of those beyond."""
    began = told.began[node]
    within, spare = told.score[node], max(0.0, fusion.bonus)
    beyond = fusion.weight * told.best[closing] + fusion.bonus * told.words[closing] + fusion.top_ahead
    if told.spelled[node] == 0:  # a word begins within it
        within += spare
        within = max(within, fusion.weight * told.best[began] + fusion.bonus * told.words[began] + fusion.top_ahead)
    if graph.class_hope[0] > -np.inf:
        top = graph.class_hope[0] + fusion.class_bonus
        if told.spelled[node] == 0:
            entered = fusion.weight * (told.best_unknown[began] + top)
            within = max(within, entered + fusion.bonus * told.words[began] + spare)
        beyond = max(beyond, fusion.weight * (told.best_unknown[closing] + top) + fusion.bonus * told.words[closing] + spare)
        if state != 0:
            beyond = max(beyond, told.score[node] + 2 * spare)
    return within, beyond
