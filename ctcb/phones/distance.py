"""Edit distance between phone sequences, in which sounds that are alike cost less.

``features.tsv`` says what the phones are like; the weights below are our judgement. Taking one phone
for another costs 0.15 to 1, leaving one out or putting one in costs its presence.
"""
from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

import numpy as np

TABLE = Path(__file__).with_name("features.tsv")

_LEAST = 0.15  # of any two different phones
_CONSONANT = np.array([0.25, 0.7, 0.9])  # voicing, place, openness
_VOWEL = np.array([0.4, 0.4, 0.1, 0.3, 0.3])  # begin height and backness, rounding, end height and backness


@dataclass(frozen=True)
class Costs:
    """Of edits; the phone after the last is a filler that costs nothing to leave out or to put in."""

    swap: np.ndarray  # [P + 1, P + 1] float32
    presence: np.ndarray  # [P + 1] float32, of leaving out and of putting in


@lru_cache(maxsize=None)
def costs(symbols: Tuple[str, ...]) -> Costs:
    """The costs for a phone head's symbols ``[P]``; the blank (id 0) and stress marks cost nothing."""
    kinds, presence, features, pairs = _read()
    count = len(symbols)
    swap = np.ones((count + 1, count + 1), np.float32)
    weights = np.zeros(count + 1, np.float32)
    names = [symbol.rstrip("012") for symbol in symbols]
    for i, phone in enumerate(names):
        if phone not in kinds:
            continue
        weights[i] = presence[phone]
        for j, other in enumerate(names):
            if other not in kinds:
                continue
            if phone == other:
                swap[i, j] = 0.0
            elif kinds[phone] == kinds[other]:
                scale = _CONSONANT if kinds[phone] == "consonant" else _VOWEL
                swap[i, j] = min(1.0, _LEAST + float(scale @ np.abs(features[phone] - features[other])))
            else:
                swap[i, j] = pairs.get(frozenset((phone, other)), 1.0)
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


@lru_cache(maxsize=None)
def _read() -> Tuple[Dict[str, str], Dict[str, float], Dict[str, np.ndarray], Dict[frozenset, float]]:
    kinds: Dict[str, str] = {}
    presence: Dict[str, float] = {}
    features: Dict[str, np.ndarray] = {}
    pairs: Dict[frozenset, float] = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        phone, second, *numbers = line.split("\t")
        values: List[float] = list(map(float, numbers))
        if second in ("consonant", "vowel"):
            kinds[phone], presence[phone], features[phone] = second, values[0], np.array(values[1:])
        else:
            pairs[frozenset((phone, second))] = values[0]
    return kinds, presence, features, pairs
