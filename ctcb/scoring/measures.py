"""The table of measures: each is a ratio of counts that are summed over utterances.

The report, the confidence intervals and the comparison of two systems all use this table, so that a
measure is defined once. All counts are whole numbers (durations in milliseconds), so that sums are
exact and equal systems differ by exactly 0.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Mapping, Tuple

import numpy as np


@dataclass(frozen=True)
class Measure:
    """``over / under``, each a weighted sum of counts (count name -> weight)."""

    name: str  # as in JSON
    title: str  # as in tables
    over: Mapping[str, float]
    under: Mapping[str, float]
    percent: bool = True  # shown as a percentage

    @property
    def heading(self) -> str:
        """The title above a column of numbers, with their unit."""
        return f"{self.title} %" if self.percent else self.title

    def known(self, counts: Mapping[str, np.ndarray]) -> bool:
        """Whether ``counts`` has every count that the measure needs."""
        return all(name in counts for name in (*self.over, *self.under))

    def ratio(self, sums: Mapping[str, np.ndarray]) -> np.ndarray:
        """The measure for each entry of the summed counts (scalars or ``[draws]``); NaN where the denominator is 0."""
        over = sum(weight * np.asarray(sums[name], float) for name, weight in self.over.items())
        under = sum(weight * np.asarray(sums[name], float) for name, weight in self.under.items())
        return np.divide(over, under, out=np.full(np.shape(over), np.nan), where=under > 0)


MEASURES: Tuple[Measure, ...] = (
    Measure("wer", "WER", {"errors": 1}, {"words": 1}),
    Measure("cer", "CER", {"character_errors": 1}, {"characters": 1}),
    Measure("u_wer", "U-WER", {"u_errors": 1}, {"u_words": 1}),
    Measure("b_wer", "B-WER", {"b_errors": 1}, {"b_words": 1}),
    Measure("entity_precision", "entity precision", {"found": 1}, {"found": 1, "false": 1}),
    Measure("entity_recall", "entity recall", {"found": 1}, {"found": 1, "missed": 1}),
    Measure("entity_f1", "entity F1", {"found": 2}, {"found": 2, "missed": 1, "false": 1}),
    Measure("false_alarms_per_hour", "false alarms of the list / hour", {"false": 3_600_000}, {"milliseconds": 1}, percent=False),
    Measure("false_alarms_per_thousand_words", "false alarms of the list / 1000 words", {"false": 1000}, {"words": 1}, percent=False),
    Measure("collateral", "collateral", {"changed": 1}, {"compared_words": 1}),
)
BY_NAME: Mapping[str, Measure] = {measure.name: measure for measure in MEASURES}
# Measured with other lists than a set's own, so it is in no score of one list: each of their names is a false alarm.
ABSENT_FALSE_ALARMS = Measure(
    "anti_context_false_alarms_per_thousand_words", "false alarms of absent lists / 1000 words", {"false": 1000}, {"words": 1}, percent=False
)


def known_measures(counts: Mapping[str, np.ndarray]) -> Dict[str, Measure]:
    """The measures that can be computed from these counts, by name, in the order of the table."""
    return {measure.name: measure for measure in MEASURES if measure.known(counts)}
