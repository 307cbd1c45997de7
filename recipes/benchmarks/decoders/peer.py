"""What every decoder in the comparison is: a name, a grid of settings, and a search."""
from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Callable, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
from bias_list import BiasList

from ctcb.search.vocabulary import Vocabulary

Setting = Mapping[str, float]
Answer = Union[str, Sequence[int]]  # a text, or the ids of its tokens without blanks and repeats
Search = Callable[[np.ndarray], Answer]  # [T, V] float32 natural-log probabilities, T at least 1


@dataclass(frozen=True)
class Task:
    """What all decoders are told alike."""

    pieces: Tuple[str, ...]  # id -> piece, the blank first
    vocabulary: Vocabulary
    beam: int  # hypotheses kept a frame
    top_k: int  # a frame's tokens that are looked at, by those that have such an option


class Peer(ABC):
    """A decoder. Subclasses say what is theirs."""

    name: str
    version: str  # of the packages behind it
    boosts = True  # whether it takes a list at all; what does not is run once a list all the same
    grid: Tuple[Setting, ...] = ({},)  # what is tried on the tuning half
    plain: Setting = {}  # its setting where there is no list

    def __init__(self, task: Task) -> None:
        self.task = task

    @abstractmethod
    def search(self, bias: Optional[BiasList], setting: Setting) -> Search:
        """A search that leans toward a list (None: toward nothing). What is built here is not timed."""


def grid(**values: Sequence[float]) -> Tuple[Setting, ...]:
    """Every combination of the values."""
    settings: Tuple[Setting, ...] = ({},)
    for name, choices in values.items():
        settings = tuple({**setting, name: value} for setting in settings for value in choices)
    return settings
