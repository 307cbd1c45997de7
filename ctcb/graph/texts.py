"""What a graph's arcs say, for telling texts apart."""
from __future__ import annotations

from typing import Sequence

import numpy as np

from ctcb.graph.nbest import Texts
from ctcb.graph.static import Meaning
from ctcb.text.tokens import WORD_START, TokenTable

BASE, MASK = 0x9E3779B97F4A7C15, (1 << 64) - 1  # odd, so that steps can be undone and no text is lost


def spelled_by_tokens(arcs: Meaning, table: TokenTable) -> Texts:
    """Each new token adds its letters."""
    said = [symbol.replace(WORD_START, " ").lower() if symbol in table.written else "" for symbol in table.symbols]
    for separator in table.separators:
        said[table.symbols.index(separator)] = " "
    times, plus = _steps([*said, ""])
    says = np.where(arcs.new_token, arcs.label, len(said))
    return Texts(times[says], plus[says])


def spelled_by_words(arcs: Meaning, words: Sequence[str], entities: Sequence[str]) -> Texts:
    """Each arc on which a word or an entity ends adds it."""
    times, plus = _steps([*(f" {word}" for word in words), *(f" {entity}" for entity in entities), ""])
    says = np.where(arcs.word >= 0, arcs.word, np.where(arcs.entity >= 0, len(words) + arcs.entity, len(times) - 1))
    return Texts(times[says], plus[says])


def _steps(said: Sequence[str]) -> Texts:
    times, plus = np.empty(len(said), np.uint64), np.empty(len(said), np.uint64)
    for place, text in enumerate(said):
        value = 0
        for letter in text:
            value = (value * BASE + ord(letter)) & MASK
        times[place], plus[place] = pow(BASE, len(text), 1 << 64), value
    return Texts(times, plus)
