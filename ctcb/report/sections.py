"""The parts of the HTML report."""
from __future__ import annotations

from html import escape
from typing import Any, List, Mapping, Optional, Sequence

from ctcb.report.changed import Changed, changed, wrong_words
from ctcb.report.html import intervals, paragraph, section, table
from ctcb.report.media import Clips, attention_picture
from ctcb.scoring.measures import MEASURES, Measure
from ctcb.scoring.render import interval_note
from ctcb.scoring.report import ScoreReport, UtteranceScore

# Measures of which more is better; of the others less is.
MORE = {"entity_precision", "entity_recall", "entity_f1"}
SHOWN = 200  # changed utterances, at most


def result(before: Optional[ScoreReport], after: ScoreReport) -> str:
    """Every measure with and, where that is known, without the list."""
    rows = []
    for measure in MEASURES:
        if measure.name not in after.estimates:
            continue
        now = after.estimates[measure.name]
        row = [escape(measure.title)]
        if before is not None and after.comparison is not None:
            row.append(_value(measure, before.estimates[measure.name].value))
        row += [_value(measure, now.value), _interval(measure, now.low, now.high)]
        if before is not None and after.comparison is not None:
            found = after.comparison.differences[measure.name]
            row += [
                f'<td class="{_verdict(measure.name, found.difference)}">{_value(measure, found.difference, True)}</td>',
                _interval(measure, found.low, found.high, True),
            ]
        rows.append(row)
    header = ["measure", "with the list", "95 % interval"]
    if before is not None:
        header = ["measure", "without", "with the list", "95 % interval", "difference", "95 % interval"]
    counts = f"{len(after.utterances):,} utterances, {after.wer.words:,} words"
    listed = "" if after.listed is None else f", {after.listed:,} entities listed"
    notes = [paragraph(f"{counts}{listed}.", dim=True)]
    if after.without_interval:
        notes.append(paragraph(f"There is {interval_note(after)}.", dim=True))
    return section("Result", *notes, table(header, rows))


def ladder(data: Mapping[str, Any]) -> str:
    """A ladder of ``ctcb ablate --json``: its table, and two plots of it."""
    names = {"entity_f1": "entity F1, %", "u_wer": "U-WER, %"}
    titles = {measure.name: measure.title for measure in MEASURES}
    columns = [name for name in ("entity_precision", "entity_recall", "entity_f1", "wer", "u_wer", "b_wer")]
    rows = []
    for system in data["systems"]:
        alarms = system["anti_context_false_alarms_per_thousand_words"]
        cells = [_percent(system["measures"].get(name)) for name in columns]
        rows.append([escape(system["system"]), *cells, "-" if alarms is None or alarms["value"] is None else f"{alarms['value']:.2f}"])
    parts = [table(["system", *(f"{titles[name]}, %" for name in columns), "false alarms / 1000 words"], rows)]
    for name, title in names.items():
        points = []
        for system in data["systems"]:
            found = system["measures"].get(name) or {"value": None}
            points.append((system["system"], *(None if found.get(part) is None else 100 * found[part] for part in ("value", "low", "high"))))
        parts += [f"<h3>{escape(title)}</h3>", intervals(points, "%")]
    added = f", {data['distractors_added']:,} of which nobody says" if data["distractors_added"] else ""
    note = f"{data['utterances']:,} utterances, {data['entities']:,} entities on the list{added}."
    return section(f"Ladder: {data['set']}", paragraph(note, dim=True), *parts)


def names(report: ScoreReport) -> str:
    """Hits, misses and false alarms of each entity."""
    rows = [
        [escape(name), str(counts.found), str(counts.missed), str(counts.false)] for name, counts in report.per_entity.items()
    ]
    if not rows:
        return section("Names", paragraph("None of the listed names was said, and none came out."))
    return section(
        "Names", paragraph("The worst first. A false alarm is a name that came out and was not said.", dim=True),
        table(["name", "found", "missed", "false"], rows),
    )


def alarms(report: ScoreReport) -> str:
    """The utterances in which a name came out that was not said."""
    rows = [
        [escape(one.id), escape(", ".join(one.entities.false)), f"<td class=words>{_marked(one)}</td>"]
        for one in report.utterances if one.entities is not None and one.entities.false
    ]  # fmt: skip
    if not rows:
        return section("False alarms", paragraph("None: no name came out that was not said."))
    return section("False alarms", table(["utterance", "came out", "transcript"], rows))


def changes(before: ScoreReport, after: ScoreReport, why: Mapping[str, str], clips: Clips, attention: Optional[str]) -> str:
    """The utterances that the list changed, with their audio."""
    found = changed(before, after)
    better, worse = sum(one.names > 0 for one in found), sum(one.names < 0 for one in found)
    head = (
        f"{len(found):,} of {len(after.utterances):,} utterances read otherwise with the list: {better:,} have more names right, "
        f"{worse:,} fewer. Wrong words are marked red, listed names green; harm comes first."
    )
    parts = [_article(one, why.get(one.after.id, ""), clips, attention) for one in found[:SHOWN]]
    notes: List[str] = []
    if len(found) > SHOWN:
        notes.append(paragraph(f"The other {len(found) - SHOWN:,} are left out.", dim=True))
    if clips.left_out:
        notes.append(paragraph(f"{clips.left_out:,} clips are left out to keep the page small (--audio-mb).", dim=True))
    return section("What the list changed", paragraph(head, dim=True), *parts, *notes)


def settings(data: Mapping[str, Any]) -> str:
    """With what the transcripts were made: the ``settings.json`` beside them."""
    rows = [[f"<td class=words>{escape(name)}</td>", f"<td class=words><code>{escape(_plain(value))}</code></td>"] for name, value in data.items()]
    return section("Settings", table(["", ""], rows))


def weights(entities: Sequence[Any]) -> str:
    """The entities whose weight is not 1; "" where there is none."""
    rows = [[escape(one.text), f"{one.weight:g}"] for one in entities if one.weight != 1.0]
    return section("Weights on the list", table(["name", "weight"], rows)) if rows else ""


def _article(one: Changed, why: str, clips: Clips, attention: Optional[str]) -> str:
    ref = " ".join(one.after.alignment.ref)
    verdict = "" if not one.names else f' <span class="{"better" if one.names > 0 else "worse"}">{one.names:+d} names</span>'
    return "\n".join([
        f"<article><strong>{escape(one.after.id)}</strong>{verdict} <span class=dim>{one.errors:+d} word errors</span>",
        f"<dl class=texts><dt>said</dt><dd>{escape(ref)}</dd><dt>without</dt><dd>{_marked(one.before)}</dd>"
        f"<dt>with</dt><dd>{_marked(one.after)}</dd>" + (f"<dt>why</dt><dd>{escape(why)}</dd>" if why else "") + "</dl>",
        attention_picture(attention, one.after.id), clips.player(one.after.id), "</article>",
    ])  # fmt: skip


def _marked(score: UtteranceScore) -> str:
    """A hypothesis with its wrong words marked, and its listed names where these are right."""
    wrong = set(wrong_words(score))
    right = set() if score.entities is None else {word for name in score.entities.found for word in name.lower().split()}
    words = []
    for place, word in enumerate(score.alignment.hyp):
        kind = "<mark>" if place in wrong else "<mark class=name>" if word in right else ""
        words.append(f"{kind}{escape(word)}</mark>" if kind else escape(word))
    return " ".join(words) or "<span class=dim>(nothing)</span>"


def _value(measure: Measure, value: Optional[float], sign: bool = False) -> str:
    if value is None:
        return "-"
    mark = "+" if sign else ""
    return f"{100 * value:{mark}.1f} %" if measure.percent else f"{value:{mark}.2f}"


def _interval(measure: Measure, low: Optional[float], high: Optional[float], sign: bool = False) -> str:
    return "-" if low is None or high is None else f"{_value(measure, low, sign)} to {_value(measure, high, sign)}"


def _percent(found: Optional[Mapping[str, Any]]) -> str:
    return "-" if found is None or found["value"] is None else f"{100 * found['value']:.1f}"


def _verdict(name: str, difference: Optional[float]) -> str:
    if not difference:
        return "same"
    return "better" if (difference > 0) == (name in MORE) else "worse"


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(one)}" for name, one in value.items()) or "-"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_plain, value)) or "-"
    return str(value)
