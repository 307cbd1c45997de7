"""``ctcb tune``: the weights of the techniques, found on data."""
from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, List, Optional, Tuple

import click

from ctcb.biasing.presets import BUILT_IN, CONFIG_FILE, Preset, write_presets
from ctcb.biasing.registry import TECHNIQUES
from ctcb.bundled import BUNDLED_MODEL
from ctcb.cli.common.compiling import Compiling
from ctcb.cli.common.evaluated import evaluated, evaluated_options
from ctcb.cli.common.help import Command
from ctcb.cli.common.options import Once, entities_format_option
from ctcb.cli.common.sets import absent_option, distractors_option, with_distractors
from ctcb.cli.common.settings import presets_of, setting_names
from ctcb.data.halves import HALVES
from ctcb.errors import InputError
from ctcb.evaluation.ablation import Decoding
from ctcb.evaluation.dataset import DataSet, read_set, with_distinct_names
from ctcb.evaluation.objective import ALARMS, RATES, Bounds, Objective, broken_bounds, objections, table_rows
from ctcb.evaluation.search_space import parameters
from ctcb.evaluation.systems import System
from ctcb.evaluation.tune import search
from ctcb.io import atomic_write, digest
from ctcb.model_names import own_file
from ctcb.scoring.measures import ABSENT_FALSE_ALARMS, BY_NAME
from ctcb.search.find_lm import LM_FILE, NO_LM, keep_lm
from ctcb.text_table import table

HEADER = ("settings", "set", *(BY_NAME[name].heading for name in RATES), "U-WER change", BY_NAME[ALARMS].heading, ABSENT_FALSE_ALARMS.heading)
SHOWN = 10  # trials that are listed


@click.command(cls=Command, sections={
    "Input": "data model",
    "List": "distractors",
    "Search": "preset trials",
    "LM": "lm",
    "Output": "out into-model",
    "Expert, input": "device precision cache jobs half",
    "Expert, list": "entities-format added absent",
    "Expert, search": "study parameter max-u-wer max-false-alarms seed set config graph adapter json",
})
@click.option("--data", "folders", type=click.Path(), multiple=True, required=True,
              help="Folder with manifest.tsv and entities.txt; repeatable.")
@evaluated_options()
@entities_format_option()
@distractors_option()
@click.option("--added", type=click.IntRange(min=0), default=1000, show_default=True, help="Distractors that join the entities.")
@absent_option(0)
@click.option("--preset", cls=Once, default="decoder", show_default=True, help="Which one is tuned.")
@click.option("--parameter", "only", multiple=True, help="Tune only this one, such as verify.threshold; repeatable.  [default: all that matter]")
@click.option("--half", cls=Once, type=click.Choice(HALVES), default=HALVES[0], show_default=True,
              help="Tune on this half of the utterances, check on the other.")
@click.option("--max-u-wer", type=float, default=0.1, show_default=True,
              help="Points by which U-WER may rise above that without a list, on each set.")
@click.option("--max-false-alarms", type=float, default=1.0, show_default=True, help="A thousand words, on each set: of the list, and of absent lists.")
@click.option("--trials", type=click.IntRange(min=1), default=100, show_default=True, help="In all, those of --study included.")
@click.option("--study", type=click.Path(), help="Keep the trials in this file; a stopped search goes on.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the search and the distractors.")
@click.option("--json", "json_file", type=click.Path(), help="Write all trials as JSON.")
@click.option("--out", type=click.Path(), help="The decode.yaml; other presets in it are kept.")
@click.option("--into-model", is_flag=True, help="Write to the model's own decode.yaml instead of --out, and put the LM there that was measured with.")
def command(
    folders: Tuple[str, ...], entities_format: str, distractors: Tuple[str, ...], added: int, absent: int, preset: str, only: Tuple[str, ...],
    half: str, max_u_wer: float, max_false_alarms: float, trials: int, study: Optional[str], seed: int, json_file: Optional[str],
    out: Optional[str], into_model: bool, **given: Any,
) -> None:
    """Find the settings of a preset that find the most names on data sets, and break the least.

    What is maximised is the mean of entity F1 less WER, under bounds on U-WER and false alarms; the lists hold
    distractors as well, and false alarms with a list of distractors alone (--absent) are bound as well. Half of the utterances
    (by a hash of their ids) serve the search. The others decide: settings that break a bound, or are worse there than those
    that the search began with, are not taken; the reason is printed, the old ones are written, and the exit code is 0.

    \b
    ctcb tune --data data/dev --distractors names.txt --out decode.yaml
    ctcb decode --config decode.yaml --entities names.txt talk.ogg

    \b
    ctcb tune --data data/dev --model exp/model --lm exp/lm.arpa.gz --into-model
    ctcb decode --model exp/model --entities names.txt talk.ogg
    """
    target = _target(given["model"], given["emissions"], given["lm"], out, into_model)
    tuned_with = evaluated(folders, **given)
    Compiling().wait()
    presets = tuned_with.presets
    if preset not in presets or not presets[preset].techniques:
        names = ", ".join(name for name, one in presets.items() if one.techniques)
        raise InputError(f"{preset!r} is no preset that could be tuned", hint=f"choose from {names}")

    def of_half(which: str) -> List[Tuple[DataSet, Decoding, System]]:
        found = []
        for data in with_distinct_names([
            read_set(folder, None, entities_format, names, added, absent, which, seed) for folder, names in with_distractors(folders, distractors)
        ]):  # fmt: skip
            if not data.rows:
                raise InputError(f"no utterance is in half {which}", file=data.manifest, hint="give a larger set")
            emitted = tuned_with.source.emit(data)
            measured, missing = tuned_with.systems(emitted.facts.phones)
            if preset in missing:
                raise InputError(f"the preset {preset!r} {missing[preset]}", hint="tune another preset")
            system = next(system for system in measured if system.name == preset)
            found.append((data, tuned_with.decoding(data, emitted), system))
        return found

    bounds = Bounds(max_u_wer / 100, max_false_alarms)
    sets, others = of_half(half), of_half(next(other for other in HALVES if other != half))
    for warning in dict.fromkeys(warning for data, _, _ in sets for warning in data.warnings):
        click.echo(f"ctcb: warning: {warning}", err=True)
    space = parameters([TECHNIQUES[name] for name in sets[0][2].techniques], tuned_with.lm is not None, setting_names(only))
    lm_digest = tuned_with.lm_file and digest(tuned_with.lm_file)
    about = repr(([(tuned_with.source.content(data), data.entities.entities, data.absent) for data, _, _ in sets], lm_digest))
    objective = Objective(sets)
    found = search(presets[preset], space, objective.measure, bounds, trials, seed, study, about)

    rows = [("trial", "value", *(one.name for one in space))]
    rows += [(str(t.number), f"{t.value:.4f}", *(f"{t.values[one.name]:.3f}" for one in space)) for t in found.trials[:SHOWN]]
    click.echo(f"{table(rows, left=(0,))}\n")
    click.echo(f"Found: the {'middle of the best trials' if found.middle else 'best trial'}.\n")
    rest = Objective(others)
    measured = {"before": rest.measure(presets[preset]), "tuned": rest.measure(found.preset)}
    click.echo(f"On the other half:\n\n{table([HEADER, *table_rows(measured)], left=(0, 1))}")
    if json_file is not None:
        with atomic_write(json_file) as file:
            json.dump([{"number": t.number, "value": t.value, "values": t.values} for t in found.trials], file, indent=1)
    against = [f"{why} (the half of the search)" for why in broken_bounds(objective.measure(presets[preset]), found.measured, bounds)]
    against += objections(measured["before"], measured["tuned"], bounds)
    taken = presets[preset] if against else replace(found.preset, tuned_on=tuned_with.facts.model())
    if against:
        click.echo(f"ctcb: the settings that were found are not taken, and {target} has the old ones: {'; '.join(against)}", err=True)
    _write(target, preset, taken)
    if into_model and tuned_with.lm_file is not None:
        click.echo(f"{keep_lm(tuned_with.lm_file, given['model'])}: the LM that was measured with", err=True)


def _target(model: str, emissions: Tuple[str, ...], lm: Optional[str], out: Optional[str], into_model: bool) -> Path:
    """The file of settings. Raises InputError where it is not clear, or cannot be."""
    if into_model == (out is not None):
        raise InputError("it is to be said where the settings go", hint="give one of --out FILE and --into-model")
    if out is not None:
        return Path(out)
    if emissions:
        raise InputError("--into-model is for a model, and --emissions is given", hint="give --out FILE")
    if Path(model).resolve() == BUNDLED_MODEL.resolve():
        raise InputError("the bundled model is part of the package, and stays as it is", hint="give --out FILE")
    if lm == NO_LM and own_file(model, LM_FILE).exists():
        raise InputError("--into-model keeps the model's LM, with which --lm none does not measure", hint="give --out FILE, or leave --lm out")
    return own_file(model, CONFIG_FILE)


def _write(target: Path, name: str, preset: Preset) -> None:
    """Put a preset into a file, beside the others that it has."""
    kept = presets_of(target) if target.exists() else {}
    changed = {other: one for other, one in kept.items() if one != BUILT_IN[other]}
    write_presets(target, {**changed, name: preset}, "Presets, tuned by `ctcb tune`; what is not named is as in the code.")
