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
        # The most tokens that whole entities cover on the way to a node, if the word goes on or if it ends.
        self._kept: List[int] = [0]
        self._kept_at_end: List[int] = [0]
        self._parent: List[int] = [0]
        for sequence in sequences:
            node = 0
            for token in sequence:
                node = self._child(node, token)
            self.is_end[node] = True
        self._fail = [0] * len(self.depth)
        queue = [0]
        for node in queue:
            for token, child in self.children[node].items():
                if node:
                    suffix = self._fail[node]
                    while suffix and token not in self.children[suffix]:
                        suffix = self._fail[suffix]
                    self._fail[child] = self.children[suffix].get(token, 0)
                self._cover(child, self._kept_at_end[node] if self._starts_word[token] else self._kept[node])
                queue.append(child)

    def __len__(self) -> int:
        return len(self.depth)

    def move(self, node: int, token: int) -> Tuple[int, int]:
        """The node after a token, and the tokens gained (less than 0 where some are taken back)."""
        child = self.children[node].get(token)
        if child is not None:
            return child, 1
        # What is kept before a suffix and matched with it, for every suffix that the token carries on.
        kept = self._kept_at_end[node] if self._starts_word[token] else self._kept[node]
        after = self.children[0].get(token, 0)
        suffix = self._fail[node]
        while suffix:
            child = self.children[suffix].get(token)
            if child is not None:
                before = self._kept_at_end[self._up(node, self.depth[suffix])]
                if before + self.depth[child] > kept + self.depth[after]:  # else what is sure goes first
                    kept, after = before, child
            suffix = self._fail[suffix]
        return after, kept + self.depth[after] - self.depth[node]

    def finish(self, node: int) -> int:
        """Tokens gained where the utterance ends in a node: at most 0."""
        return self._kept_at_end[node] - self.depth[node]

    def _cover(self, node: int, kept: int) -> None:
        """Work out what a node keeps, given what is kept without an entity that ends there."""
        self._kept[node] = self._kept_at_end[node] = kept
        suffix = node
        while suffix:
            if self.is_end[suffix]:
                before = self._kept_at_end[self._up(node, self.depth[suffix])]
                self._kept_at_end[node] = max(self._kept_at_end[node], before + self.depth[suffix])
            suffix = self._fail[suffix]

    def _up(self, node: int, steps: int) -> int:
        for _ in range(steps):
            node = self._parent[node]
        return node

    def _child(self, node: int, token: int) -> int:
        found = self.children[node].get(token)
        if found is None:
            found = self.children[node][token] = len(self.depth)
            self.children.append({})
            self.depth.append(self.depth[node] + 1)
            self.is_end.append(False)
            self._kept.append(0)
            self._kept_at_end.append(0)
            self._parent.append(node)
        return found
