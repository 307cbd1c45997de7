#!/usr/bin/env python3
"""How long decoding takes with lists of several sizes, in turns, so that what else the machine does falls on all of them.

    python recipes/benchmarks/lists/measure_decoding.py --size 100 --size 100000 --size 1000000 --names DATA/distractors_medical.txt \
      --names DATA/distractors_parliament.txt --emissions dev.npz --phones dev.phones.npz

The names are those of measure_lists.py. Times are seconds of the processor for all utterances: of the first round, in which what is set up at
first use is, and the best and the median of the others. The last column is the best one against that of the first size.
"""
from __future__ import annotations

import statistics
import tempfile
from functools import partial
from pathlib import Path
from typing import Dict, List, Sequence

import click
from measure_lists import catalogue, decode, read_spoken, timed

import ctcb
from ctcb.bundled import BUNDLED_MODEL
from ctcb.decoding.list_cache import KEPT
from ctcb.report.markdown import markdown

HEADER = ("names", "first round", "best", "median", "best, first size = 1")


@click.command()
@click.option("--size", "sizes", type=int, multiple=True, required=True, help="Names of a list.")
@click.option("--names", "files", multiple=True, required=True, help="A file of phrases, one a line.")
@click.option("--model", default=str(BUNDLED_MODEL), help="The model of the emissions.")
@click.option("--emissions", required=True, help="The .npz of `ctcb emit`,")
@click.option("--phones", required=True, help="and that of its --phones.")
@click.option("--utterances", default=40, show_default=True, help="How many of them are decoded.")
@click.option("--rounds", default=5, show_default=True, help="How often, after the first time.")
def main(sizes: Sequence[int], files: Sequence[str], model: str, emissions: str, phones: str, utterances: int, rounds: int) -> None:
    """Measure with each list."""
    if len(sizes) > KEPT:
        raise click.UsageError(f"a decoder keeps {KEPT} lists, and {len(sizes)} are asked for")
    spoken = read_spoken(emissions, phones, utterances)
    decoder = ctcb.CtcDecoder(model=model, phone_emissions=True)
    lists: Dict[int, ctcb.EntityList] = {}
    times: Dict[int, List[float]] = {size: [] for size in sizes}
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            path = Path(folder) / f"{size}.txt"
            path.write_text("".join(f"{name}\n" for name in catalogue(files, size)))
            lists[size] = ctcb.EntityList.read(path)
            decoder.decode(spoken[0][0][:1], lists[size], phones=spoken[0][1][:1])  # prepared
    for _ in range(1 + rounds):
        for size, names in lists.items():
            times[size].append(timed(partial(decode, decoder, spoken, names)))
    least = min(times[sizes[0]][1:])
    rows = []
    for size, (first, *others) in times.items():
        rows.append((f"{size:,}", f"{first:.2f}", f"{min(others):.2f}", f"{statistics.median(others):.2f}", f"{min(others) / least:.2f}"))
    click.echo("\n".join(markdown(HEADER, rows)[:-1]))


if __name__ == "__main__":
    main()
