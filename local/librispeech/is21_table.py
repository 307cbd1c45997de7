"""The benchmark of is21_deep_bias as tables in Markdown, the published figures of others beside ours.

    python local/librispeech/is21_table.py --out results/librispeech.md [--scores DIR] [--model NAME]

DIR holds SET/SYSTEM/N/score.json (``ctcb score --biasing-list``), with N "none" where there was no list. The table of
each set is a block of the Markdown file. Without --scores the tables have the published figures alone
(local/librispeech/published.tsv).
"""
from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import click

from ctcb.cli import run
from ctcb.report.markdown import markdown, write_block

PUBLISHED = Path(__file__).with_name("published.tsv")
HEADER = ("system", "N", "WER %", "U-WER %", "B-WER %", "entity precision %", "entity F1 %", "source")
MEASURES = ("wer", "u_wer", "b_wer", "entity_precision", "entity_f1")
WITHOUT_LIST = "none"

Row = Tuple[str, ...]  # a cell a column of HEADER


@click.command()
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The Markdown file.")
@click.option("--scores", type=click.Path(path_type=Path), help="Folder of our scores.")
@click.option("--model", default="this recipe's", show_default=True, help="The model of our scores, as the tables name it.")
def command(out: Path, scores: Optional[Path], model: str) -> None:
    """Write a table for each test set."""
    tables = published()
    for file in sorted(scores.glob("*/*/*/score.json")) if scores else ():
        name, system, count = file.relative_to(scores).parts[:3]
        tables.setdefault(name, []).append(scored(file, system, count, model))
    for name, rows in sorted(tables.items()):
        rows.sort(key=lambda row: 0 if row[1] == WITHOUT_LIST else int(row[1]))
        write_block(out, f"is21 {name}", markdown(HEADER, rows))


def published() -> Dict[str, List[Row]]:
    """The published figures of each set."""
    tables: Dict[str, List[Row]] = {}
    with open(PUBLISHED, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            tables.setdefault(row["set"], []).append((row["system"], row["n"], row["wer"], row["u_wer"], row["b_wer"], "", "", row["source"]))
    return tables


def scored(file: Path, system: str, count: str, model: str) -> Row:
    """The figures of one of our systems with lists of N words; 95 % intervals in brackets."""
    measures: Dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["measures"]

    def percent(name: str) -> str:
        found = measures.get(name)
        if found is None or found["value"] is None:
            return ""
        value = f"{100 * found['value']:.2f}"
        return value if found["low"] is None else f"{value} ({100 * found['low']:.2f} to {100 * found['high']:.2f})"

    return (f"**ctcb, {system}**", count, *map(percent, MEASURES), f"model: {model}")


if __name__ == "__main__":
    run(command, "is21_table")
