"""What the LM fusion reads, and what it says along the prefix tree (``lm_fusion.py``), as records of arrays."""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ctcb.lm.arrays import LmArrays
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
    """The word under way of one new prefix, as scalars; see :class:`PrefixWords`."""

    score: float
    word_start: int
    letters: int
    word_tokens: int


class PrefixWords(NamedTuple):
    """The word under way of each prefix, by its node in the prefix tree.

    Attributes
    ----------
    score : ``[N]`` float64, nats, the LM's part of the prefix's score for pruning; weighted.
    word_start : ``[N]`` int32, the word boundary at which its last word begins.
    letters : ``[N]`` int32, the trie's state after that word's letters.
    word_tokens : ``[N]`` int32, how many tokens spell that word.
    word_end : ``[N]`` int32, the boundary after that word, or -1 if it was not needed yet.
    length : ``[N]`` int32, all tokens of the prefix.
    """

    score: np.ndarray
    word_start: np.ndarray
    letters: np.ndarray
    word_tokens: np.ndarray
    word_end: np.ndarray
    length: np.ndarray


class WordBoundaries(NamedTuple):
    """The word boundaries; number 0 is the utterance's beginning.

    Attributes
    ----------
    count : ``[1]`` int64, how many are in use.
    previous : ``[N]`` int32, the boundary at which the word before this one begins.
    word : ``[N]`` int32, the LM's number of that word.
    num_words, num_tokens : ``[N]`` int32, words and tokens before the boundary.
    unknown_bonus : ``[N]`` float64, nats, added because the LM does not know that word (``piece_bonus``).
    num_paths : ``[N]`` int32, how many paths lead there.
    best : ``[N]`` float64, nats, the best path's score,
    best_state : ``[N]`` int32, and its LM state.
    best_unknown : ``[N]`` float64, nats, the best score of a path with an ``<unk>`` behind it.
    """

    count: np.ndarray
    previous: np.ndarray
    word: np.ndarray
    num_words: np.ndarray
    num_tokens: np.ndarray
    unknown_bonus: np.ndarray
    num_paths: np.ndarray
    best: np.ndarray
    best_state: np.ndarray
    best_unknown: np.ndarray


class LmPaths(NamedTuple):
    """The paths of each word boundary.

    Attributes
    ----------
    state : ``[N, H]`` int32, the LM state after the path.
    total : ``[N, H]`` float64, nats, the sum of its log-probabilities, class and piece bonuses; not weighted.
    source : ``[N, H]`` int32, the boundary that it goes on from (-1: none),
    source_path : ``[N, H]`` int32, and the number of the path there.
    entity : ``[N, H]`` int32, the entity that it ends with: an index into the graph's ``entity``, or -1,
    entity_tokens : ``[N, H]`` int32, and how many tokens that has.
    """

    state: np.ndarray
    total: np.ndarray
    source: np.ndarray
    source_path: np.ndarray
    entity: np.ndarray
    entity_tokens: np.ndarray


class LmState(NamedTuple):
    """What the LM says along the prefix tree, worked out as it is asked for."""

    prefixes: PrefixWords
    boundaries: WordBoundaries
    paths: LmPaths
