"""``ctcb score``: score transcripts against references."""
from __future__ import annotations

from typing import Optional

import click

from ctcb.cli.common.comparing import comparing_options, format_option
from ctcb.cli.common.help import Command
from ctcb.cli.common.options import Once, entities_format_option, read_list
from ctcb.entities.per_utt import read_entities_per_utt
from ctcb.errors import InputError
from ctcb.io import atomic_write
from ctcb.scoring.markup import render_markup
from ctcb.scoring.matching import match_times
from ctcb.scoring.readers import read_transcripts
from ctcb.scoring.render import render_per_utterance, render_text
from ctcb.scoring.score import score
from ctcb.scoring.tables import read_biasing_list, read_durations, read_speakers, require_all
from ctcb.scoring.text import comparable

FILE = click.Path()  # without click's checks: the readers' errors are more precise


@click.command("score", cls=Command, sections={
    "Input": "ref hyp",
    "List": "entities",
    "Output": "compare per-entity per-speaker json per-utt",
})
@click.option("--ref", "ref_file", cls=Once, type=FILE, required=True, help="References: Kaldi text, manifest.tsv, hyps.jsonl, CTM, STM, trn or plain text.")
@click.option("--hyp", "hyp_file", cls=Once, type=FILE, required=True, help="Transcripts, in any of the same formats.")
@format_option("--ref-format", "--ref")
@format_option("--hyp-format", "--hyp")
@click.option("--entities", "entities_file", cls=Once, type=FILE, help="The list of names. Without one, only WER and CER are computed.")
@entities_format_option()
@click.option(
    "--entities-per-utt", cls=Once, type=FILE,
    help="A list for each utterance: utt_id TAB entity|entity|..., or an is21_deep_bias table.",
)
@click.option("--biasing-list", cls=Once, type=FILE, help="Rare words for U-/B-WER from an is21_deep_bias table.")
@click.option("--durations", cls=Once, type=FILE, help="utt2dur or manifest.tsv, for false alarms per hour.")
@click.option("--compare", "other_file", cls=Once, type=FILE, help="Transcripts of another system, for a paired bootstrap comparison.")
@format_option("--compare-format", "--compare")
@click.option("--per-entity", is_flag=True, help="Also print a table of the entities, those with most errors first.")
@click.option("--misses", is_flag=True, help="Also print each missed name: what was recognised in its place, and the words around it.")
@click.option("--per-speaker", is_flag=True, help="Also print a table of the speakers.")
@comparing_options()
@click.option("--json", "json_file", type=FILE, help="Write the whole report, with alignments, as JSON.")
@click.option("--per-utt", "per_utt_file", type=FILE, help="Write a TSV with one line for each utterance.")
@click.option("--allow-missing", is_flag=True, help="Count the words of utterances without a transcript as deleted.")
@click.option("--no-normalize", is_flag=True, help="Do not normalise the texts; only split them at white space.")
@click.option("--bootstrap", type=click.IntRange(min=0), default=1000, show_default=True, help="Number of bootstrap samples; 0: no intervals.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Random seed of the bootstrap.")
def command(
    ref_file: str,
    hyp_file: str,
    ref_format: Optional[str],
    hyp_format: Optional[str],
    entities_file: Optional[str],
    entities_format: str,
    entities_per_utt: Optional[str],
    biasing_list: Optional[str],
    durations: Optional[str],
    other_file: Optional[str],
    compare_format: Optional[str],
    per_entity: bool,
    misses: bool,
    per_speaker: bool,
    language: Optional[str],
    fold: bool,
    unit: Optional[str],
    speakers: Optional[str],
    json_file: Optional[str],
    per_utt_file: Optional[str],
    allow_missing: bool,
    no_normalize: bool,
    bootstrap: int,
    seed: int,
) -> None:
    """Score transcripts against references: WER, entity F1, false alarms.

    Each measure has a 95 % confidence interval, by bootstrap over utterances. Texts and entities are compared
    without case, punctuation and markup such as [noise]; accents and tones count. The words of a CTM file (or of hyps.jsonl) are
    compared with the segments of an STM file by their times.

    \b
    ctcb score --ref manifest.tsv --hyp out/hyps.jsonl --entities names.txt --misses
    ctcb score --ref text --hyp with.txt --compare without.txt --entities names.txt
    ctcb score --ref talks.stm --hyp talks.ctm --language de --per-speaker
    """
    if entities_file and entities_per_utt:
        raise InputError("--entities and --entities-per-utt exclude each other", hint="give one of them")
    for flag, asked in (("--per-entity", per_entity), ("--misses", misses)):
        if asked and not (entities_file or entities_per_utt):
            raise InputError(f"{flag} needs a list", hint="give --entities or --entities-per-utt")
    if no_normalize and (fold or language):
        raise InputError("--no-normalize excludes --fold and --language", hint="give one of them")
    other = read_transcripts(other_file, compare_format) if other_file else None
    refs, (hyps, other) = match_times(read_transcripts(ref_file, ref_format), [read_transcripts(hyp_file, hyp_format), other])
    speaker_of = read_speakers(speakers) if speakers else None
    if per_speaker and not (speakers or getattr(refs, "speakers", None)):
        raise InputError("--per-speaker, and no speaker is known", hint="name a file with --speakers, or references that have them")
    lists = read_entities_per_utt(entities_per_utt) if entities_per_utt else None
    rare_words = read_biasing_list(biasing_list) if biasing_list else None
    seconds = read_durations(durations) if durations else None
    for table, label, path in (
        (lists, "list of entities", entities_per_utt),
        (rare_words, "rare words", biasing_list),
        (seconds, "duration", durations),
        (speaker_of, "speaker", speakers),
    ):
        if table is not None:
            require_all(table, refs, label, path)
    entities = read_list(entities_file, entities_format) if entities_file else None
    report = score(
        refs,
        hyps,
        entities,
        entities_per_utt=lists,
        rare_words=rare_words,
        seconds=seconds,
        compare=other,
        normalize=None if no_normalize else comparable,
        language=language,
        fold=fold,
        unit=unit,
        speakers=speaker_of,
        allow_missing=allow_missing,
        draws=bootstrap,
        seed=seed,
    )
    for path, render in ((json_file, lambda: report.to_json()), (per_utt_file, lambda: render_per_utterance(report))):
        if path:
            with atomic_write(path) as file:
                file.write(render())
    if report.markup:
        click.echo(render_markup(report.markup), err=True)
    click.echo(render_text(report, per_entity, per_speaker, misses), nl=False)
