"""``ctcb entities check``: how a list is loaded, spelled and pronounced."""
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
@click.option("--json", "json_file", type=click.Path(), help="Write the whole report, with every entity, as JSON.")
@click.option(
    "--limit", type=click.IntRange(min=0), default=20, show_default=True,
    help="Maximum number of entities, and of lines of each outcome, to print; 0: all.",
)  # fmt: skip
@click.option("--g2g", type=click.IntRange(min=0), default=0, metavar="N", help="Also show N spelling variants (G2G) of each name.")
def check(list_file: str, model: str, entities_format: str, json_file: Optional[str], limit: int, g2g: int) -> None:
    """Report how each line of LIST is loaded, and how the model spells and pronounces each entity.

    On stderr: the number of loaded entities, and each line that was rejected, merged or changed, with
    the reason. On stdout, for each entity: its normalised words, their subword pieces, its
    pronunciations, and warnings. The exit code is 2 if no entity was loaded.

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
        for entity_check in islice(checks, shown):
            click.echo(_text(entity_check))
    else:
        all_checks = list(progress(checks, "checking", len(entities)))
        for entity_check in all_checks[:shown]:
            click.echo(_text(entity_check))
        with atomic_write(json_file) as file:
            data = {**entities.report.to_dict(), "entities": [entity_check.to_dict() for entity_check in all_checks]}
            json.dump(data, file, ensure_ascii=False, indent=1)
            file.write("\n")
    if shown < len(entities):
        click.echo(f"... and {len(entities) - shown:,} more; --limit 0 prints all, --json FILE writes all", err=True)
    entities.require()


def _text(entity_check: EntityCheck) -> str:
    """The lines of one entity."""
    entity = entity_check.entity
    rows = [f"{entity.text}  (line {entity_check.line}{f', weight {entity.weight:g}' if entity.weight != 1.0 else ''})"]
    rows += [f"    {form}: {' '.join(pieces)}" for form, pieces in zip(entity.spoken_forms, entity_check.pieces)]
    rows.append(f"    pronunciations ({entity_check.origin}): {' | '.join(entity_check.pronunciations)}")
    if entity_check.variants:
        rows.append("    spelling variants: " + ", ".join(f"{variant.text} ({variant.cost:.1f})" for variant in entity_check.variants))
    rows += [f"    WARNING: {warning}" for warning in entity_check.warnings]
    return "\n".join(rows)
