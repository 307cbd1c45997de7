"""How good settings are: what they find on data sets, and what they break there."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from ctcb.biasing.phone_rescoring import PhoneticRescoring, Unit
from ctcb.biasing.prepared_list import Setting
from ctcb.biasing.presets import Preset
from ctcb.biasing.registry import TECHNIQUES
from ctcb.biasing.technique import Technique
from ctcb.entities import EntityList
from ctcb.evaluation.ablation import Decoding
from ctcb.evaluation.dataset import DataSet
from ctcb.evaluation.systems import System
from ctcb.scoring.report import ScoreReport
from ctcb.scoring.score import score
from ctcb.transcript.hypothesis import Reading

# What breaks a bound costs ten times its size: a point of U-WER ten points of F1, a false alarm in a thousand words one.
PENALTY = 10.0
ALARMS = "false_alarms_per_thousand_words"
RATES = ("entity_f1", "wer", "u_wer")


@dataclass(frozen=True)
class Bounds:
    """What settings may cost on each set."""

    u_wer: float = 0.001  # by how much U-WER may lie above that without a list, as a fraction
    alarms: float = 1.0  # false alarms a thousand words


@dataclass(frozen=True)
class Measured:
    """A data set's rates under some settings, as fractions."""

    name: str
    f1: float
    wer: float
    u_wer: float
    u_wer_before: float  # without a list
    alarms: float  # false alarms of the list a thousand words
    absent_alarms: Optional[float] = None  # and those of a list of which no name is spoken, where there is one

    def excess(self, bounds: Bounds) -> float:
        """By how much the bounds are broken."""
        most = max(self.alarms, self.absent_alarms or 0.0)
        return max(0.0, self.u_wer - self.u_wer_before - bounds.u_wer) + max(0.0, most - bounds.alarms) / 1000

    @property
    def gain(self) -> float:
        """Entity F1 less the word error rate."""
        return self.f1 - self.wer


def value(measured: Sequence[Measured], bounds: Bounds) -> float:
    """What is maximised: the sets' mean gain, less the penalty for broken bounds."""
    return float(np.mean([one.gain - PENALTY * one.excess(bounds) for one in measured]))


def broken_bounds(before: Sequence[Measured], tuned: Sequence[Measured], bounds: Bounds) -> List[str]:
    """The bounds that tuned settings break, in words; where the settings ``before`` break one, too, by how much.

    U-WER and false alarms have a bound on each set.
    """
    found = []
    for old, one in zip(before, tuned):
        rise = one.u_wer - one.u_wer_before
        if rise > bounds.u_wer:
            allowed = _allowed(100 * bounds.u_wer, 100 * (old.u_wer - old.u_wer_before))
            found.append(f"U-WER on {one.name} rises by {100 * rise:.2f} points, where {allowed}")
        for lists, alarms, present in (("the list", one.alarms, old.alarms), ("absent lists", one.absent_alarms, old.absent_alarms)):
            if alarms is not None and alarms > bounds.alarms:
                found.append(f"{alarms:.2f} false alarms of {lists} a thousand words on {one.name}, where {_allowed(bounds.alarms, present or 0.0)}")
    return found


def objections(before: Sequence[Measured], tuned: Sequence[Measured], bounds: Bounds) -> List[str]:
    """Why tuned settings are not to be taken, in words; none where they break no bound and are no worse than those ``before``.

    Both are measured on the same data, which the search did not see.
    """
    found = broken_bounds(before, tuned, bounds)
    new, old = value(tuned, bounds), value(before, bounds)
    if new < old:
        found.append(f"F1 less WER, and less what breaks bounds, is {100 * new:.2f}, and {100 * old:.2f} with the old settings")
    return found


def _allowed(bound: float, present: float) -> str:
    """What a bound allows, and what the old settings have, where that is more."""
    return f"{bound:g} are allowed" + (f" (and {present:.2f} with the old settings)" if present > bound else "")


class Objective:
    """Measures settings on data sets whose emissions are known."""

    def __init__(self, sets: Sequence[Tuple[DataSet, Decoding, System]]) -> None:
        """``sets``: each with its decoding and the system whose settings are sought."""
        # Each set's list, and the first of which no name is spoken, with a memory of its own.
        self._sets = [(*one, _remembering(), _remembering()) for one in sets]
        self._before: List[float] = []
        for data, decoding, system in sets:
            none = System("none", (), system.preset)
            self._before.append(_rate(_score(data, decoding, none, data.entities), "u_wer"))

    def measure(self, preset: Preset) -> Tuple[Measured, ...]:
        """Each set's rates."""
        found = []
        for (data, decoding, system, table, of_absent), before in zip(self._sets, self._before):
            system = replace(system, preset=preset)
            report = _score(data, decoding, system, data.entities, table)
            rates = [_rate(report, name) for name in RATES]
            absent = _rate(_score(data, decoding, system, data.absent[0], of_absent), ALARMS) if data.absent else None
            found.append(Measured(data.name, *rates, before, _rate(report, ALARMS), absent))
        return tuple(found)


def _score(
    data: DataSet, decoding: Decoding, system: System, names: EntityList, table: Mapping[str, Technique] = TECHNIQUES
) -> ScoreReport:
    return score(data.refs, decoding.run(system, names, table).hyps, names, draws=0, **decoding.rules)


def _rate(report: ScoreReport, name: str) -> float:
    return report.estimates[name].value or 0.0


def _remembering() -> Dict[str, Technique]:
    """The techniques, with a rescoring that remembers."""
    return {**TECHNIQUES, PhoneticRescoring.name: Remembering()}


class Remembering(PhoneticRescoring):
    """Rescoring that works out each reading of an utterance once, however often settings bring it up again.

    For one list and one way to score; the settings that are tuned leave these alone.
    """

    def __init__(self) -> None:
        self._known: Dict[int, Dict[Tuple, float]] = {}

    def fits(self, readings: Sequence[Reading], units: Sequence[Sequence[Unit]], phones: np.ndarray, setting: Setting) -> np.ndarray:
        """As :class:`PhoneticRescoring` does."""
        known = self._known.setdefault(id(phones), {})
        keys = [(one.text, *((found.place, found.words) for found in one.entities)) for one in readings]
        new = [place for place, key in enumerate(keys) if key not in known]
        if new:
            found = super().fits([readings[place] for place in new], [units[place] for place in new], phones, setting)
            known.update(zip([keys[place] for place in new], found.tolist()))
        return np.array([known[key] for key in keys], np.float32)

    def timed(self, reading: Reading, units: Sequence[Unit], phones: np.ndarray, setting: Setting) -> Reading:
        """Times are not scored."""
        return reading


def table_rows(measured: Mapping[str, Sequence[Measured]]) -> List[List[str]]:
    """Rows for a table: the settings' name, the set, RATES, the change of U-WER, false alarms of the list and of absent lists."""
    return [
        [name, one.name, *(f"{100 * rate:.1f}" for rate in (one.f1, one.wer, one.u_wer)),
         f"{100 * (one.u_wer - one.u_wer_before):+.1f}", f"{one.alarms:.2f}",
         "-" if one.absent_alarms is None else f"{one.absent_alarms:.2f}"]
        for name, sets in measured.items() for one in sets
    ]  # fmt: skip
