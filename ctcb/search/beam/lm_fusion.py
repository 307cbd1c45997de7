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

The maximum is found word by word: at each word boundary a prefix has a *path* for every LM state that
one of the sets leads to, with the best score of these, for what follows depends on a set only through
the state. With at most `histories` different states at a boundary this is exact; where there are
more (several entities within the LM's order), those of the worst scores are given up.

Pruning uses the best path at the last word boundary, for a word has no score before it ends, or what an
entity under way may still become: the class's score at the boundary where it began, with the best weight
of those it can be. With `look_ahead` a word under way has the score of the best 1-gram that begins so.
"""
from __future__ import annotations

import numpy as np

from ctcb.compiled import compiled
from ctcb.lm.arrays import advance
from ctcb.search.beam.boosting import ancestor


@compiled(allocates=False, inner=True)
def add_path(lm_state, boundary, state, total, source, source_path, entity, entity_tokens):
    """Add a path to a boundary, unless a better one has its LM state or all kept ones are better.

    The arguments after ``boundary`` are the fields of PATH.
    """
    paths, boundaries = lm_state.paths, lm_state.boundaries
    count, slot = boundaries[boundary].num_paths, -1
    for path in range(count):
        if paths[boundary, path].state == state:
            slot = path
    if slot < 0 and count < paths.shape[1]:
        slot = count
        boundaries[boundary].num_paths += 1
        paths[boundary, slot].total = -np.inf
    elif slot < 0:
        slot = 0
        for path in range(1, count):
            if paths[boundary, path].total < paths[boundary, slot].total:
                slot = path
    if total > paths[boundary, slot].total:
        better = paths[boundary, slot]
        better.state, better.total, better.source, better.source_path = state, total, source, source_path
        better.entity, better.entity_tokens = entity, entity_tokens


@compiled(allocates=False, inner=True)
def best_path(fusion, lm_state, boundary, word):
    """The best score (nats) of a boundary's paths with ``word`` behind them, and the number of that path."""
    best, which = -np.inf, np.int64(0)
    for number in range(lm_state.boundaries[boundary].num_paths):
        path = lm_state.paths[boundary, number]
        total = path.total + advance(fusion.lm, path.state, word)[0]
        if total > best:
            best, which = total, number
    return best, which


@compiled(allocates=False, inner=True)
def update_best(fusion, lm_state, boundary):
    """Fill in the boundary's ``best``, ``best_state`` and ``best_unknown`` from its paths."""
    end, paths = lm_state.boundaries[boundary], lm_state.paths
    best = 0
    for path in range(1, end.num_paths):
        if paths[boundary, path].total > paths[boundary, best].total:
            best = path
    end.best, end.best_state = paths[boundary, best].total, paths[boundary, best].state
    end.best_unknown = best_path(fusion, lm_state, boundary, fusion.unk)[0]


@compiled(allocates=False, inner=True)
def add_class_paths(fusion, graph, tree, lm_state, boundary, node, state):
    """Add to a boundary after ``node``'s last word the paths on which an entity that ends there is a unit of the class.

    ``state`` is the node's in the context graph.
    """
    prefixes, paths = lm_state.prefixes, lm_state.paths
    while state != 0:  # every entity that ends here, the longest first
        best, entity = -np.inf, np.int64(-1)
        for i in range(graph.states[state].ends, graph.states[state + 1].ends):
            if graph.end_class[i] > best:
                best, entity = graph.end_class[i], np.int64(i)
        if entity >= 0:
            depth = np.int64(graph.states[state].depth)
            source = np.int64(prefixes[ancestor(tree.nodes, node, depth - 1)].word_start)
            for path in range(lm_state.boundaries[source].num_paths):
                score, following = advance(fusion.lm, paths[source, path].state, fusion.unk)
                total = paths[source, path].total + score + best + fusion.class_bonus
                add_path(lm_state, boundary, np.int64(following), total, source, np.int64(path), entity, depth)
        state = np.int64(graph.states[state].fail)


@compiled(allocates=False, inner=True)
def end_word(fusion, graph, tree, lm_state, node, state):
    """The boundary after ``node``'s last word, made if need be; ``state`` is the node's in the context graph."""
    prefix, boundaries, paths = lm_state.prefixes[node], lm_state.boundaries, lm_state.paths
    boundary = np.int64(prefix.word_end)
    if boundary >= 0:
        return boundary
    word_start = np.int64(prefix.word_start)
    if prefix.letters == 0:  # no word
        prefix.word_end = word_start
        return word_start
    boundary = lm_state.count[0]
    lm_state.count[0] += 1
    prefix.word_end = boundary
    word = np.int64(fusion.trie.states[prefix.letters].word)
    unknown_bonus = fusion.piece_bonus * prefix.word_tokens if word == fusion.unk else 0.0
    before, end = boundaries[word_start], boundaries[boundary]
    end.previous, end.word, end.unknown_bonus = word_start, word, unknown_bonus
    end.num_words, end.num_tokens = before.num_words + 1, prefix.length
    none = np.int64(-1)
    for path in range(before.num_paths):
        score, following = advance(fusion.lm, paths[word_start, path].state, word)
        total = paths[word_start, path].total + score + unknown_bonus
        add_path(lm_state, boundary, np.int64(following), total, word_start, np.int64(path), none, np.int64(0))
    if len(graph.end_class):
        add_class_paths(fusion, graph, tree, lm_state, boundary, node, state)
    update_best(fusion, lm_state, boundary)
    return boundary


@compiled(allocates=False, inner=True)
def provisional_score(fusion, graph, tree, lm_state, parent, word_start, letters, word_tokens, state):
    """The LM's part (nats, weighted) for pruning of a prefix that goes on from the node ``parent`` by one token.

    ``word_start``, ``letters`` and ``word_tokens`` are the new prefix's (PREFIX_WORD), ``state`` is its
    state in the context graph.
    """
    boundaries = lm_state.boundaries
    score = fusion.weight * boundaries[word_start].best + fusion.look_ahead[letters]
    if letters == len(fusion.trie.token) - 1:  # no word of the LM begins so
        score += fusion.weight * fusion.piece_bonus * word_tokens
    if state != 0 and graph.class_bound[0] > -np.inf:
        in_class = -np.inf
        while state != 0:  # every match under way
            if graph.class_bound[state] > -np.inf:
                depth = graph.states[state].depth
                start = word_start if depth == 1 else lm_state.prefixes[ancestor(tree.nodes, parent, depth - 2)].word_start
                in_class = max(in_class, boundaries[start].best_unknown + graph.class_bound[state])
            state = graph.states[state].fail
        if in_class > -np.inf:
            in_class = fusion.weight * (in_class + fusion.class_bonus)
            score = max(score, in_class + fusion.look_ahead_word_bonus if letters != 0 else in_class)
    return score + fusion.word_bonus * boundaries[word_start].num_words


@compiled(allocates=False, inner=True)
def recombination_key(lm_state, key, word_start, letters):
    """``key`` made one of prefixes that the LM will score alike, too: they have the same best LM state and the
    same letters of the word under way (any, where no word of the LM begins so). int64.

    How many tokens spell that word makes no difference, although it does to an unknown one.
    """
    best_state = np.int64(lm_state.boundaries[word_start].best_state)
    return key * 0x9E3779B97F4A7C1 + ((best_state << 32) | letters) * 0x2545F4914F6CDD1D


@compiled(allocates=False, inner=True)
def score_bounds(fusion, graph, lm_state, node, word_end, state):
    """The most that `provisional_score` can be for children of ``node``: of those within its last word, of those beyond.

    ``word_end`` is the boundary after that word, ``state`` the node's in the context graph.
    """
    prefix = lm_state.prefixes[node]
    start, end = lm_state.boundaries[prefix.word_start], lm_state.boundaries[word_end]
    no_word = prefix.letters == 0
    within, spare = prefix.score, max(0.0, fusion.word_bonus)
    end_words = fusion.word_bonus * end.num_words
    beyond = fusion.weight * end.best + end_words + fusion.top_look_ahead
    start_words = fusion.word_bonus * start.num_words
    if no_word:  # a word begins within it
        within += spare
        within = max(within, fusion.weight * start.best + start_words + fusion.top_look_ahead)
    if graph.class_bound[0] > -np.inf:
        top = graph.class_bound[0] + fusion.class_bonus
        if no_word:
            within = max(within, fusion.weight * (start.best_unknown + top) + start_words + spare)
        beyond = max(beyond, fusion.weight * (end.best_unknown + top) + end_words + spare)
        if state != 0:
            beyond = max(beyond, prefix.score + 2 * spare)
    return within, beyond
