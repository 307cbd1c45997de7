"""All token sequences that write what some do.

A phrase to push away is pushed in all of its segmentations: else the search would write it in another.
"""
from __future__ import annotations

from typing import Dict, List, Sequence, Tuple

from ctcb.search.vocabulary import Vocabulary
from ctcb.text.spelling import TokenIds

# Sequences of one phrase at most: a word of 12 letters has 2,048 where every pair and run of letters is a token.
MOST = 4096


class Segmentations:
    """The tokens of a vocabulary by their symbols."""

    def __init__(self, symbols: Sequence[str], vocabulary: Vocabulary) -> None:
        self._symbols, self._is_separator = symbols, vocabulary.is_separator
        self._numbers: Dict[str, List[int]] = {}
        for number, symbol in enumerate(symbols):
            if number != vocabulary.blank:
                self._numbers.setdefault(symbol, []).append(number)
        self._longest = max(map(len, symbols), default=0)

    def of(self, sequences: Sequence[TokenIds]) -> Tuple[TokenIds, ...]:
        """``sequences``, and all others of tokens whose symbols joined are equal, those of few tokens first; at most MOST.

        No sequence holds the blank, or begins or ends with a separator.
        """
        found = dict.fromkeys(sequences)
        for text in dict.fromkeys("".join(self._symbols[token] for token in sequence) for sequence in sequences):
            # By place in the text: the shortest sequences that write it up to there.
            ways: List[List[TokenIds]] = [[()]] + [[] for _ in text]
            for end in range(1, len(text) + 1):
                more = [
                    (*before, number)
                    for begin in range(max(0, end - self._longest), end)
                    for number in self._numbers.get(text[begin:end], ())
                    for before in ways[begin]
                ]
                ways[end] = sorted(more, key=len)[:MOST]
            inside = (way for way in ways[-1] if not (self._is_separator[way[0]] or self._is_separator[way[-1]]))
            found.update(dict.fromkeys(inside))
        return tuple(found)[:MOST]
