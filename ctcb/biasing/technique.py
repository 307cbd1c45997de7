"""The kinds of techniques, by where they act: on the encoder, on its emissions, within the search, on the n-best behind it."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, List, Optional

import numpy as np

from ctcb.biasing.prepared_list import Context
from ctcb.ctc.emissions import Emissions
from ctcb.entities.changes import ListChange
from ctcb.transcript.hypothesis import Reading


@dataclass(frozen=True)
class SearchedEmissions(Emissions):
    """Emissions as they were searched: checked, float32 natural-log probabilities."""

    search_unbiased: Optional[Callable[[int], List[Reading]]] = None

    def unbiased_nbest(self, count: int = 1) -> List[Reading]:
        """What the search finds without the list, in the unbiased encoder's emissions: at most ``count`` readings, best
        first, at least one. Searched when it is first asked for."""
        return self.search_unbiased(count)


class Technique:
    """A way to bias recognition toward a list. Holds nothing of a list or an utterance; serves any number of threads."""

    name: str
    summary: str  # for the help
    needs_list = True  # whether it does nothing without a list
    needs_lm = False  # whether it does nothing without an LM
    needs_phones = False  # whether it needs the phone head's emissions,
    uses_phones = False  # or uses them where there are some

    def prepare(self, context: Context) -> Context:
        """The list with this technique's part added; once a list. Raises InputError."""
        return context

    def update(self, context: Context, before: Context, change: ListChange) -> Optional[Context]:
        """:meth:`prepare` of a long list that came out of another long one, which was prepared before; None: only :meth:`prepare` can do it."""
        return None


class EncoderTechnique(Technique):
    """Acts on the encoder, before any search: its emissions are those of a model that is biased toward the list."""


class EmissionTechnique(Technique):
    """Acts on an utterance's emissions, before they are searched with the list."""

    def bias(self, emissions: SearchedEmissions, context: Context) -> np.ndarray:
        """The emissions ``[T, V]`` that are searched in the place of the utterance's own, which stay as they are."""
        return emissions.tokens


class SearchTechnique(Technique):
    """Acts within the search: ``prepare`` notes in the context what the search is to compile its graph of."""


class Rescorer(Technique):
    """Acts behind the search, on the n-best."""

    needs_nbest = False  # whether it chooses among several readings, so that the search has to answer several
    verifies = False  # whether all it does is to undo what other techniques did
    # What becomes of a word depends on so many words, itself and those behind it, and on no emissions; None: it depends on
    # the whole utterance.
    reach: Optional[int] = None

    def rescore(self, nbest: List[Reading], emissions: SearchedEmissions, context: Context) -> List[Reading]:
        """The n-best of an utterance, different texts, best first, as this technique sees it."""
        return nbest
