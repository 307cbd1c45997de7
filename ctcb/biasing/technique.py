"""What a way to lean toward a list is made of, and what it is told."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, List, Optional

import numpy as np

from ctcb.biasing.options import TechniqueOptions
from ctcb.biasing.prepared_list import Biasing
from ctcb.phones.phonetics import Phonetics
from ctcb.search.vocabulary import Vocabulary
from ctcb.text.spelling import Spelling
from ctcb.transcript.hypothesis import Reading


@dataclass(frozen=True)
class Setting:
    """What techniques may need to know of the model, and of what the user chose."""

    vocabulary: Vocabulary
    spelling: Spelling
    phonetics: Optional[Phonetics] = None  # None where the model tells no phones
    options: TechniqueOptions = TechniqueOptions()


@dataclass(frozen=True)
class Heard:
    """What the model made of an utterance, apart from the tokens that were searched."""

    frame_shift: float  # seconds
    plain: Callable[[], Reading]  # what is heard without the list; searches
    phones: Optional[np.ndarray] = None  # [T, P] float32 natural-log probabilities of the phone head


class Technique:
    """One way to lean toward a list: it may act before the search, after it, or both.

    Holds nothing of a list or an utterance; serves any number of threads.
    """

    name: str
    summary: str  # for the help
    needs_lm = False  # whether it does nothing without an LM
    needs_phones = False  # whether the phone head must have been heard
    encodes = False  # whether it acts on the encoder, before any search
    refines = False  # whether it acts after the search, on what was found
    reorders = False  # whether it then chooses among the n-best
    judges = False  # whether all it does is to undo what others did

    def prepare(self, biasing: Biasing, setting: Setting) -> Biasing:
        """The list with this technique's part added; once a list. Raises InputError."""
        return biasing

    def refine(self, readings: List[Reading], heard: Heard, biasing: Biasing, setting: Setting) -> List[Reading]:
        """The readings of an utterance, different texts, best first, as this technique sees them."""
        return readings
