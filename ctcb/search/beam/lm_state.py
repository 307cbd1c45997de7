"""What the LM fusion reads, and what it says along the prefix tree (``lm_fusion.py``), as records of arrays."""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ctcb.lm.arrays import LmArrays, advance
from ctcb.search.beam.letter_trie import LetterTrie


class LmFusion(NamedTuple):
    """The word LM and its weights, which a search reads and never changes.

    Attributes
    ----------
    on : bool, whether there is an LM at all; without one nothing else counts.
    weight : float64, factor on the LM's natural-log probabilities, class_bonus and piece_bonus.
    word_bonus : float64, added a word.
    class_bonus : float64, nats, added to log P(<unk>) of an entity in the class.
    piece_bonus : float64, nats, added to log P(<unk>) for each token of any other word outside of the vocabulary.
    look_ahead : ``[S + 1]`` float32, by state of the trie: what is added while a word is under way, before
        its own score is known; weighted.
    top_look_ahead : float64, its highest value, at least 0,
    look_ahead_word_bonus : float64, and the part of it that is the word's bonus.
    lm : the LM's n-grams.
    trie : its words by letters; S states and a last one for what begins no word.
    unk, end : int, the numbers of ``<unk>`` and ``</s>``.
    begin : int, the LM's state before the first word.
    histories : int, H, the LM states that a prefix may have at a word boundary.
    """

    on: bool
    weight: float
    word_bonus: float
    class_bonus: float
    piece_bonus: float
    look_ahead: np.ndarray
    top_look_ahead: float
    look_ahead_word_bonus: float
    lm: LmArrays
    trie: LetterTrie
    unk: int
    end: int
    begin: int
    histories: int


class LmWord(NamedTuple):
    """The word under way of one new prefix, as scalars; see PREFIX_WORD."""

    score: float
    word_start: int
    letters: int
    word_tokens: int


PREFIX_WORD = np.dtype([  # the word under way of a prefix
    ("score", np.float64),  # nats, the LM's part of the prefix's score for pruning; weighted
    ("word_start", np.int32),  # the word boundary at which its last word begins
    ("letters", np.int32),  # the trie's state after that word's letters
    ("word_tokens", np.int32),  # how many tokens spell that word
    ("word_end", np.int32),  # the boundary after that word, or -1 if it was not needed yet
    ("length", np.int32),  # all tokens of the prefix
], align=True)  # fmt: skip

BOUNDARY = np.dtype([  # of words
    ("previous", np.int32),  # the boundary at which the word before this one begins
    ("word", np.int32),  # the LM's number of that word
    ("num_words", np.int32), ("num_tokens", np.int32),  # words and tokens before the boundary
    ("num_paths", np.int32),  # how many paths lead there
    ("best_state", np.int32),  # the LM state of the best path,
    ("best", np.float64),  # nats, and its score
    ("best_unknown", np.float64),  # nats, the best score of a path with an <unk> behind it
    ("unknown_bonus", np.float64),  # nats, added because the LM does not know the word (`piece_bonus`)
], align=True)  # fmt: skip

PATH = np.dtype([  # of a word boundary
    ("total", np.float64),  # nats, the sum of its log-probabilities, class and piece bonuses; not weighted
    ("state", np.int32),  # the LM state after the path
    ("source", np.int32), ("source_path", np.int32),  # the boundary that it goes on from (-1: none), and the path's number there
    ("entity", np.int32),  # the entity that it ends with: an index into the graph's `entity`, or -1,
    ("entity_tokens", np.int32),  # and how many tokens that has
], align=True)  # fmt: skip


class LmState(NamedTuple):
    """What the LM says along the prefix tree, worked out as it is asked for.

    Attributes
    ----------
    prefixes : ``[N]`` PREFIX_WORD, by node in the prefix tree.
    count : ``[1]`` int64, how many word boundaries are in use. Number 0 is the utterance's beginning.
    boundaries : ``[N]`` BOUNDARY.
    paths : ``[N, H]`` PATH, of each boundary.
    """

    prefixes: np.ndarray
    count: np.ndarray
    boundaries: np.ndarray
    paths: np.ndarray


def make_lm_state(fusion: LmFusion, nodes: int) -> LmState:
    """The LmState of so many nodes: node 0 is the empty prefix, and boundary 0 has the path with no words."""
    if not fusion.on:
        return _NO_LM
    lm_state = _make_lm_state(nodes + 1, fusion.histories)
    lm_state.prefixes["word_end"] = -1
    first, path = lm_state.boundaries[0], lm_state.paths[0, 0]
    path["state"], path["source"], path["source_path"], path["entity"] = fusion.begin, -1, -1, -1
    first["num_paths"], first["best_state"] = 1, fusion.begin
    first["best_unknown"] = advance(fusion.lm, fusion.begin, fusion.unk)[0]
    return lm_state


def _make_lm_state(size: int, histories: int) -> LmState:
    return LmState(
        np.zeros(size, PREFIX_WORD), np.array([1], np.int64), np.zeros(size, BOUNDARY), np.zeros((size, histories), PATH))


_NO_LM = _make_lm_state(1, 1)  # nobody reads or writes it
