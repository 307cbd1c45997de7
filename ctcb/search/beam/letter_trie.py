"""The words of an LM as a trie of letters, walked by tokens of any segmentation."""
from __future__ import annotations

from collections import namedtuple

import numpy as np

from ctcb.compiled import compiled
from ctcb.search.beam.automaton import child

SPELLED = np.dtype([
    ("first_child", np.int32),  # its children run up to the next state's first
    ("word", np.int32),  # the LM's number of the word that is spelled so far, or <unk>'s
])  # fmt: skip

# A trie of the LM's words, letter by letter: `states` [S + 2] SPELLED, `token` [S + 1] int32 the letter that
# leads to a state. State 0 is the empty word, the last one stands for all beginnings that no word of the LM has.
# Token i writes the letters `letters[first_letter[i] : first_letter[i + 1]]`; `start` [V] int32 is where a word
# gets with it that begins with it.
Trie = namedtuple("Trie", "states token first_letter letters start")


@compiled
def walk(trie, state, token):
    """The state after the letters of ``token``."""
    last = len(trie.token) - 1
    for i in range(trie.first_letter[token], trie.first_letter[token + 1]):
        state = child(trie, state, trie.letters[i])
        if state == 0:
            return last
    return state


@compiled
def fill_start(trie):
    """Fill in `start`."""
    for token in range(len(trie.start)):
        trie.start[token] = walk(trie, 0, token)


@compiled
def best_below(values, parent):
    """Raise each state's value to the highest one below it."""
    for state in range(len(parent) - 1, 0, -1):
        values[parent[state]] = max(values[parent[state]], values[state])
