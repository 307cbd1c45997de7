"""Text -> the counts that Kneser-Ney smoothing needs, for all orders at once in numpy.

Every n-gram of order n is told by two smaller ones: its suffix (without its first word) and its
context (without its last), both of order n - 1. So a table of an order is a few flat arrays, and an
n-gram of any length has a 64-bit key: its suffix's row times the vocabulary, plus its first word.
"""
from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Dict, Iterable, List

import numpy as np

from ctcb.errors import InputError

SPECIALS = ("<unk>", "<s>", "</s>")
UNK, BOS, EOS = range(3)


@dataclass(frozen=True)
class Corpus:
    """A text as word numbers."""

    words: List[str]  # by number, SPECIALS first, then in their order of appearance
    ids: np.ndarray  # [T] int32: <s> words... </s> <s> words... </s> ...

    @classmethod
    def read(cls, sentences: Iterable[str]) -> Corpus:
        """Words are what white space parts; sentences without any are passed over. Raises InputError."""
        index: Dict[str, int] = {word: number for number, word in enumerate(SPECIALS)}
        ids = array("i")
        for number, sentence in enumerate(sentences, 1):
            words = sentence.split()
            if words:
                found = [index.setdefault(word, len(index)) for word in words]
                if min(found) < len(SPECIALS):
                    raise InputError(f"sentence {number} holds {SPECIALS[min(found)]}", hint="take it out of the text")
                ids.append(BOS)
                ids.extend(found)
                ids.append(EOS)
        return cls(list(index), np.frombuffer(ids, np.int32) if ids else np.zeros(0, np.int32))


@dataclass(frozen=True)
class Grams:
    """All n-grams of one order that a text holds, M of them; of order 1, all words, SPECIALS among them."""

    first: np.ndarray  # [M] int32: the first word
    suffix: np.ndarray  # [M] int64: row, in the order below, of the n-gram without its first word; order 1: 0
    context: np.ndarray  # [M] int64: row, in the order below, of the n-gram without its last word; order 1: 0
    raw: np.ndarray  # [M] int64: how often the text holds it; <s> and <unk>: 0
    adjusted: np.ndarray  # [M] int64: see `count`


def count(corpus: Corpus, order: int) -> List[Grams]:
    """The n-grams of orders 1 to ``order`` (at least 2), lowest first.

    A sentence is read with one ``<s>`` before it and one ``</s>`` after it. Adjusted counts as in
    Heafield et al. 2013, section 3.2: at the highest order, and for what begins with ``<s>``, the raw
    count; else the number of different words that the text has before the n-gram.
    """
    size = len(corpus.words)
    depth = _depth(corpus.ids)
    nothing = np.zeros(size, np.int64)
    raw = np.bincount(corpus.ids, minlength=size)
    raw[BOS] = 0
    first, suffix, context = np.arange(size, dtype=np.int32), nothing, nothing
    row_at = corpus.ids.astype(np.int64)  # the n-gram that ends at each position: its row
    grams: List[Grams] = []
    for n in range(2, order + 1):
        ends = np.flatnonzero(depth >= n - 1)
        keys = row_at[ends] * size + corpus.ids[ends - (n - 1)]
        keys, where, rows, new_raw = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
        new_context = row_at[ends[where] - 1]
        new_suffix = keys // size
        adjusted = np.bincount(new_suffix, minlength=len(raw))
        if n > 2:
            adjusted = np.where(first == BOS, raw, adjusted)
        grams.append(Grams(first, suffix, context, raw, adjusted))
        first, suffix, context, raw = (keys % size).astype(np.int32), new_suffix, new_context, new_raw
        row_at = np.full(len(row_at), -1)
        row_at[ends] = rows.reshape(-1)
    grams.append(Grams(first, suffix, context, raw, raw))
    return grams


def _depth(ids: np.ndarray) -> np.ndarray:
    """How many words each position is after its sentence's ``<s>``. [T] int64."""
    position = np.arange(len(ids))
    return position - np.maximum.accumulate(np.where(ids == BOS, position, 0))


def spelled(grams: List[Grams]) -> List[np.ndarray]:
    """The word numbers of every n-gram, order by order. [M, n] int32 each."""
    tables = [grams[0].first[:, None]]
    for level in grams[1:]:
        tables.append(np.column_stack([level.first, tables[-1][level.suffix]]))
    return tables
