"""An n-gram LM as flat arrays, for compiled code and for graphs. All scores are natural logarithms.

The n-grams form a tree: a node for each, its parent the n-gram without the last word. Nodes are
numbered level by level, in each by parent and word, so that a node's children are neighbours in the
order of their words. Node 0 is the empty n-gram, node 1 + w the word w. A state is a node.
"""
from __future__ import annotations

import math
from collections import namedtuple
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Dict, Iterable, List, Optional, Tuple, Union

import numpy as np

from ctcb.compiled import compiled
from ctcb.errors import InputError
from ctcb.lm.arpa import MAKE_ANEW, Arpa, Table, read_arpa
from ctcb.lm.unknown import UNKNOWN, unknown_score
from ctcb.lm.vocabulary import VocabularyCheck, check_vocabulary

LN10 = math.log(10.0)

NODE = np.dtype([
    ("first_child", np.int32),  # its children run up to the next node's first
    ("suffix", np.int32),  # the longest proper suffix that is a node: where the search goes on after the backoff
    ("state", np.int32),  # the shortest equivalent history: the node itself or a suffix of it
    ("log_prob", np.float32),
    ("backoff", np.float32),
])  # fmt: skip

# `node` [N + 1] NODE, the last one only a limit; `word` [N + 1] int32, a node's last word (-1: none).
LmArrays = namedtuple("LmArrays", "node word")


@compiled(allocates=False)
def advance(lm, state, word):
    """ln P(word | state) (float64) and the state after the word (int).

    ``word`` is a number below the vocabulary's size; the number of ``<unk>`` is used for every unknown word.
    """
    total = 0.0
    while state != 0:
        low, high = lm.node[state].first_child, lm.node[state + 1].first_child
        limit = high
        while low < high:  # the first child whose word is not smaller
            middle = (low + high) >> 1
            if lm.word[middle] < word:
                low = middle + 1
            else:
                high = middle
        if low < limit and lm.word[low] == word:
            return total + lm.node[low].log_prob, lm.node[low].state
        total += lm.node[state].backoff
        state = lm.node[state].suffix
    return total + lm.node[1 + word].log_prob, lm.node[1 + word].state


@dataclass(frozen=True)
class ArrayLm:
    """The arrays and the words of their numbers. Make one with :meth:`load`."""

    arrays: LmArrays
    words: List[str]  # sorted, <s>, </s> and <unk> among them
    order: int
    begin: int  # the state before a sentence's first word
    path: Optional[Path] = None
    notes: Tuple[str, ...] = ()  # for the user, on what was done to the file's contents

    @classmethod
    def load(cls, path: Union[str, Path]) -> ArrayLm:
        """Read and check an ARPA file, gzip or not. Raises InputError, with the line where there is one."""
        return cls.build(read_arpa(path), path)

    @classmethod
    def build(cls, arpa: Arpa, path: Optional[Union[str, Path]] = None, notes: Tuple[str, ...] = ()) -> ArrayLm:
        """Build the arrays of an ARPA file's contents; where it has no usable ``<unk>``, ``unknown_score`` stands for it.

        Raises InputError for duplicate n-grams and those whose context is missing.
        """
        score, note = unknown_score(arpa.words, arpa.tables[0].log10)
        words, tables = _sorted_words(arpa, score)
        levels = [_Level(np.array([0]), np.array([-1]), np.array([-1]), np.zeros(1), np.zeros(1))]
        keys = np.zeros(0, np.int64)  # of all nodes but 0, in their order: parent * vocabulary + word
        suffix = np.array([0])  # of all nodes so far
        for table in tables:
            level = _level(table, keys, len(words), path)
            new = len(suffix) + np.arange(len(level.parent))
            suffix_of_new = _suffixes(level, suffix, keys, len(words))
            keys = np.concatenate([keys, level.parent * len(words) + level.word])
            suffix = np.concatenate([suffix, suffix_of_new])
            levels.append(level._replace(node=new))
        arrays = _arrays(levels, suffix)
        begin = int(arrays.node["state"][1 + words.index("<s>")])
        notes += () if note is None else (note,)
        return cls(arrays, words, len(tables), begin, None if path is None else Path(path), notes)

    @cached_property
    def index(self) -> Dict[str, int]:
        """Word -> number."""
        return {word: number for number, word in enumerate(self.words)}

    @property
    def unk(self) -> int:
        """The number of ``<unk>``."""
        return self.index["<unk>"]

    @property
    def end(self) -> int:
        """The number of ``</s>``."""
        return self.index["</s>"]

    def ids(self, words: Iterable[str]) -> np.ndarray:
        """The words' numbers, that of ``<unk>`` for unknown words. ``[n]`` int32."""
        return np.array([self.index.get(word, self.unk) for word in words], np.int32)

    def check_vocabulary(self, words: Iterable[str], source: str) -> VocabularyCheck:
        """:func:`ctcb.lm.vocabulary.check_vocabulary` for this LM. Raises InputError."""
        return check_vocabulary(self.index.__contains__, words, source, self.path)


# One level of the tree; all arrays [M], rows in the order of the nodes.
_Level = namedtuple("_Level", "node parent word log_prob backoff")


def _sorted_words(arpa: Arpa, unknown_log10: float) -> Tuple[List[str], List[Table]]:
    """The words sorted, ``<unk>`` with its score, added where it is missing, and the tables renumbered to match."""
    tables, words = list(arpa.tables), list(arpa.words)
    unigrams = tables[0]
    if UNKNOWN in words:
        log10 = np.where(unigrams.ids[:, 0] == words.index(UNKNOWN), unknown_log10, unigrams.log10)
        tables[0] = Table(unigrams.ids, log10, unigrams.backoff, unigrams.line)
    else:
        words.append(UNKNOWN)
        ids = np.append(unigrams.ids, [[len(words) - 1]], axis=0)
        tables[0] = Table(ids, np.append(unigrams.log10, unknown_log10), np.append(unigrams.backoff, 0.0), unigrams.line)
    order = sorted(range(len(words)), key=words.__getitem__)
    number = np.empty(len(words), np.int64)
    number[order] = np.arange(len(words))
    return [words[i] for i in order], [Table(number[t.ids], t.log10, t.backoff, t.line) for t in tables]


def _find(keys: np.ndarray, parent: np.ndarray, word: np.ndarray, size: int) -> np.ndarray:
    """The nodes with these parents and words, -1 where there is none. ``[M]`` int64."""
    targets = parent * size + word
    if not len(keys):
        return np.full(len(targets), -1)
    place = np.minimum(np.searchsorted(keys, targets), len(keys) - 1)
    return np.where(keys[place] == targets, place + 1, -1)


def _level(table: Table, keys: np.ndarray, size: int, path: Optional[Union[str, Path]]) -> _Level:
    """A table's n-grams with their parents, in the order of the nodes."""
    n = table.ids.shape[1]
    rows = np.lexsort(table.ids.T[::-1])  # sorted look-ups below are several times faster
    ids = table.ids[rows]
    parent = np.zeros(len(ids), np.int64)
    for place in range(n - 1):
        parent = _find(keys, parent, ids[:, place], size)
        if (parent < 0).any():
            line = table.line + int(rows[parent < 0].min())
            raise InputError(f"the first {place + 1} words of this {n}-gram are not an n-gram of the model", file=path, line=line, hint=MAKE_ANEW)
    twice = (ids[1:] == ids[:-1]).all(axis=1)
    if twice.any():
        line = table.line + int(rows[1:][twice].min())
        raise InputError(f"this {n}-gram is a duplicate", file=path, line=line, hint=MAKE_ANEW)
    return _Level(None, parent, ids[:, -1], table.log10[rows] * LN10, table.backoff[rows] * LN10)


def _suffixes(level: _Level, suffix: np.ndarray, keys: np.ndarray, size: int) -> np.ndarray:
    """Each node's longest proper suffix that is a node (models pruned by entropy lack some). ``[M]`` int64."""
    result = np.zeros(len(level.parent), np.int64)
    open_rows = np.flatnonzero(level.parent > 0)
    start = suffix[level.parent]
    while len(open_rows):
        nodes = _find(keys, start[open_rows], level.word[open_rows], size)
        result[open_rows] = np.maximum(nodes, 0)
        open_rows = open_rows[nodes < 0]
        start[open_rows] = suffix[start[open_rows]]
    return result


def _arrays(levels: List[_Level], suffix: np.ndarray) -> LmArrays:
    count = len(suffix)
    parents = np.concatenate([level.parent for level in levels[1:]])
    node = np.zeros(count + 1, NODE)
    node["first_child"] = 1 + np.searchsorted(parents, np.arange(count + 1))
    node["suffix"][:count] = suffix
    node["log_prob"][:count] = np.concatenate([level.log_prob for level in levels])
    node["backoff"][:count] = np.concatenate([level.backoff for level in levels])
    state = np.zeros(count, np.int64)
    matters = np.diff(node["first_child"]) > 0
    matters |= node["backoff"][:count] != 0
    for level in levels[1:]:
        state[level.node] = np.where(matters[level.node], level.node, state[suffix[level.node]])
    node["state"][:count] = state
    word = np.concatenate([level.word for level in levels] + [[-1]]).astype(np.int32)
    return LmArrays(node, word)
