"""``ctcb entities check``"""
from __future__ import annotations

import json
from itertools import islice
from typing import Optional

import click

from ctcb.cli.common.options import entities_format_option, model_option
from ctcb.entities import EntityList
from ctcb.entities.check import EntityCheck, check_entities
from ctcb.io import atomic_write
from ctcb.progress import progress
from ctcb.text.lang import Lang


@click.group()
def command() -> None:
    """Check a list of names before it is used."""


@command.command()
@click.argument("list_file", metavar="LIST", type=click.Path())
@model_option()
@entities_format_option()
@click.option("--json", "json_file", type=click.Path(), help="Write everything, every entity included, as JSON.")
@click.option(
    "--limit", type=click.IntRange(min=0), default=20, show_default=True,
    help="Entities, and lines of each outcome, that are printed; 0: all.",
)  # fmt: skip
@click.option("--g2g", type=click.IntRange(min=0), default=0, metavar="N", help="Also show N spellings that sound like each name.")
def check(list_file: str, model: str, entities_format: str, json_file: Optional[str], limit: int, g2g: int) -> None:
    """Say what became of each line of LIST, and what the model makes of each entity.

    On stderr: how many were loaded, and the number and reason of each line that was not, or was
    changed. On stdout, for each entity: the words it is matched as, their pieces, how it sounds, and
    warnings. The exit code is 2 where nothing was loaded.

    \b
    ctcb entities check list.txt
    ctcb entities check --entities-format sherpa --json report.json hotwords.txt
    """
    entities = EntityList.load(list_file, entities_format)
    click.echo(entities.report.render(limit or None), err=True, nl=False)
    checks = iter(())
    if entities:
        checks = check_entities(entities, Lang.load(model), g2g)
    shown = limit or len(entities)
    if json_file is None:
        for found in islice(checks, shown):
            click.echo(_text(found))
    else:
        every = list(progress(checks, "checking", len(entities)))
        for found in every[:shown]:
            click.echo(_text(found))
        with atomic_write(json_file) as file:
            data = {**entities.report.to_dict(), "entities": [found.to_dict() for found in every]}
            json.dump(data, file, ensure_ascii=False, indent=1)
            file.write("\n")
    if shown < len(entities):
        click.echo(f"... and {len(entities) - shown:,} more; --limit 0 prints all, --json FILE writes all", err=True)
    entities.require()


def _text(found: EntityCheck) -> str:
    """One entity's rows."""
    entity = found.entity
    rows = [f"{entity.text}  (line {found.line}{f', weight {entity.weight:g}' if entity.weight != 1.0 else ''})"]
    rows += [f"    {form}: {' '.join(pieces)}" for form, pieces in zip(entity.spoken_forms, found.pieces)]
    rows.append(f"    sounds ({found.origin}): {' | '.join(found.pronunciations)}")
    if found.variants:
        rows.append("    sounds like: " + ", ".join(f"{variant.text} ({variant.cost:.1f})" for variant in found.variants))
    rows += [f"    WARNING: {warning}" for warning in found.warnings]
    return "\n".join(rows)
