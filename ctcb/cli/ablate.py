"""``ctcb ablate``: none, each technique alone, and all of them, in one table."""
from __future__ import annotations

import json
from functools import partial
from typing import Optional, Tuple

import click

from ctcb.biasing.presets import find_config
from ctcb.cli.common.options import Once, device_option, entities_format_option, model_option
from ctcb.cli.common.sets import absent_option, distractors_option, with_distractors
from ctcb.cli.common.settings import presets_of, set_option, setting_names
from ctcb.data.halves import HALVES
from ctcb.errors import InputError
from ctcb.evaluation.ablation import Decoding, run_ablation
from ctcb.evaluation.cached_emissions import EmissionCache
from ctcb.evaluation.dataset import read_set, with_distinct_names
from ctcb.evaluation.systems import systems, varied
from ctcb.evaluation.tables import bar, render_markdown, render_text, title, to_dict
from ctcb.io import atomic_write
from ctcb.phones.phonetics import Phonetics
from ctcb.progress import progress
from ctcb.report.markdown import write_block
from ctcb.report.svg import bars
from ctcb.search.beam.decoder import warm
from ctcb.search.find_lm import find_lm, load_lm
from ctcb.text.lang import Lang
from ctcb.text.spelling import TokenizerSpelling


@click.command()
@click.option("--data", "folders", type=click.Path(), multiple=True, required=True,
              help="Folder with manifest.tsv, entities.txt and perhaps distractors.txt; repeatable.")
@model_option()
@click.option("--entities", cls=Once, type=click.Path(), help="Another list than the folder's entities.txt.")
@entities_format_option()
@distractors_option()
@click.option("--added", type=click.IntRange(min=0), default=0, show_default=True, help="Distractors that join the entities.")
@absent_option(1000)
@click.option("--absent-lists", type=click.IntRange(min=1), default=5, show_default=True, help="Number of such lists; false alarms are the mean.")
@click.option("--half", cls=Once, type=click.Choice(HALVES), help="Only half of the utterances, by a hash of their ids.")
@click.option("--lm", cls=Once, type=click.Path(), metavar="FILE|none", help="n-gram LM for all systems.  [default: the model's own, if any]")
@click.option("--config", type=click.Path(), help="Presets (decode.yaml).  [default: the model's own, if any]")
@click.option("--system", "chosen", multiple=True, help="Only this one, beside none; repeatable.")
@click.option("--vary", cls=Once, metavar="SETTING=V,V,...", help="Each system under these values, such as g2g.count=0,2,5.")
@set_option()
@click.option("--emissions", type=click.Path(), help="Keep emissions in this folder, and use those that are there.")
@device_option()
@click.option("--jobs", type=click.IntRange(min=1), default=2, show_default=True, help="Threads.")
@click.option("--bootstrap", type=click.IntRange(min=0), default=1000, show_default=True, help="Resampled corpora; 0: no intervals.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the distractors and the bootstrap.")
@click.option("--json", "json_file", type=click.Path(), help="Write everything, transcripts included, as JSON.")
@click.option("--plot", "plot_file", type=click.Path(), help="Draw entity F1 with its intervals as SVG (of one --data).")
@click.option("--results", type=click.Path(), help="Put the tables into this Markdown file, a block a set.")
def command(
    folders: Tuple[str, ...], model: str, entities: Optional[str], entities_format: str, distractors: Tuple[str, ...], added: int,
    absent: int, absent_lists: int, half: Optional[str], lm: Optional[str], config: Optional[str], chosen: Tuple[str, ...],
    vary: Optional[str], emissions: Optional[str], assignments: Tuple[str, ...], device: str, jobs: int, bootstrap: int, seed: int, json_file: Optional[str],
    plot_file: Optional[str], results: Optional[str],
) -> None:
    """Measure what each technique gives and costs on data sets: none, each alone, and the presets.

    The emissions of a set are computed once. Beside entity precision, recall and F1 stand the word error rates, and
    the false alarms where the list holds only names that nobody speaks (distractors).

    \b
    ctcb ablate --data data/dev --distractors names.txt --results results/ablation.md
    ctcb ablate --data data/dev --system decoder --system joint --plot ablation.svg
    """
    if plot_file is not None and len(folders) > 1:
        raise InputError(f"--plot draws one set, and there are {len(folders)}", hint="give one --data")
    sets = with_distinct_names([
        read_set(folder, entities, entities_format, names, added, absent, half, seed, absent_lists)
        for folder, names in with_distractors(folders, distractors)
    ])  # fmt: skip
    for warning in dict.fromkeys(warning for data in sets for warning in data.warnings):
        click.echo(f"ctcb: warning: {warning}", err=True)
    presets = presets_of(find_config(config, model), assignments)
    lang, cache = Lang.load(model), EmissionCache(model, emissions, jobs, device=device)
    spelling = TokenizerSpelling(lang.tokenizer)
    word_lm = load_lm(find_lm(lm, model), spelling.table)
    warm()  # compiling is not what is timed
    done = []
    for data in sets:
        found = cache.emit(data)
        measured, missing = systems(presets, word_lm is not None, found.facts.phones, cache.adapter)
        unknown = [name for name in chosen if name not in [system.name for system in measured]]
        if unknown:
            raise InputError(f"{unknown[0]!r} is no system here", hint=f"choose from {', '.join(system.name for system in measured)}")
        measured = [system for system in measured if not chosen or system.name in chosen or system.name == "none"]
        if vary is not None:
            setting, _, values = vary.partition("=")
            measured = varied(measured, setting_names([setting])[0], values.split(","))
        for reason in missing if not chosen else ():
            click.echo(f"ctcb: left out: {reason}", err=True)
        decoding = Decoding(spelling, Phonetics.of(lang), found, word_lm, jobs, partial(cache.biased, data))
        rows = list(progress(run_ablation(data, decoding, found, measured, bootstrap, seed), data.name, total=len(measured)))
        click.echo(render_text(data, rows))
        if results is not None:
            parts = [f"ablation {data.name}", half and f"half {half}", added and f"added {added}", vary and vary.partition("=")[0]]
            name = " ".join(filter(None, parts))
            write_block(results, name, render_markdown(data, rows))
        if plot_file is not None:
            with atomic_write(plot_file) as file:
                file.write(bars(title(data), "entity F1 in percent, with 95 % intervals", list(map(bar, rows))))
        done.append(to_dict(data, rows))
    if json_file is not None:
        with atomic_write(json_file) as file:
            json.dump(done, file, ensure_ascii=False, indent=1)
