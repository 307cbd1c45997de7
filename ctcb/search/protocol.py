"""What every search is: something that compiles a list into a graph of its own, and decodes emissions by it."""
from __future__ import annotations

from typing import Any, FrozenSet, NamedTuple, Optional, Protocol, Sequence, Tuple

import numpy as np

from ctcb.entities import Entity
from ctcb.entities.changes import ListChange
from ctcb.search.hypothesis import Hypothesis
from ctcb.text.spelling import TokenIds


class PushedAway(NamedTuple):
    """A phrase of a list with a negative weight: the search is to push it away."""

    text: str
    line: int  # where it stands in the list's file
    sequences: Tuple[TokenIds, ...]  # all token sequences that write it
    penalty: float  # nats, what each occurrence costs


class SearchContext(Protocol):
    """A list as searches see it; :class:`ctcb.biasing.prepared_list.Context` has more."""

    @property
    def entities(self) -> Sequence[Entity]:
        """The list."""

    @property
    def lines(self) -> Sequence[int]:
        """Where the entities stand in `file`."""

    @property
    def file(self) -> Optional[str]:
        """The file that they were read from."""

    @property
    def phrases(self) -> Sequence[Tuple[TokenIds, ...]]:
        """Each entity's token sequences."""

    @property
    def costs(self) -> Optional[Sequence[Tuple[float, ...]]]:
        """What each sequence costs, in nats, by entity; None: nothing."""

    @property
    def pushed(self) -> Tuple[PushedAway, ...]:
        """Phrases to push away; they are none of the entities."""

    @property
    def boosted(self) -> bool:
        """Whether the search boosts the entities' tokens (the technique ``subword``)."""

    @property
    def in_class(self) -> bool:
        """Whether an entity counts as one word of the LM's class (the technique ``unigram``)."""


class Nbest(Protocol):
    """How many hypotheses a search answers, and can."""

    @property
    def nbest(self) -> int:
        """Texts of an n-best list, unless more or fewer are asked for."""

    @property
    def beam(self) -> int:
        """Hypotheses that there are at most."""


class SearchStream(Protocol):
    """A search that takes its emissions piece by piece. For one thread at a time."""

    frames: int  # that were accepted

    def accept(self, log_probs: np.ndarray) -> None:
        """Search ``[T, V]`` more frames: float32 natural-log probabilities, checked (``as_log_probs``)."""

    def hypotheses(self, nbest: int) -> Sequence[Hypothesis]:
        """What ``decode`` finds in all that was accepted; ``nbest`` is at most what the stream was made for."""

    def settled(self) -> int:
        """How many of the first tokens of every hypothesis from now on are the same, at the same frames, with the same
        entities among them; they end where a word does."""

    def under_way(self) -> Sequence[int]:
        """The entities (a few, by their places in the list) that the best hypothesis may be in the middle of."""


class Search(Protocol):
    """Finds hypotheses for emissions. Serves any number of threads."""

    serves: FrozenSet[str]  # names of the techniques that act within it; without any it takes no list

    @property
    def settings(self) -> Nbest:
        """Its options; a frozen dataclass."""

    def compile(self, context: SearchContext) -> Any:
        """The list's graph for :meth:`decode`; None where no technique acts within the search. Raises InputError naming
        the line of an entity that cannot be searched for."""

    def recompile(self, graph: Any, context: SearchContext, change: ListChange) -> Any:
        """:meth:`compile` of a list that came out of another one, whose ``graph`` is there; nothing is pushed away in either."""

    def decode(self, log_probs: Any, graph: Any = None, nbest: Optional[int] = None) -> Sequence[Hypothesis]:
        """The best hypotheses for ``[T, V]`` natural-log probabilities, best first; ``graph`` of a list, or None."""

    def stream(self, graph: Any = None, nbest: Optional[int] = None) -> SearchStream:
        """:meth:`decode` of emissions that come piece by piece. Raises InputError where the search has to see the whole."""
