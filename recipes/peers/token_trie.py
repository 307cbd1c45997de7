"""A trie of the entities' token sequences that gives a bonus a token, for decoders with a hook of their own.

The bonus is provisional, as in ``ctcb``: leaving the trie before an entity's end takes it back, down
to the entities that were complete at a word's end and what the longest suffix still in the trie has
matched (failure links, Aho and Corasick 1975). What differs from ``ctcb`` is that every token is worth
the same, whatever its frame looks like. Gains are counted in tokens; the decoder's weight multiplies them.
"""
from __future__ import annotations

from typing import Dict, Iterable, List, Sequence, Tuple

import numpy as np


class TokenTrie:
    """The trie; node 0 is the root.

    Attributes
    ----------
    children : node -> {token: node}.
    depth : node -> tokens from the root.
    is_end : node -> whether a sequence ends there.
    """

    def __init__(self, sequences: Iterable[Sequence[int]], starts_word: np.ndarray) -> None:
        """``sequences`` each begin with a token that begins a word (``starts_word``, ``[V]``)."""
        self.children: List[Dict[int, int]] = [{}]
        self.depth: List[int] = [0]
        self.is_end: List[bool] = [False]
        self._starts_word = starts_word.astype(bool).tolist()
        # Tokens of complete entities that leaving a node keeps, if the word goes on or if it ends.
        self._kept: List[int] = [0]
        self._kept_at_end: List[int] = [0]
        for sequence in sequences:
            node = 0
            for token in sequence:
                node = self._child(node, token)
            self.is_end[node] = True
        self._fail = [0] * len(self.depth)
        queue = [0]
        for node in queue:
            for token, child in self.children[node].items():
                self._kept[child] = self._kept_at_end[node] if self._starts_word[token] else self._kept[node]
                self._kept_at_end[child] = self.depth[child] if self.is_end[child] else self._kept[child]
                if node:
                    self._fail[child] = self._after(self._fail[node], token, self.depth[node])
                queue.append(child)

    def __len__(self) -> int:
        return len(self.depth)

    def move(self, node: int, token: int) -> Tuple[int, int]:
        """The node after a token, and the tokens gained (less than 0 where some are taken back)."""
        child = self.children[node].get(token)
        if child is not None:
            return child, 1
        kept = self._kept_at_end[node] if self._starts_word[token] else self._kept[node]
        # What is kept must not be matched a second time as the beginning of something else.
        after = self._after(self._fail[node], token, self.depth[node] - kept)
        return after, kept + self.depth[after] - self.depth[node]

    def finish(self, node: int) -> int:
        """Tokens gained where the utterance ends in a node: at most 0."""
        return self._kept_at_end[node] - self.depth[node]

    def _child(self, node: int, token: int) -> int:
        found = self.children[node].get(token)
        if found is None:
            found = self.children[node][token] = len(self.depth)
            self.children.append({})
            self.depth.append(self.depth[node] + 1)
            self.is_end.append(False)
            self._kept.append(0)
            self._kept_at_end.append(0)
        return found

    def _after(self, suffix: int, token: int, deepest: int) -> int:
        """The node after a token from the longest suffix of at most ``deepest`` tokens that has it."""
        while suffix and (self.depth[suffix] > deepest or token not in self.children[suffix]):
            suffix = self._fail[suffix]
        return self.children[suffix].get(token, 0)
