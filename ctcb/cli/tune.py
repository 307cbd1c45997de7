"""``ctcb tune``: the weights of the techniques, found on data."""
from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import List, Optional, Tuple

import click

from ctcb.biasing.presets import BUILT_IN, find_config, write_presets
from ctcb.biasing.registry import TECHNIQUES
from ctcb.cli.common.options import Once, device_option, entities_format_option, model_option
from ctcb.cli.common.sets import absent_option, distractors_option, with_distractors
from ctcb.cli.common.settings import presets_of, set_option, setting_names
from ctcb.data.halves import HALVES
from ctcb.errors import InputError
from ctcb.evaluation.ablation import Decoding
from ctcb.evaluation.cached_emissions import EmissionCache
from ctcb.evaluation.dataset import DataSet, read_set, with_distinct_names
from ctcb.evaluation.objective import Bounds, Objective, table_rows
from ctcb.evaluation.search_space import parameters
from ctcb.evaluation.systems import System, systems
from ctcb.evaluation.tune import search
from ctcb.io import atomic_write, digest
from ctcb.phones.phonetics import Phonetics
from ctcb.search.find_lm import find_lm, load_lm
from ctcb.text.lang import Lang
from ctcb.text.spelling import TokenizerSpelling
from ctcb.text_table import table

HEADER = ("settings", "set", "F1 %", "WER %", "U-WER %", "U-WER change", "false alarms / 1000 words")
SHOWN = 10  # trials that are listed


@click.command()
@click.option("--data", "folders", type=click.Path(), multiple=True, required=True,
              help="Folder with manifest.tsv and entities.txt; repeatable.")
@model_option()
@entities_format_option()
@distractors_option()
@click.option("--added", type=click.IntRange(min=0), default=1000, show_default=True, help="Distractors that join the entities.")
@absent_option(0)
@click.option("--preset", cls=Once, default="decoder", show_default=True, help="Which one is tuned.")
@click.option("--parameter", "only", multiple=True, help="Tune only this one, such as verify.threshold; repeatable.  [default: all that matter]")
@click.option("--half", cls=Once, type=click.Choice(HALVES), default=HALVES[0], show_default=True,
              help="Tune on this half of the utterances, report on the other.")
@click.option("--max-u-wer", type=float, default=0.1, show_default=True,
              help="Points by which U-WER may rise above that without a list, on each set.")
@click.option("--max-false-alarms", type=float, default=1.0, show_default=True, help="A thousand words, on each set.")
@click.option("--trials", type=click.IntRange(min=1), default=100, show_default=True, help="In all, those of --study included.")
@click.option("--study", type=click.Path(), help="Keep the trials in this file; a stopped search goes on.")
@click.option("--lm", cls=Once, type=click.Path(), metavar="FILE|none", help="n-gram LM.  [default: the model's own, if any]")
@click.option("--config", type=click.Path(), help="Presets to start from.  [default: the model's own, if any]")
@set_option()
@click.option("--emissions", type=click.Path(), help="Keep emissions in this folder, and use those that are there.")
@device_option()
@click.option("--jobs", type=click.IntRange(min=1), default=2, show_default=True, help="Threads.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the search and the distractors.")
@click.option("--json", "json_file", type=click.Path(), help="Write all trials as JSON.")
@click.option("--out", type=click.Path(), required=True, help="The decode.yaml; other presets in it are kept.")
def command(
    folders: Tuple[str, ...], model: str, entities_format: str, distractors: Tuple[str, ...], added: int, absent: int,
    preset: str, only: Tuple[str, ...], half: str, max_u_wer: float, max_false_alarms: float, trials: int, study: Optional[str],
    lm: Optional[str], config: Optional[str], emissions: Optional[str], device: str, jobs: int, assignments: Tuple[str, ...], seed: int, json_file: Optional[str], out: str,
) -> None:
    """Find the settings of a preset that find the most names on data sets, and break the least.

    What is maximised is the mean of entity F1 less WER, under bounds on U-WER and false alarms; the lists hold
    distractors as well, and false alarms with a list of distractors alone (--absent) are bound as well. Half of the utterances (by a hash of their ids) serve the search, the others the report.

    \b
    ctcb tune --data data/dev --distractors names.txt --study exp/study.log --out decode.yaml
    ctcb decode --config decode.yaml --entities names.txt talk.ogg
    """
    presets = presets_of(find_config(config, model), assignments)
    if preset not in presets or not presets[preset].techniques:
        names = ", ".join(name for name, one in presets.items() if one.techniques)
        raise InputError(f"{preset!r} is no preset that could be tuned", hint=f"choose from {names}")
    lang, cache = Lang.load(model), EmissionCache(model, emissions, jobs, device=device)
    spelling, phonetics = TokenizerSpelling(lang.tokenizer), Phonetics.of(lang)
    lm_file = find_lm(lm, model)
    word_lm = load_lm(lm_file, spelling.table)

    def of_half(which: str) -> List[Tuple[DataSet, Decoding, System]]:
        found = []
        for data in with_distinct_names([
            read_set(folder, None, entities_format, names, added, absent, which, seed) for folder, names in with_distractors(folders, distractors)
        ]):  # fmt: skip
            emitted = cache.emit(data)
            measured, _ = systems(presets, word_lm is not None, emitted.facts.phones, cache.adapter)
            system = next(system for system in measured if system.name == preset)
            found.append((data, Decoding(spelling, phonetics, emitted, word_lm, jobs, partial(cache.biased, data)), system))
        return found

    bounds = Bounds(max_u_wer / 100, max_false_alarms)
    sets = of_half(half)
    for warning in dict.fromkeys(warning for data, _, _ in sets for warning in data.warnings):
        click.echo(f"ctcb: warning: {warning}", err=True)
    space = parameters([TECHNIQUES[name] for name in sets[0][2].techniques], word_lm is not None, setting_names(only))
    about = repr(([(cache.content(data), data.entities.entities, data.absent) for data, _, _ in sets], lm_file and digest(Path(lm_file))))
    found = search(presets[preset], space, Objective(sets).measure, bounds, trials, seed, study, about)

    rows = [("trial", "value", *(one.name for one in space))]
    rows += [(str(t.number), f"{t.value:.4f}", *(f"{t.values[one.name]:.3f}" for one in space)) for t in found.trials[:SHOWN]]
    click.echo(f"{table(rows, left=(0,))}\n")
    click.echo(f"Taken: the {'middle of the best trials' if found.middle else 'best trial'}.\n")
    rest = Objective(of_half(next(other for other in HALVES if other != half)))
    measured = {"before": rest.measure(presets[preset]), "tuned": rest.measure(found.preset)}
    click.echo(f"On the other half:\n\n{table([HEADER, *table_rows(measured)], left=(0, 1))}")
    if json_file is not None:
        with atomic_write(json_file) as file:
            json.dump([{"number": t.number, "value": t.value, "values": t.values} for t in found.trials], file, indent=1)
    kept = presets_of(out) if Path(out).exists() else {}
    changed = {name: one for name, one in kept.items() if one != BUILT_IN[name]}
    write_presets(out, {**changed, preset: found.preset}, "Presets, tuned by `ctcb tune`; what is not named is as in the code.")
