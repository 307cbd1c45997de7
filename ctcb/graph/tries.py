"""Many token sequences as prefix trees, all at once in numpy."""
from __future__ import annotations

from typing import NamedTuple, Sequence, Tuple

import numpy as np


class Arcs(NamedTuple):
    """Arcs of an automaton over tokens, all ``[E]``."""

    src: np.ndarray  # int32
    dst: np.ndarray  # int32
    label: np.ndarray  # int32, a token
    score: np.ndarray  # float32, natural logarithm


class Table(NamedTuple):
    """Token sequences in lexicographic order."""

    tokens: np.ndarray  # [R, L] int32, -1 behind a sequence's end
    length: np.ndarray  # [R] int32, at least 1


class Tries(NamedTuple):
    """Prefix trees without their last arcs: where these lead is the caller's business."""

    arcs: Arcs
    state: np.ndarray  # [N] int32: before the last token of each row
    given: np.ndarray  # [N] float32: how much of the row's score stands on the arcs that lead there
    num_states: int  # of the roots and all inner states


def table(sequences: Sequence[Tuple[int, ...]]) -> Tuple[Table, np.ndarray]:
    """Different sequences, none empty, sorted; and each one's row."""
    order = sorted(range(len(sequences)), key=sequences.__getitem__)
    length = np.array([len(sequences[i]) for i in order], np.int32)
    tokens = np.full((len(order), int(length.max(initial=1))), -1, np.int32)
    tokens[np.arange(tokens.shape[1]) < length[:, None]] = [token for i in order for token in sequences[i]]
    row = np.empty(len(order), np.int32)
    row[order] = np.arange(len(order))
    return Table(tokens, length), row


def grow(roots: np.ndarray, rows: np.ndarray, scores: np.ndarray, sequences: Table, num_states: int) -> Tries:
    """A tree below each root, of the sequences that are to leave it.

    An arc carries as much of the score as all sequences behind it have in common, so that a search
    knows early what it will cost to go on.

    Parameters
    ----------
    roots, rows, scores : ``[N]``, sorted by root, then row: the state in which each sequence
        starts, which sequence it is, and its score.
    num_states : of the automaton so far; new states are numbered from here.
    """
    state, given = roots.astype(np.int32), np.zeros(len(rows), np.float32)
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
            best - given[inner[first]],
        ))  # fmt: skip
        state[inner] = num_states + group
        given[inner] = best[group]
        num_states += len(first)
    return Tries(join(parts), state, given, num_states)


def join(parts: Sequence[Arcs]) -> Arcs:
    """All arcs of several automata that number their states alike."""
    empty = Arcs(*(np.zeros(0, kind) for kind in (np.int32, np.int32, np.int32, np.float32)))
    return Arcs(*(np.concatenate([np.asarray(column, like.dtype) for column in columns])
                  for like, *columns in zip(empty, empty, *parts) for columns in [columns or [like]]))  # fmt: skip


def runs(first: np.ndarray, count: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Runs of ``count`` numbers that begin at ``first``, one after another: which run, and the numbers."""
    which = np.repeat(np.arange(len(count)), count)
    return which, np.arange(len(which)) + np.repeat(first - (np.cumsum(count) - count), count)
