"""``ctcb ablate``: none, each technique alone, and all of them, in one table."""
from __future__ import annotations

import json
from typing import Any, Optional, Tuple

import click

from ctcb.cli.common.compiling import Compiling
from ctcb.cli.common.evaluated import evaluated, evaluated_options
from ctcb.cli.common.help import Command
from ctcb.cli.common.options import Once, entities_format_option
from ctcb.cli.common.sets import absent_option, distractors_option, with_distractors
from ctcb.cli.common.settings import setting_names
from ctcb.data.halves import HALVES
from ctcb.errors import InputError
from ctcb.evaluation.ablation import run_ablation
from ctcb.evaluation.dataset import read_set, with_distinct_names
from ctcb.evaluation.systems import varied
from ctcb.evaluation.tables import bar, render_markdown, render_text, title, to_dict
from ctcb.io import atomic_write
from ctcb.progress import progress
from ctcb.report.markdown import write_block
from ctcb.report.svg import bars
from ctcb.search.beam.decoder import warm


@click.command(cls=Command, sections={
    "Input": "data model",
    "List": "entities distractors",
    "Search": "system",
    "LM": "lm",
    "Output": "plot results",
    "Expert, input": "device precision cache jobs half",
    "Expert, list": "entities-format added absent absent-lists",
    "Expert, search": "vary set config graph adapter",
    "Expert, output": "json bootstrap seed",
})
@click.option("--data", "folders", type=click.Path(), multiple=True, required=True,
              help="Folder with manifest.tsv, entities.txt and perhaps distractors.txt; repeatable.")
@evaluated_options()
@click.option("--entities", cls=Once, type=click.Path(), help="Another list than the folder's entities.txt.")
@entities_format_option()
@distractors_option()
@click.option("--added", type=click.IntRange(min=0), default=0, show_default=True, help="Distractors that join the entities.")
@absent_option(1000)
@click.option("--absent-lists", type=click.IntRange(min=1), default=5, show_default=True, help="Number of such lists; false alarms are the mean.")
@click.option("--half", cls=Once, type=click.Choice(HALVES), help="Only half of the utterances, by a hash of their ids.")
@click.option("--system", "chosen", multiple=True, help="Only this one, beside none; repeatable.")
@click.option("--vary", cls=Once, metavar="SETTING=V,V,...", help="Each system under these values, such as g2g.count=0,2,5.")
@click.option("--bootstrap", type=click.IntRange(min=0), default=1000, show_default=True, help="Resampled corpora; 0: no intervals.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the distractors and the bootstrap.")
@click.option("--json", "json_file", type=click.Path(), help="Write everything, transcripts included, as JSON.")
@click.option("--plot", "plot_file", type=click.Path(), help="Draw entity F1 as SVG, with intervals (of one --data).")
@click.option("--results", type=click.Path(), help="Put the tables into this Markdown file, a block a set.")
def command(
    folders: Tuple[str, ...], entities: Optional[str], entities_format: str, distractors: Tuple[str, ...], added: int,
    absent: int, absent_lists: int, half: Optional[str], chosen: Tuple[str, ...], vary: Optional[str], bootstrap: int, seed: int,
    json_file: Optional[str], plot_file: Optional[str], results: Optional[str], **given: Any,
) -> None:
    """Measure what the techniques give and cost: none, each alone, the presets.

    The emissions of a set are computed once. Beside entity precision, recall and F1 stand the word error rates, and
    the false alarms where the list holds only names that nobody speaks (distractors). Rows that a model cannot have, for want
    of a phone head or an adapter, are named and left out.

    \b
    ctcb ablate --data data/dev --distractors names.txt --results ablation.md
    ctcb ablate --data data/dev --system decoder --system joint --plot ablation.svg

    \b
    ctcb ablate --data data/dev --model hf:NAME --cache exp/emissions
    ctcb ablate --data data/dev --emissions dev.npz --tokens tokens.txt
    """
    if plot_file is not None and len(folders) > 1:
        raise InputError(f"--plot draws one set, and there are {len(folders)}", hint="give one --data")
    sets = with_distinct_names([
        read_set(folder, entities, entities_format, names, added, absent, half, seed, absent_lists)
        for folder, names in with_distractors(folders, distractors)
    ])  # fmt: skip
    for warning in dict.fromkeys(warning for data in sets for warning in data.warnings):
        click.echo(f"ctcb: warning: {warning}", err=True)
    measured_with = evaluated(folders, **given)
    Compiling().wait()
    warm()  # compiling is not what is timed
    done, told = [], set()
    for data in sets:
        found = measured_with.source.emit(data)
        measured, missing = measured_with.systems(found.facts.phones)
        for name in chosen:
            if name not in [system.name for system in measured]:
                why = missing.get(name, "is no system here")
                raise InputError(f"{name!r} {why}", hint=f"choose from {', '.join(system.name for system in measured)}")
        measured = [system for system in measured if not chosen or system.name in chosen or system.name == "none"]
        if vary is not None:
            setting, _, values = vary.partition("=")
            measured = varied(measured, setting_names([setting])[0], values.split(","))
        for name, why in missing.items() if not chosen else ():
            if name not in told:
                click.echo(f"ctcb: left out: {name} {why}", err=True)
        told |= missing.keys()
        decoding = measured_with.decoding(data, found)
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
