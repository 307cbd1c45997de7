"""Emissions by name: what an acoustic model makes of an utterance, and what a decoder needs of it."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Callable, Iterable, Optional, Tuple

import numpy as np

from ctcb.errors import CtcbError
from ctcb.io import PathOrStr


@dataclass(frozen=True)
class Emissions:
    """Log-probabilities of an utterance, one field a head; all have the same T frames.

    Natural logarithms, unless a decoder is set to another scale (:data:`ctcb.ctc.log_probs.SCALES`).
    """

    tokens: Any  # [T, V] of the tokens that are searched; biased toward the list where the encoder was
    phones: Any = None  # [T, P] of the phone head; None where there is none
    unbiased: Any = None  # [T, V] of the tokens by the encoder without the list; None: the same as `tokens`

    def __len__(self) -> int:
        """The number of frames."""
        return len(self.tokens)

    def map(self, function: Callable[[Any], Any]) -> Emissions:
        """``function`` of each field that is there."""
        return Emissions(*(None if field is None else function(field) for field in (self.tokens, self.phones, self.unbiased)))

    def cut(self, first: int, last: int) -> Emissions:
        """The frames ``first`` to ``last``, without the latter; views, not copies."""
        return self.map(lambda field: field[first:last])

    def over_phones(self) -> Emissions:
        """The same for a search over phones: these are its tokens. No encoder biases them."""
        return Emissions(self.phones, self.phones)

    @staticmethod
    def concatenate(parts: Iterable[Emissions]) -> Emissions:
        """Emissions one after another; all have the same fields."""
        fields = zip(*((part.tokens, part.phones, part.unbiased) for part in parts))
        return Emissions(*(None if field[0] is None else np.concatenate(field) for field in fields))


@dataclass(frozen=True)
class Emitted:
    """The emissions of an utterance, or of a stretch of a long one, or why there are none."""

    utt_id: str
    emissions: Optional[Emissions]  # None with an error
    file: Optional[PathOrStr] = None  # where they come from, for messages
    error: Optional[CtcbError] = None
    start: float = 0.0  # seconds from the utterance's start, where they are a stretch of it,
    last: bool = True  # and whether nothing follows
    seconds: float = 0.0  # of audio
    conversions: Tuple[str, ...] = ()  # what was done to the audio when it was read

    def over_phones(self) -> Emitted:
        """The same for a search over phones (:meth:`Emissions.over_phones`)."""
        return self if self.emissions is None else replace(self, emissions=self.emissions.over_phones())
