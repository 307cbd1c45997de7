"""The page on the effect of a list, of what it shows."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List, Mapping, Optional, Sequence, Tuple

from ctcb.entities import EntityList
from ctcb.report.ablation import AblationTable
from ctcb.report.about import Fact, InputFile, setting_rows
from ctcb.report.axis import TICKS
from ctcb.report.line_chart import DARK, LIGHT, Panel, drawn
from ctcb.report.measured import key_figures, measure_notes, measure_plot, measure_rows
from ctcb.report.media import Clips, Pictures
from ctcb.report.names import name_rows
from ctcb.report.page import render
from ctcb.report.utterances import Articles, Listing
from ctcb.scoring.render import speaker_rows
from ctcb.scoring.report import ScoreReport

MAX_NAMES = 500  # rows of the table of names
PLOT_WIDTH = 380  # pixels of a training curve's plot: its numbers can be read on a phone


@dataclass(frozen=True)
class Training:
    """The curves of a training run."""

    name: str
    note: str
    panels: Sequence[Panel]


@dataclass(frozen=True)
class Effect:
    """What the page shows; ``before``, the score without the list, is None where there are no transcripts without it."""

    title: str
    facts: Sequence[Fact]
    objections: Sequence[str]
    before: Optional[ScoreReport]
    after: ScoreReport
    listed: EntityList
    ablations: Sequence[AblationTable]
    trainings: Sequence[Training]
    inputs: Sequence[InputFile]
    settings: Mapping[str, Any]


def effect_page(effect: Effect, articles: Articles, clips: Clips, pictures: Pictures) -> str:
    """The HTML of the page, one file with all that it shows. ``articles`` makes use of ``clips`` and ``pictures``."""
    before, after = effect.before, effect.after
    changed, wrong = articles.listings(before, after)
    measures = measure_rows(before, after)
    names = name_rows(before, after, {entity.text: entity.weight for entity in effect.listed})
    speakers = speaker_rows(after) if len(after.per_speaker) > 1 else []
    return render(
        "report.html", title=effect.title, facts=effect.facts, objections=effect.objections, light=LIGHT, dark=DARK, ticks=TICKS,
        compared=before is not None, measures=measures, key_figures=key_figures(measures),
        plot=measure_plot(before, after), notes=measure_notes(after), ablations=effect.ablations,
        trainings=[{"name": one.name, "note": one.note, "panels": drawn(one.panels, PLOT_WIDTH)} for one in effect.trainings],
        speakers=speakers, names=names[:MAX_NAMES], names_total=len(names), utterances=len(after.utterances), changed=changed, wrong=wrong,
        unexplained=any(listing.unexplained for listing in (changed, wrong) if listing is not None),
        has_audio=_has_audio(changed, wrong), media_notes=_media_notes(clips, pictures), inputs=effect.inputs,
        settings=setting_rows(effect.settings), sections=_sections(effect, bool(speakers)),
    )  # fmt: skip


def _sections(effect: Effect, speakers: bool) -> List[Tuple[str, str]]:
    """The anchors and names of the page's sections, in order."""
    found = [
        ("measures", "Measures", True), ("ablation", "Ablation", bool(effect.ablations)), ("training", "Training", bool(effect.trainings)),
        ("speakers", "Speakers", speakers), ("names", "Names", True), ("changed", "What the list changed", effect.before is not None),
        ("wrong", "Names that are still wrong", True), ("made", "How this was made", True),
    ]  # fmt: skip
    return [(anchor, name) for anchor, name, there in found if there]


def _has_audio(changed: Optional[Listing], wrong: Listing) -> bool:
    return any(article.clips for listing in (changed, wrong) if listing is not None for article in listing.articles)


def _media_notes(clips: Clips, pictures: Pictures) -> List[str]:
    """What of audio and plots the page lacks, and why."""
    notes = [
        f"{count:,} {what} are left out to keep the page small{hint}."
        for count, what, hint in ((clips.left_out, "clips", " (--audio-mb)"), (pictures.left_out, "attention plots", "")) if count
    ]  # fmt: skip
    if clips.unreadable:
        notes.append(f"The clips of {len(clips.unreadable):,} utterances are missing, because their audio cannot be read: {clips.unreadable[0]}.")
    return notes
