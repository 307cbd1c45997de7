"""What a graph's arcs say, for telling texts apart."""
from __future__ import annotations

from typing import Callable, Sequence

import numpy as np

from ctcb.graph.entity_class import FullGraph
from ctcb.graph.grammar import NO_WORD
from ctcb.graph.nbest import Texts
from ctcb.graph.static import NO_ENTITY, Meaning
from ctcb.text.tokens import WORD_START, TokenTable

BASE, MASK = 0x9E3779B97F4A7C15, (1 << 64) - 1  # odd, so that steps can be undone and no text is lost


def spelled_by_tokens(graph: FullGraph, table: TokenTable) -> Texts:
    """Each new token adds its letters."""
    said = [symbol.replace(WORD_START, " ").lower() if symbol in table.written else "" for symbol in table.symbols]
    for separator in table.separators:
        said[table.symbols.index(separator)] = " "
    steps = _steps([*said, ""])

    def says(arcs: Meaning) -> np.ndarray:
        return np.where(arcs.new_token, arcs.label, len(said))

    return _of_both(graph, says, steps)


def spelled_by_words(graph: FullGraph, words: Sequence[str], entities: Sequence[str]) -> Texts:
    """Each arc on which a word or an entity ends adds it."""
    steps = _steps([*(f" {word}" for word in words), *(f" {entity}" for entity in entities), ""])

    def says(arcs: Meaning) -> np.ndarray:
        entity = np.where(arcs.entity != NO_ENTITY, len(words) + arcs.entity, len(words) + len(entities))
        return np.where(arcs.word != NO_WORD, arcs.word, entity)

    return _of_both(graph, says, steps)


def _of_both(graph: FullGraph, says: Callable[[Meaning], np.ndarray], steps: Texts) -> Texts:
    """The steps of all arcs by their numbers."""
    said = np.append(says(graph.static), says(graph.own))
    return Texts(steps.times[said], steps.plus[said])


def _steps(said: Sequence[str]) -> Texts:
    times, plus = np.empty(len(said), np.uint64), np.empty(len(said), np.uint64)
    for place, text in enumerate(said):
        value = 0
        for letter in text:
            value = (value * BASE + ord(letter)) & MASK
        times[place], plus[place] = pow(BASE, len(text), 1 << 64), value
    return Texts(times, plus)
