r"""An n-gram LM over words as an automaton over a model's tokens: L and G of the k2 graph in one.

A state for each history that the LM continues, and below it the prefix tree of the words that may
follow, so that each n-gram stands there as its word's tokens. There are no epsilon arcs: k2 knows
blank and epsilon by the same number, so an epsilon would become a forced blank frame. Where G has a
backoff arc out of a history, here each word's last arc stands there several times: it leads to the
history, and at the price of the backoff to the shorter ones. That adds a few arcs a word, where
removing the epsilons the other way, toward what follows, would add a tree's root to each history.

The best path takes the dearest of several ways through a history or its backoffs. This is the LM's own
probability wherever an n-gram is at least as probable as what its backoff would give, as in
interpolated models (``ctcb lm``, lmplz); in others the backoff may win, as in every such graph.

Out of each history where the LM has an n-gram ``h <unk>`` there is a class slot: one arc of G, whose
place the list's entities take at request time (:mod:`ctcb.graph.entity_class`), and a loop over all
tokens that make a word, which keeps the vocabulary open.
"""
from __future__ import annotations

from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ctcb.errors import InputError
from ctcb.graph.tries import Arcs, grow, join, runs, table
from ctcb.lm.arrays import LN10, MISSING_UNK_LOG10, ArrayLm

START = 0  # the state before a sentence; no arc leads there

NO_WORD = -1


class Landings(NamedTuple):
    """Where a word's end leads: to its history, and through backoffs to shorter ones."""

    of: np.ndarray  # [M] int32: which of those asked for
    state: np.ndarray  # [M] int32
    score: np.ndarray  # [M] float32


class OpenWords(NamedTuple):
    """The tokens of which any word can be made."""

    begin: Sequence[int]  # begin a word, and may be all of it
    bare: Sequence[int]  # begin a word, and something must follow
    inner: Sequence[int]  # go on with a word, and may end it


class Slots(NamedTuple):
    """Where the class stands: the arcs ``<unk>`` of G."""

    state: np.ndarray  # [N] int32, the state it leaves
    score: np.ndarray  # [N] float32, log P(<unk> | history)
    target: np.ndarray  # [N] int32, which of `landings.of` it leads to


class Grammar(NamedTuple):
    """The automaton. Scores are the LM's, natural logarithms, before any weight."""

    num_states: int
    arcs: Arcs
    word: np.ndarray  # [E] int32: the LM's number of the word that ends with the arc, <unk>'s for others; else NO_WORD
    is_open: np.ndarray  # [E] bool: of the loop that makes any word
    final_state: np.ndarray  # [F] int32
    final_score: np.ndarray  # [F] float32, log P(</s> | history)
    slots: Slots
    landings: Landings  # of the slots' targets


def build_grammar(
    lm: ArrayLm, spellings: Sequence[Sequence[Tuple[int, ...]]], open_words: Optional[OpenWords] = None
) -> Grammar:
    """The automaton of an LM.

    Parameters
    ----------
    spellings : the different token sequences of each of the LM's words, by its number; none for
        words that the model cannot say.
    open_words : the tokens of words that the LM does not know; None makes a closed vocabulary.

    Raises
    ------
    InputError : the LM has no ``<unk>``, or none of its words has a spelling.
    """
    if lm.arrays.node["log_prob"][1 + lm.unk] <= 0.99 * MISSING_UNK_LOG10 * LN10:
        raise InputError("has no 1-gram <unk>, so no name could come in", file=lm.path, hint="make it anew with `ctcb lm`")
    if not any(map(len, spellings)):
        raise InputError("none of its words can be spelled", file=lm.path, hint="give the lexicon that goes with it")
    ngrams = _Ngrams.of(lm)
    words, num_states = _words(lm, ngrams, spellings)

    is_end, is_unk = ngrams.word == lm.end, ngrams.word == lm.unk
    final_state, final_score = ngrams.history[is_end], ngrams.score[is_end]
    targets, target = np.unique(ngrams.after[is_unk], return_inverse=True)
    landings = _landings(lm, targets, ngrams.state_of)
    begin = _landings(lm, np.array([lm.begin]), ngrams.state_of)
    slots = _with_start(Slots(ngrams.history[is_unk], ngrams.score[is_unk], target.astype(np.int32)), begin)

    parts = [words, _first_words(words, begin)]
    if open_words is not None:
        loops, num_states = _loops(slots, landings, len(targets), open_words, lm.unk, num_states)
        parts.append(loops)
    at_once = [cost + final_score[final_state == state] for state, cost in zip(begin.state, begin.score)]
    return Grammar(
        num_states, join([part.arcs for part in parts]), np.concatenate([part.word for part in parts]).astype(np.int32),
        np.concatenate([np.full(len(part.word), i == 2) for i, part in enumerate(parts)]),
        np.append(final_state, START).astype(np.int32),
        np.append(final_score, np.concatenate(at_once).max()).astype(np.float32), slots, landings,
    )  # fmt: skip


class _Ngrams(NamedTuple):
    """The LM's n-grams, all ``[N]``, as words that follow histories."""

    history: np.ndarray  # int32, a state of the automaton
    word: np.ndarray
    score: np.ndarray  # float32
    after: np.ndarray  # the LM's state after the word
    state_of: np.ndarray  # by the LM's node: its state in the automaton; 0 for those that no n-gram goes on from

    @classmethod
    def of(cls, lm: ArrayLm) -> _Ngrams:
        node = lm.arrays.node
        histories = np.flatnonzero(np.diff(node["first_child"]) > 0)
        state_of = np.zeros(len(node), np.int32)
        state_of[histories] = 1 + np.arange(len(histories))
        parent = np.repeat(np.arange(len(node) - 1), np.diff(node["first_child"]))  # of node 1, 2, ...
        child = slice(1, 1 + len(parent))
        return cls(state_of[parent], lm.arrays.word[child], node["log_prob"][child], node["state"][child], state_of)


class _Part(NamedTuple):
    """Some arcs, and the word that ends with each."""

    arcs: Arcs
    word: np.ndarray


def _words(lm: ArrayLm, ngrams: _Ngrams, spellings: Sequence[Sequence[Tuple[int, ...]]]) -> Tuple[_Part, int]:
    """The words as trees below their histories; and how many states there are then."""
    sequences = sorted({sequence for found in spellings for sequence in found})
    row_by_sequence = {sequence: row for row, sequence in enumerate(sequences)}  # `table` keeps this order
    rows = np.array([row_by_sequence[sequence] for found in spellings for sequence in found])
    different, _ = table(sequences)
    first = np.cumsum([0, *map(len, spellings)])
    ngram, place = runs(first[ngrams.word], np.diff(first)[ngrams.word])
    row = rows[place]
    order = np.lexsort((row, ngrams.history[ngram]))
    ngram, row = ngram[order], row[order]
    score = ngrams.score[ngram]
    trees = grow(ngrams.history[ngram], row, score, different, 1 + int(ngrams.state_of.max()))
    last = different.tokens[row, different.length[row] - 1]
    ends = _landings(lm, ngrams.after[ngram], ngrams.state_of)
    landed = Arcs(trees.state[ends.of], ends.state, last[ends.of], (score - trees.given)[ends.of] + ends.score)
    word = np.append(np.full(len(trees.arcs.src), NO_WORD), ngrams.word[ngram[ends.of]])
    return _Part(join([trees.arcs, landed]), word), trees.num_states


def _first_words(words: _Part, begin: Landings) -> _Part:
    """What leaves the start, which stands for the history <s> and its backoffs."""
    chosen = [np.flatnonzero(words.arcs.src == state) for state in begin.state]
    which, cost = np.concatenate(chosen), np.repeat(begin.score, list(map(len, chosen)))
    arcs = words.arcs
    start = np.full(len(which), START, np.int32)
    return _Part(Arcs(start, arcs.dst[which], arcs.label[which], arcs.score[which] + cost), words.word[which])


def _landings(lm: ArrayLm, nodes: np.ndarray, state_of: np.ndarray) -> Landings:
    """The histories that go on from each of the LM's nodes, and the backoffs' scores."""
    node = lm.arrays.node
    at, of, score = nodes.astype(np.int64), np.arange(len(nodes)), np.zeros(len(nodes), np.float32)
    found: List[Tuple[np.ndarray, ...]] = []
    while len(at):
        here = state_of[at] > 0
        found.append((of[here], state_of[at[here]], score[here]))
        on = at > 0
        at, of, score = at[on], of[on], score[on]
        score = score + node["backoff"][at]
        at = node["suffix"][at]
    of, state, score = (np.concatenate(column) for column in zip(*found))
    order = np.argsort(of, kind="stable")
    return Landings(of[order].astype(np.int32), state[order], score[order].astype(np.float32))


def _with_start(slots: Slots, begin: Landings) -> Slots:
    """The slots, and those of the histories at a sentence's start once more, out of START."""
    parts = [slots]
    for state, cost in zip(begin.state, begin.score):
        here = slots.state == state
        parts.append(Slots(np.full(here.sum(), START, np.int32), slots.score[here] + cost, slots.target[here]))
    return Slots(*(np.concatenate(column).astype(column[0].dtype) for column in zip(*parts)))


def _loops(
    slots: Slots, landings: Landings, num_targets: int, tokens: OpenWords, unk: int, num_states: int
) -> Tuple[_Part, int]:
    """Any word in the class's place. For each target a state inside of a word and one after a bare start."""
    inside = num_states + np.arange(num_targets)
    bare = inside + num_targets
    begin, inner = np.array(sorted(tokens.begin), np.int32), np.array(sorted(tokens.inner), np.int32)
    parts: List[Arcs] = []
    words: List[np.ndarray] = []

    def add(sources: np.ndarray, target: np.ndarray, scores: np.ndarray, labels: np.ndarray) -> None:
        """Arcs that may end the word or not, from each source by each label."""
        pairs = np.repeat(np.arange(len(sources)), len(labels))
        label = np.tile(labels, len(sources))
        src, to, score = sources[pairs], target[pairs], scores[pairs]
        parts.append(Arcs(src, inside[to], label, score))
        words.append(np.full(len(src), NO_WORD, np.int32))
        splits = np.searchsorted(landings.of, np.arange(num_targets + 1))
        which, place = runs(splits[to], np.diff(splits)[to])
        parts.append(Arcs(src[which], landings.state[place], label[which], score[which] + landings.score[place]))
        words.append(np.full(len(which), unk, np.int32))

    add(slots.state, slots.target, slots.score, begin)
    for label in tokens.bare:
        parts.append(Arcs(slots.state, bare[slots.target], np.full(len(slots.state), label, np.int32), slots.score))
        words.append(np.full(len(slots.state), NO_WORD, np.int32))
    every, nothing = np.arange(num_targets), np.zeros(num_targets, np.float32)
    add(inside, every, nothing, inner)
    add(bare, every, nothing, inner)
    return _Part(join(parts), np.concatenate(words)), num_states + 2 * num_targets
