r"""An n-gram LM over words as an automaton over a model's tokens: L and G of the k2 graph composed.

There is a state for each history that the LM continues. Below it hangs the prefix tree of the words
that may follow, so that each n-gram is spelled in its word's tokens. There are no epsilon arcs: k2
uses the same number for blank and epsilon, so an epsilon would become a forced blank frame. Instead
of backoff arcs out of a history, each word's last arc exists several times: once to the word's
history, and once to each shorter history, with the backoff in its score. That adds a few arcs to each
word; removing the epsilons on the other side would copy a tree's root into each history.

The best path takes the most probable of the ways through a history or its backoffs. That is the LM's
own probability wherever an n-gram is at least as probable as its backoff estimate, as in interpolated
models (``ctcb lm``, lmplz). In other models the backoff may win, as in every backoff graph.

Each history ``h`` with an n-gram ``h <unk>`` has a class slot: one arc of G that is replaced by the
entities of a list at decoding time (:mod:`ctcb.graph.entity_class`), and by a loop over all tokens
that can make a word, which keeps the vocabulary open.
"""
from __future__ import annotations

from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ctcb.errors import InputError
from ctcb.graph.tries import Arcs, grow, join, runs, table
from ctcb.lm.arrays import ArrayLm

START = 0  # the state before a sentence; no arc leads to it

NO_WORD = -1


class Landings(NamedTuple):
    """The states in which a word may end: its history's, and through backoffs those of shorter histories."""

    of: np.ndarray  # [M] int32: index of the history that was asked for
    state: np.ndarray  # [M] int32
    score: np.ndarray  # [M] float32, sum of the backoffs


class OpenWords(NamedTuple):
    """The tokens that any word can be made of."""

    begin: Sequence[int]  # begin a word, and may be the whole of it
    bare: Sequence[int]  # begin a word, and must be followed by another token
    inner: Sequence[int]  # continue a word, and may end it


class Slots(NamedTuple):
    """The places of the class: the arcs ``<unk>`` of G."""

    state: np.ndarray  # [N] int32, the state that the arc leaves
    score: np.ndarray  # [N] float32, ln P(<unk> | history)
    target: np.ndarray  # [N] int32, the value of `landings.of` that it leads to


class Grammar(NamedTuple):
    """The automaton. Scores are the LM's natural logarithms, before any weight."""

    num_states: int
    arcs: Arcs
    word: np.ndarray  # [E] int32: LM number of the word that ends with the arc (<unk>'s for unknown words), or NO_WORD
    is_open: np.ndarray  # [E] bool: whether the arc belongs to the loop of unknown words
    final_state: np.ndarray  # [F] int32
    final_score: np.ndarray  # [F] float32, ln P(</s> | history)
    slots: Slots
    landings: Landings  # of the slots' targets


def build_grammar(
    lm: ArrayLm, spellings: Sequence[Sequence[Tuple[int, ...]]], open_words: Optional[OpenWords] = None
) -> Grammar:
    """Build the automaton of an LM.

    Parameters
    ----------
    spellings : the different token sequences of each of the LM's words, by its number; none for words
        that cannot be spelled in the model's tokens.
    open_words : the tokens of words that the LM does not know; None for a closed vocabulary.

    Raises
    ------
    InputError : none of the LM's words has a spelling.
    """
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
    """The LM's n-grams as words after histories, ``[N]`` each."""

    history: np.ndarray  # int32, a state of the automaton
    word: np.ndarray
    score: np.ndarray  # float32
    after: np.ndarray  # the LM's state after the word
    state_of: np.ndarray  # for each node of the LM its state in the automaton; 0 for nodes without continuation

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
    """Arcs, and the word that ends with each."""

    arcs: Arcs
    word: np.ndarray


def _words(lm: ArrayLm, ngrams: _Ngrams, spellings: Sequence[Sequence[Tuple[int, ...]]]) -> Tuple[_Part, int]:
    """The words as prefix trees below their histories; and the number of states so far."""
    sequences = sorted({sequence for word_spellings in spellings for sequence in word_spellings})
    row_by_sequence = {sequence: row for row, sequence in enumerate(sequences)}  # `table` keeps this order
    rows = np.array([row_by_sequence[sequence] for word_spellings in spellings for sequence in word_spellings])
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
    landed = Arcs(trees.state[ends.of], ends.state, last[ends.of], (score - trees.spent)[ends.of] + ends.score)
    word = np.append(np.full(len(trees.arcs.src), NO_WORD), ngrams.word[ngram[ends.of]])
    return _Part(join([trees.arcs, landed]), word), trees.num_states


def _first_words(words: _Part, begin: Landings) -> _Part:
    """The arcs out of the start state, which stands for the history <s> and its backoffs."""
    chosen = [np.flatnonzero(words.arcs.src == state) for state in begin.state]
    which, cost = np.concatenate(chosen), np.repeat(begin.score, list(map(len, chosen)))
    arcs = words.arcs
    start = np.full(len(which), START, np.int32)
    return _Part(Arcs(start, arcs.dst[which], arcs.label[which], arcs.score[which] + cost), words.word[which])


def _landings(lm: ArrayLm, nodes: np.ndarray, state_of: np.ndarray) -> Landings:
    """For each of the LM's nodes, the histories with continuations that backing off reaches, and the backoffs' scores."""
    node = lm.arrays.node
    at, of, score = nodes.astype(np.int64), np.arange(len(nodes)), np.zeros(len(nodes), np.float32)
    reached: List[Tuple[np.ndarray, ...]] = []
    while len(at):
        here = state_of[at] > 0
        reached.append((of[here], state_of[at[here]], score[here]))
        on = at > 0
        at, of, score = at[on], of[on], score[on]
        score = score + node["backoff"][at]
        at = node["suffix"][at]
    of, state, score = (np.concatenate(column) for column in zip(*reached))
    order = np.argsort(of, kind="stable")
    return Landings(of[order].astype(np.int32), state[order], score[order].astype(np.float32))


def _with_start(slots: Slots, begin: Landings) -> Slots:
    """The slots, with those of the histories at a sentence's start repeated for START."""
    parts = [slots]
    for state, cost in zip(begin.state, begin.score):
        here = slots.state == state
        parts.append(Slots(np.full(here.sum(), START, np.int32), slots.score[here] + cost, slots.target[here]))
    return Slots(*(np.concatenate(column).astype(column[0].dtype) for column in zip(*parts)))


def _loops(
    slots: Slots, landings: Landings, num_targets: int, tokens: OpenWords, unk: int, num_states: int
) -> Tuple[_Part, int]:
    """The loops of unknown words in the class's place: for each target a state inside a word and one after a bare start."""
    inside = num_states + np.arange(num_targets)
    bare = inside + num_targets
    begin, inner = np.array(sorted(tokens.begin), np.int32), np.array(sorted(tokens.inner), np.int32)
    parts: List[Arcs] = []
    words: List[np.ndarray] = []

    def add(sources: np.ndarray, target: np.ndarray, scores: np.ndarray, labels: np.ndarray) -> None:
        """For each source and label, arcs that continue the word and arcs that end it."""
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
    all_targets, no_scores = np.arange(num_targets), np.zeros(num_targets, np.float32)
    add(inside, all_targets, no_scores, inner)
    add(bare, all_targets, no_scores, inner)
    return _Part(join(parts), np.concatenate(words)), num_states + 2 * num_targets
