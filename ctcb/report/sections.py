"""The sections of the HTML report."""
from __future__ import annotations

from html import escape
from typing import Any, List, Mapping, Optional, Sequence

from ctcb.report.changed import Changed, changed, wrong_words
from ctcb.report.html import intervals, paragraph, section, table
from ctcb.report.media import Clips, attention_picture
from ctcb.scoring.measures import MEASURES, Measure
from ctcb.scoring.render import interval_note, rule_notes, speaker_rows, units
from ctcb.scoring.report import ScoreReport, UtteranceScore
from ctcb.scoring.text import characters_of
from ctcb.text.scripts import is_unspaced

HIGHER_IS_BETTER = {"entity_precision", "entity_recall", "entity_f1"}  # measures; of all others, lower is better
MAX_SHOWN = 200  # changed utterances


def result(before: Optional[ScoreReport], after: ScoreReport) -> str:
    """The section of all measures, with the list and, where ``before`` is given, without it."""
    rows = []
    for measure in MEASURES:
        if measure.name not in after.estimates:
            continue
        now = after.estimates[measure.name]
        row = [escape(measure.title)]
        compared = before is not None and after.comparison is not None
        # Collateral is itself a comparison of the two: it has no value without the list, and no difference.
        difference = after.comparison.differences.get(measure.name) if compared else None
        if compared:
            row.append("" if difference is None else _value(measure, before.estimates[measure.name].value))
        row += [_value(measure, now.value), _interval(measure, now.low, now.high)]
        if difference is not None:
            row += [
                f'<td class="{_verdict(measure.name, difference.difference)}">{_value(measure, difference.difference, True)}</td>',
                _interval(measure, difference.low, difference.high, True),
            ]
        elif compared:
            row += ["", ""]
        rows.append(row)
    header = ["measure", "with the list", "95 % interval"]
    if before is not None:
        header = ["measure", "without", "with the list", "95 % interval", "difference", "95 % interval"]
    counts = f"{len(after.utterances):,} utterances, {after.wer.words:,} {units(after)}"
    listed = "" if after.listed is None else f", {after.listed:,} entities listed"
    notes = [paragraph(f"{counts}{listed}.", dim=True)]
    notes += [paragraph(f"{note[0].upper()}{note[1:]}.", dim=True) for note in rule_notes(after)]
    if after.without_interval:
        notes.append(paragraph(f"There is {interval_note(after)}.", dim=True))
    return section("Result", *notes, table(header, rows))


def ablation(data: Mapping[str, Any]) -> str:
    """The section of one ablation of ``ctcb ablate --json``: its table, and two plots."""
    names = {"entity_f1": "entity F1, %", "u_wer": "U-WER, %"}
    titles = {measure.name: measure.title for measure in MEASURES}
    columns = ["entity_precision", "entity_recall", "entity_f1", "wer", "u_wer", "b_wer"]
    rows = []
    for system in data["systems"]:
        alarms = system["anti_context_false_alarms_per_thousand_words"]
        cells = [_percent(system["measures"].get(name)) for name in columns]
        rows.append([escape(system["system"]), *cells, "-" if alarms is None or alarms["value"] is None else f"{alarms['value']:.2f}"])
    parts = [table(["system", *(f"{titles[name]}, %" for name in columns), "false alarms / 1000 words"], rows)]
    for name, title in names.items():
        points = []
        for system in data["systems"]:
            estimate = system["measures"].get(name) or {"value": None}
            points.append((system["system"], *(None if estimate.get(part) is None else 100 * estimate[part] for part in ("value", "low", "high"))))
        parts += [f"<h3>{escape(title)}</h3>", intervals(points, "%")]
    added = f", {data['distractors_added']:,} of them distractors" if data["distractors_added"] else ""
    note = f"{data['utterances']:,} utterances, {data['entities']:,} entities on the list{added}."
    return section(f"Ablation: {data['set']}", paragraph(note, dim=True), *parts)


def names(report: ScoreReport) -> str:
    """The section of found, missed and false occurrences of each entity."""
    rows = [
        [escape(name), str(counts.found), str(counts.missed), str(counts.false)] for name, counts in report.per_entity.items()
    ]
    if not rows:
        return section("Names", paragraph("None of the listed names is in the references or in the transcripts."))
    return section(
        "Names", paragraph("Those with most errors first. A false alarm is a name in the transcript that is not in the reference.", dim=True),
        table(["name", "found", "missed", "false"], rows),
    )


def speakers(report: ScoreReport) -> str:
    """The section of the measures of each speaker; "" where no speaker is known."""
    if not report.per_speaker:
        return ""
    header, *rows = speaker_rows(report)
    return section("Speakers", table(header, [list(map(escape, row)) for row in rows]))


def alarms(report: ScoreReport) -> str:
    """The section of the utterances with false alarms."""
    rows = [
        [escape(utterance.id), escape(", ".join(utterance.entities.false)), f"<td class=words>{_marked(utterance)}</td>"]
        for utterance in report.utterances if utterance.entities is not None and utterance.entities.false
    ]  # fmt: skip
    if not rows:
        return section("False alarms", paragraph("None: every name in the transcripts is in the references."))
    return section("False alarms", table(["utterance", "false alarms", "transcript"], rows))


def changes(before: ScoreReport, after: ScoreReport, why: Mapping[str, str], clips: Clips, attention: Optional[str]) -> str:
    """The section of the utterances that the list changed, with their audio.

    ``why``: utterance id -> which techniques supported which name; ``attention``: the folder of attention plots.
    """
    differing = changed(before, after)
    better, worse = sum(change.names > 0 for change in differing), sum(change.names < 0 for change in differing)
    head = (
        f"{len(differing):,} of {len(after.utterances):,} utterances differ with the list: {better:,} have more correct names, "
        f"{worse:,} fewer. Wrong words are marked red, listed names green; utterances that lost names come first."
    )
    parts = [_article(change, why.get(change.after.id, ""), clips, attention) for change in differing[:MAX_SHOWN]]
    notes: List[str] = []
    if len(differing) > MAX_SHOWN:
        notes.append(paragraph(f"The other {len(differing) - MAX_SHOWN:,} are left out.", dim=True))
    if clips.left_out:
        notes.append(paragraph(f"{clips.left_out:,} clips are left out to keep the page small (--audio-mb).", dim=True))
    return section("What the list changed", paragraph(head, dim=True), *parts, *notes)


def settings(data: Mapping[str, Any]) -> str:
    """The section of the settings with which the transcripts were made (``settings.json``)."""
    rows = [[f"<td class=words>{escape(name)}</td>", f"<td class=words><code>{escape(_plain(value))}</code></td>"] for name, value in data.items()]
    return section("Settings", table(["", ""], rows))


def weights(entities: Sequence[Any]) -> str:
    """The section of the entities whose weight is not 1; "" where there is none."""
    rows = [[escape(entity.text), f"{entity.weight:g}"] for entity in entities if entity.weight != 1.0]
    return section("Weights on the list", table(["name", "weight"], rows)) if rows else ""


def _article(change: Changed, why: str, clips: Clips, attention: Optional[str]) -> str:
    ref = characters_of(" ".join(change.after.shown.ref))
    verdict = "" if not change.names else f' <span class="{"better" if change.names > 0 else "worse"}">{change.names:+d} names</span>'
    return "\n".join([
        f"<article><strong>{escape(change.after.id)}</strong>{verdict} <span class=dim>{change.errors:+d} word errors</span>",
        f"<dl class=texts><dt>reference</dt><dd>{escape(ref)}</dd><dt>without</dt><dd>{_marked(change.before)}</dd>"
        f"<dt>with</dt><dd>{_marked(change.after)}</dd>" + (f"<dt>why</dt><dd>{escape(why)}</dd>" if why else "") + "</dl>",
        attention_picture(attention, change.after.id), clips.player(change.after.id), "</article>",
    ])  # fmt: skip


def _marked(score: UtteranceScore) -> str:
    """The HTML of a hypothesis with its wrong words and its correct listed names marked."""
    wrong = set(wrong_words(score))
    found = set(score.entities.found) if score.entities is not None else set()
    right = {place for name in score.names if name.entity in found for place in range(name.start, name.end)}
    marked = []
    for place, unit in enumerate(score.shown.hyp):
        kind = "<mark>" if place in wrong else "<mark class=name>" if place in right else ""
        # No space stands between characters of scripts without spaces.
        apart = place and not (is_unspaced(unit) and is_unspaced(score.shown.hyp[place - 1]))
        marked.append(f"{' ' if apart else ''}{kind}{escape(unit)}{'</mark>' if kind else ''}")
    return "".join(marked) or "<span class=dim>(nothing)</span>"


def _value(measure: Measure, value: Optional[float], sign: bool = False) -> str:
    if value is None:
        return "-"
    mark = "+" if sign else ""
    return f"{100 * value:{mark}.1f} %" if measure.percent else f"{value:{mark}.2f}"


def _interval(measure: Measure, low: Optional[float], high: Optional[float], sign: bool = False) -> str:
    return "-" if low is None or high is None else f"{_value(measure, low, sign)} to {_value(measure, high, sign)}"


def _percent(estimate: Optional[Mapping[str, Any]]) -> str:
    return "-" if estimate is None or estimate["value"] is None else f"{100 * estimate['value']:.1f}"


def _verdict(name: str, difference: Optional[float]) -> str:
    if not difference:
        return "same"
    return "better" if (difference > 0) == (name in HIGHER_IS_BETTER) else "worse"


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(item)}" for name, item in value.items()) or "-"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_plain, value)) or "-"
    return str(value)
