#!/usr/bin/env python3
"""Write the names of a catalogue to stdout, one a line, made as measure_lists.py makes them.

    python recipes/benchmarks/lists/make_names.py --size 100000 --names DATA/distractors_medical.txt --seed 7 > names.txt
"""
from __future__ import annotations

from typing import Sequence

import click
from measure_lists import catalogue


@click.command(help=__doc__.split("\n", 1)[0])
@click.option("--names", "files", multiple=True, required=True, help="A file of phrases, one a line; repeatable.")
@click.option("--size", type=int, required=True, help="Names.")
@click.option("--seed", default="", help="Other names by another seed.  [default: those that are measured]")
def main(files: Sequence[str], size: int, seed: str) -> None:
    click.echo("\n".join(catalogue(files, size, seed)))


if __name__ == "__main__":
    main()
