"""``ctcb report``: an HTML page on the effect of a list."""
from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Tuple

import click

from ctcb.cli.common.comparing import comparing_options, format_option
from ctcb.cli.common.curves import draw
from ctcb.cli.common.help import Command
from ctcb.cli.common.options import Once, entities_format_option, read_list
from ctcb.cli.decode.writing import SETTINGS
from ctcb.data.manifest import read_manifest
from ctcb.errors import InputError
from ctcb.io import atomic_write, read_lines
from ctcb.report import sections
from ctcb.report.html import page, section
from ctcb.report.media import Clips
from ctcb.scoring.markup import render_markup
from ctcb.scoring.matching import match_times
from ctcb.scoring.readers import read_transcripts
from ctcb.scoring.recognition import JSONL
from ctcb.scoring.score import score
from ctcb.scoring.tables import read_speakers, require_all


@click.command(cls=Command, sections={
    "Input": "ref hyp base",
    "List": "entities",
    "Output": "out",
    "Also in the page": "ablation training attention",
})
@click.option("--ref", cls=Once, required=True, type=click.Path(), help="References: Kaldi text, manifest.tsv (then with audio), hyps.jsonl, CTM, STM, trn or plain text.")
@click.option("--hyp", cls=Once, required=True, type=click.Path(), help="Transcripts with the list, preferably the hyps.jsonl of ctcb decode.")
@click.option("--base", cls=Once, type=click.Path(), help="Transcripts without the list.  [default: those that `ctcb decode --explain` wrote to --hyp]")
@format_option("--ref-format", "--ref")
@format_option("--hyp-format", "--hyp")
@format_option("--base-format", "--base")
@click.option("--entities", cls=Once, required=True, type=click.Path(), help="The list of names.")
@entities_format_option()
@comparing_options()
@click.option("--ablation", "--ladder", "ablations", multiple=True, type=click.Path(), help="File of `ctcb ablate --json`; repeatable.")
@click.option("--training", multiple=True, type=click.Path(), help="Training directory, to draw its curves; repeatable.")
@click.option("--attention", type=click.Path(), help="Folder of `ctcb decode --attention-plot`.")
@click.option("--audio-mb", type=click.FloatRange(min=0), default=8.0, show_default=True, help="Maximum megabytes of audio in the page.")
@click.option("--title", default="What the list changed", show_default=True, help="Title of the page.")
@click.option("--bootstrap", type=click.IntRange(min=0), default=1000, show_default=True, help="Number of bootstrap samples; 0: no intervals.")
@click.option("--out", required=True, type=click.Path(), help="The HTML file.")
def command(
    ref: str, hyp: str, base: Optional[str], ref_format: Optional[str], hyp_format: Optional[str], base_format: Optional[str], entities: str, entities_format: str, language: Optional[str], fold: bool,
    unit: Optional[str], speakers: Optional[str], ablations: Tuple[str, ...],
    training: Tuple[str, ...], attention: Optional[str], audio_mb: float, title: str, bootstrap: int, out: str,
) -> None:
    """Write an HTML page on the effect of a list: measures, ablations, training curves, names, false alarms, changed utterances.

    The page is one self-contained file, audio included.

    \b
    ctcb decode --entities names.txt --explain --out out manifest.tsv
    ctcb report --ref manifest.tsv --hyp out/hyps.jsonl --entities names.txt --out report.html
    """
    refs, hyps = read_transcripts(ref, ref_format), read_transcripts(hyp, hyp_format)
    listed = read_list(entities, entities_format)
    rows = _jsonl(hyp) if hyps.format == JSONL else ()
    before: Any = read_transcripts(base, base_format) if base is not None else {row["id"]: row["before"] for row in rows if "before" in row}
    if base is None and before and len(before) < len(rows):
        raise InputError("only some of the lines have the text without the list", file=hyp, hint="decode all with --explain, or give --base")
    refs, (hyps, before) = match_times(refs, [hyps, before if base is not None else before or None], ("--ref-format", "--hyp-format", "--base-format"))
    speaker_of = read_speakers(speakers) if speakers else None
    if speaker_of is not None:
        require_all(speaker_of, refs, "speaker", speakers)
    rules: Dict[str, Any] = {"language": language, "fold": fold, "unit": unit, "speakers": speaker_of}
    first = score(refs, before, listed, draws=bootstrap, **rules) if before else None
    after = score(refs, hyps, listed, compare=before, draws=bootstrap, **rules)
    parts = [f"<h1>{escape(title)}</h1>", sections.result(first, after)]
    for path in ablations:
        parts += map(sections.ablation, _ablations(path))
    parts += [section("Training", draw(folder)) for folder in training]
    parts += [sections.speakers(after), sections.names(after), sections.alarms(after)]
    if first is not None:
        clips = Clips(_audio(ref), int(audio_mb * 1e6))
        parts.append(sections.changes(first, after, _why(rows), clips, attention))
    parts.append(sections.weights(listed))
    beside = Path(hyp).parent / SETTINGS
    if beside.is_file():
        parts.append(sections.settings(json.loads(beside.read_text("utf-8"))))
    with atomic_write(out) as file:
        file.write(page(title, parts))
    if after.markup:
        click.echo(render_markup(after.markup), err=True)
    click.echo(f"{out}: {len(after.utterances):,} utterances" + ("" if first else "; nothing is compared without --base (or `ctcb decode --explain`)"))


def _jsonl(path: str) -> Tuple[Dict[str, Any], ...]:
    """The rows of a hyps.jsonl that ``read_transcripts`` has checked."""
    return tuple(json.loads(line) for _, line in read_lines(path) if line.strip())


def _audio(ref: str) -> Mapping[str, Path]:
    """Utterance id -> its audio file, where the references are a manifest."""
    if not ref.endswith(".tsv"):
        return {}
    return {row.utt_id: row.audio for row in read_manifest(ref)}


def _why(rows: Tuple[Dict[str, Any], ...]) -> Dict[str, str]:
    """Utterance id -> which techniques supported which name."""
    return {
        row["id"]: "; ".join(f"{entity['entity']}: {' + '.join(entity['why']) or 'no technique'}" for entity in row.get("entities", ()))
        for row in rows
    }


def _ablations(path: str) -> Tuple[Mapping[str, Any], ...]:
    try:
        data = json.loads(Path(path).read_text("utf-8"))
        return tuple(ablation for ablation in data if ablation["systems"] is not None)
    except FileNotFoundError:
        raise InputError("no such file", file=path, hint="write it with `ctcb ablate --json FILE`") from None
    except (ValueError, TypeError, KeyError):
        raise InputError("not an ablation", file=path, hint="write it with `ctcb ablate --json FILE`") from None
