"""The words of an LM as a trie of letters, walked by tokens of any segmentation."""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ctcb.compiled import compiled
from ctcb.search.beam.automaton import child

LETTER_STATE = np.dtype([
    ("first_child", np.int32),  # its children run up to the next state's first
    ("word", np.int32),  # the LM's number of the word that is spelled so far, or <unk>'s
])  # fmt: skip


class LetterTrie(NamedTuple):
    """A trie of the LM's words, letter by letter, for a vocabulary of V tokens.

    State 0 is the empty word, the last one stands for all beginnings that no word of the LM has.

    Attributes
    ----------
    states : ``[S + 2]`` LETTER_STATE, the last one only a limit.
    token : ``[S + 1]`` int32, the letter that leads to a state (-1: none). So named for ``automaton.child``.
    first_letter : ``[V + 1]`` int32; token i writes the letters ``letters[first_letter[i] : first_letter[i + 1]]``.
    letters : ``[L]`` int32, the letters of all tokens.
    start : ``[V]`` int32, the state of a word that begins with the token.
    """

    states: np.ndarray
    token: np.ndarray
    first_letter: np.ndarray
    letters: np.ndarray
    start: np.ndarray


@compiled(allocates=False, inner=True)
def walk(trie, state, token):
    """The state of the LetterTrie after the letters of ``token``."""
    last = len(trie.token) - 1
    for i in range(trie.first_letter[token], trie.first_letter[token + 1]):
        state = child(trie, state, trie.letters[i])
        if state == 0:
            return last
    return state


@compiled
def fill_start(trie):
    """Fill in the LetterTrie's ``start``."""
    for token in range(len(trie.start)):
        trie.start[token] = walk(trie, 0, token)


@compiled
def best_below(values, parent):
    """Raise each state's value to the highest one below it; ``values`` and ``parent`` are ``[S]``, parents first."""
    for state in range(len(parent) - 1, 0, -1):
        values[parent[state]] = max(values[parent[state]], values[state])
