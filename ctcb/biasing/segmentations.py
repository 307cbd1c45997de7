"""All token sequences that write what some do.

A phrase to push away is pushed in all of its segmentations: else the search would write it in another.
"""
from __future__ import annotations

from typing import Dict, List, Sequence, Tuple

from ctcb.search.vocabulary import Vocabulary
from ctcb.text.spelling import TokenIds

# Sequences of one phrase at most: a word of 12 letters has 2,048 where every pair and run of letters is a token.
MOST = 4096


def every_segmentation(sequences: Sequence[TokenIds], symbols: Sequence[str], vocabulary: Vocabulary) -> Tuple[TokenIds, ...]:
    """``sequences``, and all others of tokens whose ``symbols`` joined are equal, those of few tokens first; at most MOST.

    No sequence holds the blank, or begins or ends with a separator.
    """
    numbers: Dict[str, List[int]] = {}
    for number, symbol in enumerate(symbols):
        if number != vocabulary.blank:
            numbers.setdefault(symbol, []).append(number)
    longest = max(map(len, symbols), default=0)
    found = dict.fromkeys(sequences)
    for text in dict.fromkeys("".join(symbols[token] for token in sequence) for sequence in sequences):
        # By place in the text: the shortest sequences that write it up to there.
        ways: List[List[TokenIds]] = [[()]] + [[] for _ in text]
        for end in range(1, len(text) + 1):
            more = [
                (*before, number)
                for begin in range(max(0, end - longest), end)
                for number in numbers.get(text[begin:end], ())
                for before in ways[begin]
            ]
            ways[end] = sorted(more, key=len)[:MOST]
        inside = (way for way in ways[-1] if not (vocabulary.is_separator[way[0]] or vocabulary.is_separator[way[-1]]))
        found.update(dict.fromkeys(inside))
    return tuple(found)[:MOST]
