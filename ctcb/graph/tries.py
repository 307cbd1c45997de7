"""Prefix trees of many token sequences, built level by level in numpy."""
from __future__ import annotations

from typing import NamedTuple, Sequence, Tuple

import numpy as np


class Arcs(NamedTuple):
    """Arcs of an automaton over tokens, ``[E]`` each."""

    src: np.ndarray  # int32
    dst: np.ndarray  # int32
    label: np.ndarray  # int32, a token
    score: np.ndarray  # float32, natural logarithm


class Table(NamedTuple):
    """Token sequences in lexicographic order."""

    tokens: np.ndarray  # [R, L] int32, -1 behind a sequence's end
    length: np.ndarray  # [R] int32, at least 1


class Tries(NamedTuple):
    """Prefix trees without their last arcs, whose destinations the caller decides."""

    arcs: Arcs
    state: np.ndarray  # [N] int32: the state before the last token of each row
    spent: np.ndarray  # [N] float32: the part of the row's score that is on the arcs to that state
    num_states: int  # roots and inner states together


def table(sequences: Sequence[Tuple[int, ...]]) -> Tuple[Table, np.ndarray]:
    """The sequences sorted, as a Table, and the row of each. They must be different and not empty."""
    order = sorted(range(len(sequences)), key=sequences.__getitem__)
    length = np.array([len(sequences[i]) for i in order], np.int32)
    tokens = np.full((len(order), int(length.max(initial=1))), -1, np.int32)
    tokens[np.arange(tokens.shape[1]) < length[:, None]] = [token for i in order for token in sequences[i]]
    row = np.empty(len(order), np.int32)
    row[order] = np.arange(len(order))
    return Table(tokens, length), row


def grow(roots: np.ndarray, rows: np.ndarray, scores: np.ndarray, sequences: Table, num_states: int) -> Tries:
    """Build a tree below each root, of the sequences that leave it.

    Scores are pushed toward the root: an arc carries the part of the score that all sequences behind it
    share, so that a search can prune early.

    Parameters
    ----------
    roots, rows, scores : ``[N]``, sorted by root, then row: the state in which each sequence
        starts, which sequence it is, and its score.
    num_states : of the automaton so far; new states are numbered from here.
    """
    state, spent = roots.astype(np.int32), np.zeros(len(rows), np.float32)
    length = sequences.length[rows]
    parts = []
    for depth in range(sequences.tokens.shape[1] - 1):
        inner = np.flatnonzero(length - 1 > depth)
        if not len(inner):
            break
        token = sequences.tokens[rows[inner], depth]
        before = state[inner]
        new = np.ones(len(inner), bool)
        new[1:] = (token[1:] != token[:-1]) | (before[1:] != before[:-1])
        first, group = np.flatnonzero(new), np.cumsum(new) - 1
        best = np.maximum.reduceat(scores[inner], first).astype(np.float32)
        parts.append(Arcs(
            before[first], np.arange(num_states, num_states + len(first), dtype=np.int32), token[first],
            best - spent[inner[first]],
        ))  # fmt: skip
        state[inner] = num_states + group
        spent[inner] = best[group]
        num_states += len(first)
    return Tries(join(parts), state, spent, num_states)


def join(parts: Sequence[Arcs]) -> Arcs:
    """The arcs of several automata that share their numbering of states."""
    empty = Arcs(*(np.zeros(0, kind) for kind in (np.int32, np.int32, np.int32, np.float32)))
    return Arcs(*(np.concatenate([np.asarray(column, like.dtype) for column in columns])
                  for like, *columns in zip(empty, empty, *parts) for columns in [columns or [like]]))  # fmt: skip


def runs(first: np.ndarray, count: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Consecutive runs of ``count`` numbers that begin at ``first``: the run of each number, and the numbers."""
    which = np.repeat(np.arange(len(count)), count)
    return which, np.arange(len(which)) + np.repeat(first - (np.cumsum(count) - count), count)
