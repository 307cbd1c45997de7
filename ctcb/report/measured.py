"""The measures of a report: without the list, with it, and their difference."""
from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Sequence

from ctcb.report.axis import WITHOUT, AxisRow, mark
from ctcb.scoring.measures import MEASURES, Measure
from ctcb.scoring.render import interval_note, rule_notes, units
from ctcb.scoring.report import ScoreReport

HIGHER_IS_BETTER = {"entity_precision", "entity_recall", "entity_f1"}  # measures; of all others, lower is better
KEY_FIGURES = ("entity_recall", "entity_precision", "wer", "false_alarms_per_thousand_words")  # at the head of the page
MEANINGS = {
    "wer": "wrong, missing and additional words, of the spoken words",
    "cer": "wrong, missing and additional characters, of those spoken",
    "u_wer": "word errors outside the listed names",
    "b_wer": "word errors in the listed names",
    "entity_precision": "of the names recognised, those that were spoken",
    "entity_recall": "of the names spoken, those that were recognised",
    "entity_f1": "recall and precision in one figure, their harmonic mean",
    "false_alarms_per_hour": "listed names that were recognised and not spoken, an hour of audio",
    "false_alarms_per_thousand_words": "listed names that were recognised and not spoken, a thousand words",
    "collateral": "words outside the recognised names that the list changed",
}


@dataclass(frozen=True)
class MeasureRow:
    """A measure as a row of a table; ``""`` where something does not apply."""

    name: str
    title: str
    meaning: str
    before: str
    after: str
    interval: str
    difference: str
    difference_interval: str
    verdict: str  # "better" or "worse", where the difference is more than chance


def key_figures(rows: Sequence[MeasureRow]) -> List[MeasureRow]:
    """The rows of KEY_FIGURES, in their order."""
    return [row for name in KEY_FIGURES for row in rows if row.name == name]


def measure_rows(before: Optional[ScoreReport], after: ScoreReport) -> List[MeasureRow]:
    """All measures with the list and, where ``before`` is given and compared with, without it."""
    return [_row(measure, before, after) for measure in MEASURES if measure.name in after.estimates]


def _row(measure: Measure, before: Optional[ScoreReport], after: ScoreReport) -> MeasureRow:
    now = after.estimates[measure.name]
    differences = {} if after.comparison is None else after.comparison.differences
    # Collateral is itself a comparison of the two: it has no value without the list, and no difference.
    change = differences.get(measure.name) if before is not None else None
    shown = (measure.name, measure.title, MEANINGS[measure.name])
    if before is None or change is None:
        return MeasureRow(*shown, "", value_text(measure, now.value), interval_text(measure, now.low, now.high), "", "", "")
    return MeasureRow(
        *shown, value_text(measure, before.estimates[measure.name].value), value_text(measure, now.value),
        interval_text(measure, now.low, now.high), value_text(measure, change.difference, sign=True),
        interval_text(measure, change.low, change.high, sign=True), verdict(measure.name, change.difference, change.low, change.high),
    )  # fmt: skip


def measure_plot(before: Optional[ScoreReport], after: ScoreReport) -> List[AxisRow]:
    """The measures in percent, without the list and with it, on one axis."""
    rows = []
    for measure in MEASURES:
        now = after.estimates.get(measure.name)
        if now is None or not measure.percent:
            continue
        was = None if before is None else before.estimates.get(measure.name)
        marks = () if was is None else mark(was.value, was.low, was.high, WITHOUT)
        rows.append(AxisRow(measure.title, marks + mark(now.value, now.low, now.high)))
    return [row for row in rows if row.marks]


def measure_notes(report: ScoreReport) -> List[str]:
    """Sentences on what was scored, and by which rules."""
    notes = [f"{len(report.utterances):,} utterance{'s' * (len(report.utterances) != 1)}, {report.wer.words:,} {units(report)}, {report.listed or 0:,} names listed"]
    notes += rule_notes(report)
    if report.without_interval:
        notes.append(f"there is {interval_note(report)}")
    if report.unscorable:
        notes.append(f"{len(report.unscorable):,} listed names hold no word and are not scored, such as {report.unscorable[0]!r}")
    return [f"{note[0].upper()}{note[1:]}." for note in notes]


def value_text(measure: Measure, value: Optional[float], sign: bool = False) -> str:
    """A measure's value with its unit; a difference with its ``sign``."""
    if value is None:
        return "-"
    plus = "+" if sign else ""
    return f"{100 * value:{plus}.1f} %" if measure.percent else f"{value:{plus}.2f}"


def interval_text(measure: Measure, low: Optional[float], high: Optional[float], sign: bool = False) -> str:
    """A measure's interval."""
    return "-" if low is None or high is None else f"{value_text(measure, low, sign).replace(' %', '')} to {value_text(measure, high, sign)}"


def verdict(name: str, difference: Optional[float], low: Optional[float], high: Optional[float]) -> str:
    """Whether a difference is for the better or the worse; ``""`` where it is 0, or its interval holds 0."""
    if not difference or (low is not None and high is not None and low <= 0 <= high):
        return ""
    return "better" if (difference > 0) == (name in HIGHER_IS_BETTER) else "worse"
