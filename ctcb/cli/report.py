"""``ctcb report``: an HTML page on the effect of a list."""
from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple

import click

from ctcb import __version__
from ctcb.cli.common.comparing import comparing_options, format_option
from ctcb.cli.common.curves import NOTHING_YET, STEPS, panels_of, run_name
from ctcb.cli.common.help import Command
from ctcb.cli.common.options import Once, entities_format_option, read_list
from ctcb.cli.decode.made_with import SETTINGS
from ctcb.data.manifest import ManifestRow, read_manifest
from ctcb.errors import InputError
from ctcb.io import atomic_write, read_lines, read_text
from ctcb.report.ablation import AblationTable, ablation_table
from ctcb.report.about import facts, input_files, objections
from ctcb.report.effect import Effect, Training, effect_page
from ctcb.report.media import Clips, Pictures
from ctcb.report.utterances import Articles
from ctcb.scoring.markup import render_markup
from ctcb.scoring.matching import match_times
from ctcb.scoring.readers import read_transcripts
from ctcb.scoring.recognition import JSONL
from ctcb.scoring.score import score
from ctcb.scoring.tables import read_speakers, require_all
from ctcb.scoring.text import comparable, rules_of
from ctcb.training.log import LOG

PICTURES_MB = 8.0  # megabytes of attention plots in a page


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
@click.option("--training", multiple=True, type=click.Path(), help="Training directory with curves; repeatable.")
@click.option("--attention", type=click.Path(), help="Folder of `ctcb decode --attention-plot`.")
@click.option("--audio-mb", type=click.FloatRange(min=0), default=8.0, show_default=True, help="Maximum megabytes of audio in the page.")
@click.option("--title", cls=Once, help="Title of the page.  [default: Names in DATA SET]")
@click.option("--data-set", cls=Once, help="Name of the data set.  [default: the folder of --ref]")
@click.option("--model-name", cls=Once, help="Name of the model.  [default: the one in the settings.json beside --hyp]")
@click.option("--bootstrap", type=click.IntRange(min=0), default=1000, show_default=True, help="Number of bootstrap samples; 0: no intervals.")
@click.option("--out", required=True, type=click.Path(), help="The HTML file.")
def command(
    ref: str, hyp: str, base: Optional[str], ref_format: Optional[str], hyp_format: Optional[str], base_format: Optional[str], entities: str,
    entities_format: str, language: Optional[str], fold: bool, unit: Optional[str], speakers: Optional[str], ablations: Tuple[str, ...],
    training: Tuple[str, ...], attention: Optional[str], audio_mb: float, title: Optional[str], data_set: Optional[str],
    model_name: Optional[str], bootstrap: int, out: str,
) -> None:
    """Write an HTML page on the effect of a list: measures, ablations, training curves, names and what was recognised instead,
    changed utterances with clips of the moments that changed.

    The page is one self-contained file, audio included, for screens of all sizes and for print. It names data set, model, list and
    versions, and the digests of all files.

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
    tables = [table for path in ablations for table in _ablations(path)]
    trainings = [_training(folder) for folder in training]
    settings = _settings(hyp)
    rules: Dict[str, Any] = {"language": language, "fold": fold, "unit": unit, "speakers": speaker_of}
    first = score(refs, before, listed, draws=bootstrap, **rules) if before else None
    after = score(refs, hyps, listed, compare=before, draws=bootstrap, **rules)
    logs = [str(Path(folder) / LOG) for folder in training]
    inputs = input_files([
        ("references", ref), ("transcripts with the list", hyp), ("transcripts without the list", base), ("list", entities),
        *(("ablation", path) for path in ablations), *(("training", path) for path in logs),
    ])  # fmt: skip
    list_file = next(file for file in inputs if file.role == "list")
    manifest = _manifest(ref)
    by_id = {row["id"]: row for row in rows}
    seconds = {row.utt_id: row.duration for row in manifest if row.duration is not None}
    name = data_set or Path(ref).resolve().parent.name
    made = f"{date.today().isoformat()}, ctcb {__version__}"
    clips = Clips({row.utt_id: row.audio for row in manifest}, audio_mb * 1e6, {row["id"]: row["channel"] for row in rows if "channel" in row})
    pictures = Pictures(attention, PICTURES_MB * 1e6)
    effect = Effect(
        title or f"Names in {name}", facts(name, after, list_file, settings, model_name, made, _sum(seconds, refs)),
        objections(settings, list_file), first, after, listed, tables, trainings, inputs, settings,
    )  # fmt: skip
    try:
        articles = Articles(by_id, seconds, rules_of(language, fold, comparable), clips, pictures)
    except TypeError as error:
        raise InputError(f"`explained` is none that ctcb decode wrote: {error}", file=hyp, hint="decode anew") from None
    with atomic_write(out) as file:
        file.write(effect_page(effect, articles, clips, pictures))
    if after.markup:
        click.echo(render_markup(after.markup), err=True)
    click.echo(f"{out}: {len(after.utterances):,} utterance{'s' * (len(after.utterances) != 1)}" + ("" if first else "; nothing is compared without --base (or `ctcb decode --explain`)"))


def _jsonl(path: str) -> Tuple[Dict[str, Any], ...]:
    """The rows of a hyps.jsonl that ``read_transcripts`` has checked."""
    return tuple(json.loads(line) for _, line in read_lines(path) if line.strip())


def _manifest(ref: str) -> List[ManifestRow]:
    """The utterances where the references are a manifest."""
    return read_manifest(ref) if ref.endswith(".tsv") else []


def _sum(seconds: Mapping[str, float], refs: Mapping[str, str]) -> Optional[float]:
    """The duration of the references' utterances; None where that of one is not known."""
    return sum(seconds[utterance] for utterance in refs) if all(utterance in seconds for utterance in refs) else None


def _settings(hyp: str) -> Dict[str, Any]:
    """The settings that ``ctcb decode`` wrote beside the transcripts; none where there is no such file."""
    path = Path(hyp).parent / SETTINGS
    if not path.is_file():
        return {}
    try:
        settings = json.loads(read_text(path))
    except ValueError:
        settings = None
    if not isinstance(settings, dict):
        raise InputError("no settings of `ctcb decode`", file=path, hint="decode again with --out, or move the file away")
    return settings


def _training(folder: str) -> Training:
    panels = panels_of(folder)
    return Training(run_name(folder), f"{STEPS.capitalize() if panels else NOTHING_YET.capitalize()}.", panels)


def _ablations(path: str) -> List[AblationTable]:
    try:
        return [ablation_table(data) for data in json.loads(read_text(path))]
    except (ValueError, TypeError, KeyError, AttributeError):
        raise InputError("not an ablation", file=path, hint="write it with `ctcb ablate --json FILE`") from None
