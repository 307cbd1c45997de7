"""What a graph's arcs add to the text, as steps of a hash that tells texts apart."""
from __future__ import annotations

from typing import Callable, Sequence

import numpy as np

from ctcb.graph.entity_class import FullGraph
from ctcb.graph.grammar import NO_WORD
from ctcb.graph.nbest import Texts
from ctcb.graph.static import NO_ENTITY, Meaning
from ctcb.text.tokens import WORD_START, TokenTable

BASE, MASK = 0x9E3779B97F4A7C15, (1 << 64) - 1  # odd, so that each step is invertible modulo 2^64


def spelled_by_tokens(graph: FullGraph, table: TokenTable) -> Texts:
    """The hash steps of a graph whose tokens spell words: each new token adds its letters."""
    letters = [table.writing.of_model(symbol.replace(WORD_START, " ")) if is_text else "" for symbol, is_text in zip(table.symbols, table.is_text)]
    for separator in table.separators:
        letters[table.symbols.index(separator)] = " "
    steps = _steps([*letters, ""])

    def step_of(arcs: Meaning) -> np.ndarray:
        return np.where(arcs.new_token, arcs.label, len(letters))

    return _of_both(graph, step_of, steps)


def spelled_by_words(graph: FullGraph, words: Sequence[str], entities: Sequence[str]) -> Texts:
    """The hash steps of a graph over phones: each arc with which a word or an entity ends adds it."""
    steps = _steps([*(f" {word}" for word in words), *(f" {entity}" for entity in entities), ""])

    def step_of(arcs: Meaning) -> np.ndarray:
        entity = np.where(arcs.entity != NO_ENTITY, len(words) + arcs.entity, len(words) + len(entities))
        return np.where(arcs.word != NO_WORD, arcs.word, entity)

    return _of_both(graph, step_of, steps)


def _of_both(graph: FullGraph, step_of: Callable[[Meaning], np.ndarray], steps: Texts) -> Texts:
    """The hash steps of all arcs, by their numbers."""
    step = np.append(step_of(graph.static), step_of(graph.listed))
    return Texts(steps.factor[step], steps.offset[step])


def _steps(texts: Sequence[str]) -> Texts:
    """The hash step of appending each text."""
    factor, offset = np.empty(len(texts), np.uint64), np.empty(len(texts), np.uint64)
    for place, text in enumerate(texts):
        value = 0
        for letter in text:
            value = (value * BASE + ord(letter)) & MASK
        factor[place], offset[place] = pow(BASE, len(text), 1 << 64), value
    return Texts(factor, offset)
