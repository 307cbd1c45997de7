"""Sequences that are nearly the same, among 100,000 and more: all pairs within a few edits (Levenshtein).

Two sequences within k edits have a common sequence from which each lacks at most k symbols. So each one's deletions are
hashed, and only those that share a hash are compared (the deletion neighbourhood; Mor and Fraenkel, "A hash code method for
detecting and correcting spelling errors", CACM 1982). Time and memory grow with the number of sequences, not with its square.
"""
from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import List, Sequence, Tuple

import numpy as np
from rapidfuzz.distance import Levenshtein

# Edits up to which sequences are near, by the length of the shorter: none below the first length, one from there on, two from the
# second on. Shorter ones have neighbours by chance.
LENGTHS = (4, 10)
LONGEST = 40  # longer ones are near within one edit: the ways to leave out two symbols grow with the square of the length
_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that it has an inverse modulo 2^64
# By what a symbol's power is too large behind so many symbols that are left out.
_SHIFTS = np.array([pow(int(_BASE), -count, 2**64) for count in range(len(LENGTHS) + 1)], np.uint64)
_FIRST_CHARACTER = 0x100  # symbols as text for rapidfuzz


@dataclass(frozen=True)
class Pairs:
    """Pairs of sequences that are near each other, each once."""

    first: np.ndarray  # int64, a sequence's number
    second: np.ndarray  # int64, a higher one
    edits: np.ndarray  # int64, between the two


def near_pairs(sequences: Sequence[np.ndarray]) -> Pairs:
    """The pairs of some sequences of symbols (small non-negative integers) that are near each other; empty ones are near none."""
    lengths = np.array([len(sequence) for sequence in sequences], np.int64)
    keys, owners = _deletions(sequences, lengths)
    first, second = _sharing(keys, owners)
    if not len(first):
        return Pairs(*(np.zeros(0, np.int64) for _ in range(3)))
    texts = ["".join(chr(_FIRST_CHARACTER + symbol) for symbol in sequence.tolist()) for sequence in sequences]
    edits = np.array([Levenshtein.distance(texts[i], texts[j]) for i, j in zip(first, second)], np.int64)
    near = edits <= np.minimum(_allowed(lengths[first]), _allowed(lengths[second]))
    return Pairs(first[near], second[near], edits[near])


def _allowed(lengths: np.ndarray) -> np.ndarray:
    one, two = LENGTHS
    return (lengths >= one).astype(np.int64) + ((lengths >= two) & (lengths <= LONGEST))


def _deletions(sequences: Sequence[np.ndarray], lengths: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """The hashes of all sequences with up to the allowed number of symbols left out, and the sequence of each.

    A sequence's hash is the sum of its symbols' random numbers times powers of the base, modulo 2^64: that of a part is the
    difference of two sums.
    """
    most = max((int(sequence.max()) for sequence in sequences if len(sequence)), default=0)
    values = np.random.default_rng(0).integers(1, 2**63, most + 1, dtype=np.uint64)
    keys: List[np.ndarray] = []
    owners: List[np.ndarray] = []
    for length in np.unique(lengths[lengths > 0]).tolist():
        own = np.flatnonzero(lengths == length)
        powers = np.cumprod(np.full(length, _BASE))
        terms = values[np.stack([sequences[i] for i in own])] * powers
        sums = np.concatenate([np.zeros((len(own), 1), np.uint64), np.cumsum(terms, axis=1, dtype=np.uint64)], axis=1)
        for count in range(int(_allowed(np.array(length))) + 1):
            for left_out in combinations(range(length), count):
                key, begin = np.zeros(len(own), np.uint64), 0
                for shift, place in zip(_SHIFTS, (*left_out, length)):
                    key = key + (sums[:, place] - sums[:, begin]) * shift
                    begin = place + 1
                keys.append(key)
                owners.append(own)
    if not keys:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    return np.concatenate(keys), np.concatenate(owners)


def _sharing(keys: np.ndarray, owners: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """The pairs of owners, each once, that share a key."""
    order = np.lexsort((owners, keys))
    keys, owners = keys[order], owners[order]
    fresh = np.r_[True, (keys[1:] != keys[:-1]) | (owners[1:] != owners[:-1])] if len(keys) else np.zeros(0, bool)
    keys, owners = keys[fresh], owners[fresh]
    found: List[np.ndarray] = []
    at, step = np.arange(len(keys)), 1
    while len(at):
        at = at[at + step < len(keys)]
        at = at[keys[at] == keys[at + step]]
        found.append(np.stack([owners[at], owners[at + step]], axis=1))
        step += 1
    pairs = np.unique(np.concatenate(found), axis=0) if found else np.zeros((0, 2), np.int64)
    return pairs[:, 0], pairs[:, 1]
