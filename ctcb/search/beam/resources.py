"""What a beam search reads and never changes."""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ctcb.search.beam.automaton import GraphArrays
from ctcb.search.beam.boosting import BoostOptions
from ctcb.search.beam.lm_state import LmFusion


class Tokens(NamedTuple):
    """The vocabulary of V tokens; see :class:`Vocabulary`.

    Attributes
    ----------
    blank : int, the blank's id.
    starts_word, is_separator, ends_name : ``[V]`` uint8, 0 or 1; punctuation counts as a separator here.
    letters : ``[V]`` float64, how many letters the token spells.
    """

    blank: int
    starts_word: np.ndarray
    is_separator: np.ndarray
    ends_name: np.ndarray
    letters: np.ndarray


class Pruning(NamedTuple):
    """What is pruned; see :class:`BeamOptions`.

    Attributes
    ----------
    beam : int, B, prefixes that live on.
    top_k, token_gap : int, and float64 in nats: the tokens that may open a new prefix.
    boost_top_k, boost_gap : int, and float64 in nats: the tokens that may continue an entity.
    log_blank_skip : float64, natural log of the blank's probability from which on a frame is taken as pure blank.
    per_key : int, prefixes that live on of those with one recombination key.
    sums : bool, whether a prefix is judged by all of its alignments together, and not by the best one.
    """

    beam: int
    top_k: int
    token_gap: float
    boost_top_k: int
    boost_gap: float
    log_blank_skip: float
    per_key: int
    sums: bool


class Resources(NamedTuple):
    """All that a search reads and never changes, but for the emissions."""

    tokens: Tokens
    graph: GraphArrays
    boost: BoostOptions
    fusion: LmFusion
    pruning: Pruning
