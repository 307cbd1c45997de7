"""How good settings are: what they find on data sets, and what they break there."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, List, Mapping, Sequence, Tuple

import numpy as np

from ctcb.biasing.phone_rescoring import PhoneticRescoring, Unit
from ctcb.biasing.presets import Preset
from ctcb.biasing.technique import Heard, Setting, Technique
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
    alarms: float  # false alarms a thousand words; with a list of which nothing is said, where they are more

    def excess(self, bounds: Bounds) -> float:
        """By how much the bounds are broken."""
        return max(0.0, self.u_wer - self.u_wer_before - bounds.u_wer) + max(0.0, self.alarms - bounds.alarms) / 1000

    @property
    def gain(self) -> float:
        """Entity F1 less the word error rate."""
        return self.f1 - self.wer


def value(measured: Sequence[Measured], bounds: Bounds) -> float:
    """What is maximised: the sets' mean gain, less the penalty for broken bounds."""
    return float(np.mean([one.gain - PENALTY * one.excess(bounds) for one in measured]))


class Objective:
    """Measures settings on data sets of which the emissions are known."""

    def __init__(self, sets: Sequence[Tuple[DataSet, Decoding, System]]) -> None:
        """``sets``: each with its decoding and the system whose settings are sought."""
        self._sets = [
            (data, decoding, _remembering(system), None if data.absent is None else _remembering(system))
            for data, decoding, system in sets
        ]  # each list with a memory of its own
        self._before: List[float] = []
        for data, decoding, system, _ in self._sets:
            plain = System("none", (), system.preset)
            self._before.append(_rate(_score(data, decoding, plain, data.entities), "u_wer"))

    def measure(self, preset: Preset) -> Tuple[Measured, ...]:
        """Each set's rates."""
        found = []
        for (data, decoding, system, with_absent), before in zip(self._sets, self._before):
            report = _score(data, decoding, replace(system, preset=preset), data.entities)
            rates = [_rate(report, name) for name in ("entity_f1", "wer", "u_wer")]
            alarms = _rate(report, ALARMS)
            if with_absent is not None:
                alarms = max(alarms, _rate(_score(data, decoding, replace(with_absent, preset=preset), data.absent), ALARMS))
            found.append(Measured(data.name, *rates, before, alarms))
        return tuple(found)


def _score(data: DataSet, decoding: Decoding, system: System, names: EntityList) -> ScoreReport:
    return score(data.refs, decoding.run(system, names).hyps, names, draws=0)


def _rate(report: ScoreReport, name: str) -> float:
    return report.estimates[name].value or 0.0


def _remembering(system: System) -> System:
    techniques: Tuple[Technique, ...] = tuple(
        Remembering() if isinstance(technique, PhoneticRescoring) else technique for technique in system.techniques
    )
    return replace(system, techniques=techniques)


class Remembering(PhoneticRescoring):
    """Rescoring that works out each reading of an utterance once, however often settings bring it up again.

    For one list and one way to score; the settings that are tuned leave these alone.
    """

    def __init__(self) -> None:
        self._known: Dict[int, Dict[Tuple, float]] = {}

    def fits(self, readings: Sequence[Reading], units: Sequence[Sequence[Unit]], heard: Heard, setting: Setting) -> np.ndarray:
        """As :class:`PhoneticRescoring` does."""
        known = self._known.setdefault(id(heard.phones), {})
        keys = [(one.text, *((found.place, found.words) for found in one.entities)) for one in readings]
        new = [place for place, key in enumerate(keys) if key not in known]
        if new:
            found = super().fits([readings[place] for place in new], [units[place] for place in new], heard, setting)
            known.update(zip([keys[place] for place in new], found.tolist()))
        return np.array([known[key] for key in keys], np.float32)

    def timed(self, reading: Reading, units: Sequence[Unit], heard: Heard, setting: Setting) -> Reading:
        """Times are not scored."""
        return reading


def table_rows(measured: Mapping[str, Sequence[Measured]]) -> List[List[str]]:
    """Rows for a table: the settings' name, the set, F1, WER, U-WER and its change, false alarms."""
    return [
        [name, one.name, *(f"{100 * rate:.1f}" for rate in (one.f1, one.wer, one.u_wer)),
         f"{100 * (one.u_wer - one.u_wer_before):+.1f}", f"{one.alarms:.2f}"]
        for name, sets in measured.items() for one in sets
    ]  # fmt: skip
