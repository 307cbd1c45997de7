"""The counts that Kneser-Ney smoothing needs, from text, for all orders at once in numpy.

An n-gram of order n is identified by two n-grams of order n - 1: its suffix (without its first word)
and its context (without its last). So the table of an order is a few flat arrays, and an n-gram of
any length has a 64-bit key: its suffix's row times the vocabulary size, plus its first word.
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
        """Split sentences into words at white space; empty sentences are skipped.

        Raises InputError for a sentence that holds one of SPECIALS.
        """
        index: Dict[str, int] = {word: number for number, word in enumerate(SPECIALS)}
        ids = array("i")
        for number, sentence in enumerate(sentences, 1):
            words = sentence.split()
            if words:
                numbers = [index.setdefault(word, len(index)) for word in words]
                if min(numbers) < len(SPECIALS):
                    raise InputError(f"sentence {number} holds {SPECIALS[min(numbers)]}", hint="take it out of the text")
                ids.append(BOS)
                ids.extend(numbers)
                ids.append(EOS)
        return cls(list(index), np.frombuffer(ids, np.int32) if ids else np.zeros(0, np.int32))


@dataclass(frozen=True)
class Grams:
    """The M different n-grams of one order in a text; for order 1, all words, SPECIALS among them."""

    first: np.ndarray  # [M] int32: number of the first word
    suffix: np.ndarray  # [M] int64: row, in the next lower order, of the n-gram without its first word; order 1: 0
    context: np.ndarray  # [M] int64: row, in the next lower order, of the n-gram without its last word; order 1: 0
    raw: np.ndarray  # [M] int64: number of occurrences in the text; <s> and <unk>: 0
    adjusted: np.ndarray  # [M] int64: see `count`


def count(corpus: Corpus, order: int) -> List[Grams]:
    """The n-grams of orders 1 to ``order`` (at least 2), lowest first.

    Each sentence is preceded by one ``<s>`` and followed by one ``</s>``. Adjusted counts are those of
    Heafield et al. 2013, section 3.2: the raw count at the highest order and for n-grams that begin
    with ``<s>``; otherwise the number of different words that precede the n-gram in the text.
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
    """The distance, in words, of each position from its sentence's ``<s>``. ``[T]`` int64."""
    position = np.arange(len(ids))
    return position - np.maximum.accumulate(np.where(ids == BOS, position, 0))


def spelled(grams: List[Grams]) -> List[np.ndarray]:
    """The word numbers of every n-gram, one ``[M, n]`` int32 array for each order."""
    tables = [grams[0].first[:, None]]
    for level in grams[1:]:
        tables.append(np.column_stack([level.first, tables[-1][level.suffix]]))
    return tables
