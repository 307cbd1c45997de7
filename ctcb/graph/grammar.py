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
from ctcb.graph.tries import Arcs, grow, join, table
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
    node = lm.arrays.node
    if node["log_prob"][1 + lm.unk] <= 0.99 * MISSING_UNK_LOG10 * LN10:
        raise InputError("has no 1-gram <unk>, so no name could follow any word", file=lm.path, mend="make it anew with `ctcb lm`")
    histories = np.flatnonzero(np.diff(node["first_child"]) > 0)
    state_of = np.zeros(len(node), np.int32)  # of those that are histories
    state_of[histories] = 1 + np.arange(len(histories))
    parent = np.repeat(np.arange(len(node) - 1), np.diff(node["first_child"]))  # of node 1, 2, ...
    child = 1 + np.arange(len(parent))
    word = lm.arrays.word[child]

    # The words as trees below their histories.
    owner = [w for w, found in enumerate(spellings) for _ in found]
    sequences = [sequence for found in spellings for sequence in found]
    if not sequences:
        raise InputError("none of its words can be spelled", file=lm.path, mend="give the lexicon that goes with it")
    different = sorted(set(sequences))
    known = {sequence: i for i, sequence in enumerate(different)}
    sorted_table, row_of = table(different)
    first = np.searchsorted(owner, np.arange(len(spellings) + 1))
    rows = row_of[[known[sequence] for sequence in sequences]]
    times = np.diff(first)[word]
    ngram = np.repeat(np.arange(len(child)), times)
    nth = np.arange(len(ngram)) - np.repeat(np.cumsum(times) - times, times)
    row = rows[first[word[ngram]] + nth]
    order = np.lexsort((row, parent[ngram]))
    ngram, row = ngram[order], row[order]
    score = node["log_prob"][child[ngram]]
    trees = grow(state_of[parent[ngram]], row, score, sorted_table, 1 + len(histories))
    last = Arcs(trees.state, np.zeros(len(row), np.int32), sorted_table.tokens[row, sorted_table.length[row] - 1], score - trees.given)
    ends = _landings(lm, node["state"][child[ngram]], state_of)
    parts = [trees.arcs, _landed(last, ends)]
    words = [np.full(len(trees.arcs.src), NO_WORD, np.int32), word[ngram[ends.of]]]

    # Sentence ends, and the class: its slots and where it leads.
    is_end, is_unk = word == lm.end, word == lm.unk
    finals = state_of[parent[is_end]], node["log_prob"][child[is_end]]
    after = node["state"][child[is_unk]]
    targets, target = np.unique(after, return_inverse=True)
    slots = Slots(state_of[parent[is_unk]], node["log_prob"][child[is_unk]], target.astype(np.int32))
    landings = _landings(lm, targets, state_of)

    # The start stands for the history <s> and its backoffs.
    begin = _landings(lm, np.array([lm.begin]), state_of)
    slots = _with_start(slots, begin)
    num_states = trees.num_states
    is_open = [np.zeros(len(column), bool) for column in words]
    if open_words is not None:
        loops, loop_words, num_states = _loops(slots, landings, len(targets), open_words, lm.unk, num_states)
        parts.append(loops)
        words.append(loop_words)
        is_open.append(np.ones(len(loop_words), bool))
    arcs, all_words, all_open = join(parts), np.concatenate(words), np.concatenate(is_open)
    copies = [np.flatnonzero(arcs.src == state) for state in begin.state]
    for state, cost, chosen in zip(begin.state, begin.score, copies):
        chosen = chosen[~all_open[chosen]]  # the loop has its own arcs from the start
        again = Arcs(np.full(len(chosen), START, np.int32), arcs.dst[chosen], arcs.label[chosen], arcs.score[chosen] + cost)
        arcs, all_words, all_open = join([arcs, again]), np.append(all_words, all_words[chosen]), np.append(all_open, all_open[chosen])
    at_once = [cost + finals[1][finals[0] == state] for state, cost in zip(begin.state, begin.score)]
    return Grammar(
        num_states, arcs, all_words.astype(np.int32), all_open,
        np.append(finals[0], START).astype(np.int32), np.append(finals[1], np.concatenate(at_once).max()).astype(np.float32),
        slots, landings,
    )  # fmt: skip


def _landings(lm: ArrayLm, nodes: np.ndarray, state_of: np.ndarray) -> Landings:
    """The histories that go on from each of the LM's nodes, and the backoffs' scores."""
    node = lm.arrays.node
    at, of, score = nodes.astype(np.int64), np.arange(len(nodes)), np.zeros(len(nodes), np.float32)
    found: List[Tuple[np.ndarray, ...]] = []
    while len(at):
        here = (state_of[at] > 0)
        found.append((of[here], state_of[at[here]], score[here]))
        on = at > 0
        at, of, score = at[on], of[on], score[on]
        score = score + node["backoff"][at]
        at = node["suffix"][at]
    of, state, score = (np.concatenate(column) for column in zip(*found))
    order = np.argsort(of, kind="stable")
    return Landings(of[order].astype(np.int32), state[order], score[order].astype(np.float32))


def _landed(last: Arcs, ends: Landings) -> Arcs:
    """Each arc once for every place where it lands."""
    return Arcs(last.src[ends.of], ends.state, last.label[ends.of], last.score[ends.of] + ends.score)


def _with_start(slots: Slots, begin: Landings) -> Slots:
    """The slots, and those of the histories at a sentence's start once more, out of START."""
    parts = [slots]
    for state, cost in zip(begin.state, begin.score):
        here = slots.state == state
        parts.append(Slots(np.full(here.sum(), START, np.int32), slots.score[here] + cost, slots.target[here]))
    return Slots(*(np.concatenate(column).astype(column[0].dtype) for column in zip(*parts)))


def _loops(
    slots: Slots, landings: Landings, num_targets: int, tokens: OpenWords, unk: int, num_states: int
) -> Tuple[Arcs, np.ndarray, int]:
    """Any word in the class's place. For each target a state inside of a word and one after a bare start."""
    inside, bare = num_states + np.arange(num_targets), num_states + num_targets + np.arange(num_targets)
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
        count = np.diff(splits)[to]
        which = np.repeat(np.arange(len(src)), count)
        place = splits[to[which]] + np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
        parts.append(Arcs(src[which], landings.state[place], label[which], score[which] + landings.score[place]))
        words.append(np.full(len(which), unk, np.int32))

    add(slots.state, slots.target, slots.score, begin)
    for label in tokens.bare:
        parts.append(Arcs(slots.state, bare[slots.target], np.full(len(slots.state), label, np.int32), slots.score))
        words.append(np.full(len(slots.state), NO_WORD, np.int32))
    every, nothing = np.arange(num_targets), np.zeros(num_targets, np.float32)
    add(inside, every, nothing, inner)
    add(bare, every, nothing, inner)
    return join(parts), np.concatenate(words), num_states + 2 * num_targets
