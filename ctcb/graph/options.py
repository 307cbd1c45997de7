"""Settings of the graph search."""
from __future__ import annotations

import math
from dataclasses import dataclass, fields

from ctcb.errors import InputError
from ctcb.lm.weights import CLASS_BONUS, LM_WEIGHT, PIECE_BONUS, WORD_BONUS


@dataclass(frozen=True)
class GraphOptions:
    """Settings of the graph search; all scores are natural logarithms.

    Raises InputError for a value outside of its range.
    """

    lm_weight: float = LM_WEIGHT  # factor on the LM's ln P, class_bonus and piece_bonus
    word_bonus: float = WORD_BONUS  # for each word
    class_bonus: float = CLASS_BONUS  # added to ln P(<unk>) of an entity, beside the logarithm of its weight
    piece_bonus: float = PIECE_BONUS  # added to ln P(<unk>) for each token of a word that neither LM nor list knows
    token_bonus: float = 1.5  # for each token of an entity
    beam: int = 16  # the most texts of an n-best list
    search_beam: float = 16.0  # paths further below the best one are pruned
    lattice_beam: float = 8.0  # lattice arcs within this of the best path are kept for the n-best list
    min_active: int = 30  # states kept in each frame even where search_beam would prune them
    max_active: int = 1000  # the most states kept in each frame, approximately

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not math.isfinite(value):
                raise InputError(f"graph option {field.name} is {value}", hint="give a finite number")
        for name, low in _AT_LEAST.items():
            if getattr(self, name) < low:
                raise InputError(f"graph option {name} is {getattr(self, name)}", hint=f"it must be at least {low}")


_AT_LEAST = {"lm_weight": 0, "beam": 1, "search_beam": 0, "lattice_beam": 0, "min_active": 0, "max_active": 1}
