"""The interface of the compared decoders: a name, a grid of settings, and a search."""
from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Callable, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
from bias_list import BiasList

from ctcb.search.vocabulary import Vocabulary

Setting = Mapping[str, Union[float, str]]
Answer = Union[str, Sequence[int]]  # a text, or the ids of its tokens without blanks and repeats
Search = Callable[[np.ndarray], Answer]  # [T, V] float32 natural-log probabilities, T at least 1


@dataclass(frozen=True)
class Task:
    """The conditions that all decoders share."""

    pieces: Tuple[str, ...]  # id -> piece, the blank first
    vocabulary: Vocabulary
    beam: int  # hypotheses kept a frame
    top_k: int  # tokens of a frame, for decoders with such an option


class Peer(ABC):
    """A decoder; subclasses define its name, settings and search."""

    name: str
    version: str  # of the packages behind it
    boosts = True  # whether it takes a list; decoders without one are run for each list too
    grid: Tuple[Setting, ...] = ({},)  # settings tried on the tuning half
    plain: Setting = {}  # its setting without a list

    def __init__(self, task: Task) -> None:
        self.task = task

    @abstractmethod
    def search(self, bias: Optional[BiasList], setting: Setting) -> Search:
        """A search that is biased toward a list (None: no biasing). Building it is not timed."""


def grid(**values: Sequence[Union[float, str]]) -> Tuple[Setting, ...]:
    """Every combination of the values."""
    settings: Tuple[Setting, ...] = ({},)
    for name, choices in values.items():
        settings = tuple({**setting, name: value} for setting in settings for value in choices)
    return settings
