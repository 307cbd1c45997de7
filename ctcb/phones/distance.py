"""Edit distance between phone sequences, in which sounds that are alike cost less.

``ctcb/text/features.tsv`` says what the phones are like (:mod:`ctcb.text.sounds`); the weights there are our judgement.
Taking one phone for another costs 0.15 to 1, leaving one out or putting one in costs its presence.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Sequence, Tuple

import numpy as np

from ctcb.text.sounds import STRESS, difference, sounds_of

_SPECIAL = re.compile(r"<[^<>]*>|\[[A-Za-z]+\]").fullmatch  # a blank, <unk>, <wb>: no phone


@dataclass(frozen=True)
class Costs:
    """Of edits; the phone after the last is a filler that costs nothing to leave out or to put in."""

    swap: np.ndarray  # [P + 1, P + 1] float32
    presence: np.ndarray  # [P + 1] float32, of leaving out and of putting in


@lru_cache(maxsize=None)
def costs(symbols: Tuple[str, ...]) -> Costs:
    """The costs for a phone head's symbols ``[P]``, of any table; the blank (id 0), stress marks and symbols like ``<unk>`` cost nothing.

    A symbol that is neither a CMU phone nor one of the IPA is as far from all others as can be.
    """
    count = len(symbols)
    swap = np.ones((count + 1, count + 1), np.float32)
    weights = np.zeros(count + 1, np.float32)
    names = [symbol.rstrip("012").lstrip(STRESS) for symbol in symbols]
    # What a symbol of several sounds (əl) begins with stands for it.
    sounds = [next(iter(sounds_of(name)), None) if index else None for index, name in enumerate(names)]
    for i, (name, sound) in enumerate(zip(names, sounds)):
        if i == 0 or _SPECIAL(name):
            continue
        weights[i] = 1.0 if sound is None else sound.presence
        for j, (other_name, other) in enumerate(zip(names, sounds)):
            if name == other_name:
                swap[i, j] = 0.0
            elif sound is not None and other is not None:
                swap[i, j] = difference(sound, other)
    return Costs(swap, weights)


def edit_costs(recognised: Sequence[np.ndarray], spoken: Sequence[np.ndarray], cost: Costs) -> np.ndarray:
    """The cheapest edits that make each of ``spoken`` into its one of ``recognised`` (int64 phone ids): ``[N]`` float32 costs."""
    if not len(recognised):
        return np.zeros(0, np.float32)
    filler = len(cost.presence) - 1
    columns, rows = _padded(recognised, filler), _padded(spoken, filler)
    put_in = np.concatenate([np.zeros((len(recognised), 1), np.float32), np.cumsum(cost.presence[columns], axis=1)], axis=1)
    table = put_in
    for phones in rows.T:
        kept = table + cost.presence[phones][:, None]
        kept[:, 1:] = np.minimum(kept[:, 1:], table[:, :-1] + cost.swap[phones[:, None], columns])
        # What is put in along a row: the best start before each column, and the cost up to there.
        table = np.minimum.accumulate(kept - put_in, axis=1) + put_in
    return table[:, -1]


def _padded(sequences: Sequence[np.ndarray], filler: int) -> np.ndarray:
    table = np.full((len(sequences), max(map(len, sequences))), filler, np.int64)
    for row, sequence in zip(table, sequences):
        row[: len(sequence)] = sequence
    return table
