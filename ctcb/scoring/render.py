"""A score report as text: the tables that ``ctcb score`` prints, and a TSV with a line for each utterance."""
from __future__ import annotations

from itertools import islice
from typing import List, Mapping, Optional, Sequence

from ctcb.scoring.biased_wer import BiasedErrorCounts
from ctcb.scoring.measures import MEASURES, Measure
from ctcb.scoring.report import CHARACTER, ScoreReport
from ctcb.scoring.text import characters_of
from ctcb.scoring.wer import ErrorCounts
from ctcb.text_table import table

NOTHING = "(nothing)"  # where no words are
CONTEXT = 3  # words of the reference that are shown on either side of a missed entity
_NONE = "-"  # an undefined value


def render_text(report: ScoreReport, per_entity: bool = False, per_speaker: bool = False, misses: bool = False) -> str:
    """The report as plain text; ``per_entity``, ``per_speaker`` and ``misses`` add a table of the entities, of the speakers, and of the
    missed occurrences of entities."""
    blocks = [_header(report), _measures(report)]
    if report.comparison is not None:
        blocks.append(_comparison(report))
    if per_speaker and report.per_speaker:
        blocks.append(table(speaker_rows(report), left=(0,)))
    if per_entity and report.entities is not None:
        blocks.append(_per_entity(report))
    if misses and report.entities is not None:
        blocks.append(_misses(report))
    return "\n\n".join(blocks) + "\n"


def render_per_utterance(report: ScoreReport) -> str:
    """A tab-separated line for each utterance, with a header; entities are joined by ``|``.

    ``instead`` has what was recognised in the place of each missed entity, in their order.
    """
    columns = ["utt_id", "words", "sub", "del", "ins", "found", "missed", "false", "ref", "hyp", "instead"]
    lines = ["\t".join(columns)]
    for utterance in report.utterances:
        errors, entities = utterance.errors, utterance.entities
        names = (entities.found, entities.missed, entities.false) if entities else ((), (), ())
        fields = [utterance.id, errors.words, errors.substitutions, errors.deletions, errors.insertions]
        fields += ["|".join(group) for group in names]
        fields += [" ".join(utterance.alignment.ref), " ".join(utterance.alignment.hyp)]
        fields.append("|".join(miss.recognised for miss in utterance.misses))
        lines.append("\t".join(str(field) for field in fields))
    return "\n".join(lines) + "\n"


def _header(report: ScoreReport) -> str:
    parts = [f"{len(report.utterances):,} utterance{'s' * (len(report.utterances) != 1)}", f"{report.wer.words:,} {units(report)}"]
    if report.false_alarms is not None and report.false_alarms.hours is not None:
        parts.append(f"{report.false_alarms.hours:.2f} hours")
    if report.listed is not None:
        parts.append(f"{report.listed:,} entities listed")
    lines = [", ".join(parts)]
    lines += [f"NOTE: {note}" for note in rule_notes(report)]
    if report.missing:
        lines.append(_missing_note("utterances", report.missing))
    if report.comparison is not None and report.comparison.missing:
        lines.append(_missing_note("utterances of the other system", report.comparison.missing))
    if report.without_interval:
        lines.append(f"NOTE: {interval_note(report)}")
    if report.unscorable:
        lines.append(
            f"NOTE: listed entities that hold no word, not scored: {len(report.unscorable)}, such as "
            f"{report.unscorable[0]!r}"
        )
    return "\n".join(lines)


def units(report: ScoreReport) -> str:
    """What WER counts, in the plural."""
    return "characters" if report.unit == CHARACTER else "words"


def rule_notes(report: ScoreReport) -> List[str]:
    """Notes on how the texts were compared, where that is not the usual way."""
    notes = []
    if report.unit == CHARACTER:
        notes.append("WER counts characters, as words are written without spaces (words of other scripts count as one)")
    if not report.numbers_read:
        notes.append(f"numbers in digits are not read, because num2words does not have the language {report.language!r}")
    return notes


def speaker_rows(report: ScoreReport) -> List[List[str]]:
    """The table of speakers with its heading; rates in percent."""
    rows = [["speaker", "utterances", units(report), "WER %", "CER %"]]
    rows[0] += ["U-WER %", "B-WER %"] if report.biased is not None else []
    rows[0] += ["found", "missed", "false", "entity F1 %"] if report.entities is not None else []
    for name, one in report.per_speaker.items():
        row = [name or "(none)", f"{one.utterances:,}", f"{one.wer.words:,}", _percent(one.wer.rate), _percent(one.cer.rate)]
        row += [_percent(one.biased.unbiased.rate), _percent(one.biased.biased.rate)] if one.biased is not None else []
        if one.entities is not None:
            row += [f"{one.entities.found:,}", f"{one.entities.missed:,}", f"{one.entities.false:,}", _percent(one.entities.f1)]
        rows.append(row)
    return rows


def interval_note(report: ScoreReport) -> str:
    """A note on the measures without an interval, and why they have none."""
    names = ", ".join(measure.title for measure in MEASURES if measure.name in report.without_interval)
    return f"no interval, because only one utterance contributes: {names}"


def _missing_note(subject: str, missing: Sequence[str]) -> str:
    return f"NOTE: {subject} without a hypothesis, their words counted as deleted: {len(missing)}, such as {missing[0]!r}"


def _measures(report: ScoreReport) -> str:
    rows = [["measure", "value", "95 % interval", "counts"]]
    for measure in MEASURES:
        if measure.name in report.estimates:
            estimate = report.estimates[measure.name]
            rows.append(
                [
                    measure.title,
                    _value(measure, estimate.value),
                    _interval(measure, estimate.low, estimate.high),
                    _counts(measure.name, report),
                ]
            )
    return table(rows, left=(0, 3))


def _comparison(report: ScoreReport) -> str:
    rows = [["compared with the other system", "this", "other", "difference", "95 % interval", "p"]]
    for measure in MEASURES:
        if measure.name in report.comparison.differences:
            difference = report.comparison.differences[measure.name]
            rows.append(
                [
                    measure.title,
                    _value(measure, difference.value),
                    _value(measure, difference.other),
                    _value(measure, difference.difference, sign=True),
                    _interval(measure, difference.low, difference.high, sign=True),
                    _NONE if difference.p_value is None else f"{difference.p_value:.3f}",
                ]
            )
    return table(rows, left=(0,))


def _per_entity(report: ScoreReport) -> str:
    rows, instead = [["entity", "found", "missed", "false", "recognised instead"]], report.recognised_instead
    for name, counts in report.per_entity.items():
        numbers = (counts.found, counts.missed, counts.false)
        rows.append([name, *map(str, numbers), instead_text(instead.get(name, {}))])
    return table(rows, left=(0, 4))


def instead_text(instead: Mapping[str, int], most: int = 3) -> str:
    """What was recognised in the place of a missed entity, and how often where more than once: the ``most`` frequent words."""
    shown = [(words or NOTHING) + (f" ({count})" if count > 1 else "") for words, count in islice(instead.items(), most)]
    return ", ".join([*shown, *([f"{len(instead) - most} more"] if len(instead) > most else [])])


def _misses(report: ScoreReport) -> str:
    """A line for each missed occurrence: what was recognised in its place, and the words around it in the reference."""
    rows = [["utterance", "missed entity", "recognised instead", "reference"]]
    for utterance in report.utterances:
        for miss in utterance.misses:
            first, end = miss.ref
            around = utterance.shown.ref[max(0, first - CONTEXT) : end + CONTEXT]
            other = f" (listed: {', '.join(miss.listed)})" if miss.listed else ""
            rows.append([utterance.id, miss.entity, (miss.recognised or NOTHING) + other, characters_of(" ".join(around))])
    if len(rows) == 1:
        return "no entity was missed"
    return f"{table(rows, left=(0, 1, 2, 3))}\nhow far a name was, and what to write into the list: ctcb decode --explain-name NAME"


def _counts(name: str, report: ScoreReport) -> str:
    """The counts behind a measure, in words."""
    biased = report.biased or BiasedErrorCounts()
    by_name = {"wer": report.wer, "u_wer": biased.unbiased, "b_wer": biased.biased}
    if name in by_name:
        # U-WER and B-WER have units of their own where only some of the texts are written without spaces.
        return _errors(by_name[name], units(report) if name == "wer" or biased.total.words == report.wer.words else "words and characters")
    if name == "cer":
        return _errors(report.cer, "characters")
    if name == "collateral":
        return f"{report.collateral.changed:,} of {report.collateral.words:,} {units(report)} outside names differ"
    entities = report.entities
    return {
        "entity_precision": f"{entities.found:,} of {entities.found + entities.false:,} recognised entities are correct",
        "entity_recall": f"{entities.found:,} of {entities.found + entities.missed:,} spoken entities were recognised",
        "entity_f1": f"{entities.found:,} found, {entities.missed:,} missed, {entities.false:,} false",
    }.get(name, f"{entities.false:,} false")


def _errors(counts: ErrorCounts, unit: str) -> str:
    return (
        f"{counts.substitutions:,} sub + {counts.deletions:,} del + {counts.insertions:,} ins "
        f"= {counts.errors:,} of {counts.words:,} {unit}"
    )


def _percent(rate: Optional[float]) -> str:
    return _NONE if rate is None else f"{100 * rate:.2f}"


def _value(measure: Measure, value: Optional[float], sign: bool = False) -> str:
    if value is None:
        return _NONE
    number = f"{100 * value:{'+' if sign else ''}.2f}" if measure.percent else f"{value:{'+' if sign else ''}.2f}"
    return f"{number} %" if measure.percent else f"{number}  "  # digits stand below digits


def _interval(measure: Measure, low: Optional[float], high: Optional[float], sign: bool = False) -> str:
    if low is None or high is None:
        return _NONE
    return " to ".join(_value(measure, end, sign).replace("%", "").strip() for end in (low, high))
