#!/usr/bin/env python3
"""How long a list of so many names takes to be ready, from its file and from the cache, to change, and to decode with; and the memory.

    python recipes/benchmarks/lists/measure_lists.py --size 100000 --names DATA/distractors_medical.txt \
      --names DATA/distractors_parliament.txt --emissions dev.npz --phones dev.phones.npz

The names are the files' phrases and, where these are too few, the first word of one and the last word of another. `ctcb emit`
writes the emissions. Times are seconds of the processor; the peak memory is the process's.
"""
from __future__ import annotations

import hashlib
import resource
import statistics
import tempfile
import time
from pathlib import Path
from typing import Callable, Iterator, List, Sequence, Tuple

import click
import numpy as np

import ctcb
from ctcb.bundled import BUNDLED_MODEL
from ctcb.text.normalize import normalize

CHANGED = 100  # names that come, or go, in a change
CHANGES = ((f"{CHANGED} names come and {CHANGED} go", True, True), (f"{CHANGED} names come", True, False), (f"{CHANGED} names go", False, True))


def catalogue(files: Sequence[str], size: int, seed: str = "") -> List[str]:
    """So many different names; others by another ``seed``. Raises click.UsageError where the files have too few words."""
    phrases: List[str] = []
    for file in files:
        own = {normalize(line) for line in Path(file).read_text(encoding="utf-8").splitlines()} - {""}
        phrases += sorted(own, key=lambda text: hashlib.sha256(f"{text}{seed}".encode()).hexdigest())
    names = dict.fromkeys(phrases)
    several = [phrase.split() for phrase in names if " " in phrase]
    for distance in range(1, len(several)):
        if len(names) >= size:
            break
        names.update(dict.fromkeys(f"{words[0]} {several[(place + distance) % len(several)][-1]}" for place, words in enumerate(several)))
    if len(names) < size:
        raise click.UsageError(f"{len(names):,} names can be made of these files, {size:,} are asked for")
    return list(names)[:size]


def timed(work: Callable[[], object]) -> float:
    """The processor's seconds."""
    began = time.process_time()
    work()
    return time.process_time() - began


def read_spoken(emissions: str, phones: str, count: int) -> List[Tuple[np.ndarray, np.ndarray]]:
    """The emissions of the first utterances of two files: each one's of tokens and of phones."""
    with np.load(emissions, allow_pickle=False) as tokens, np.load(phones, allow_pickle=False) as sounds:
        return [(tokens[name], sounds[name]) for name in tokens.files[:count]]


def decode(decoder: ctcb.CtcDecoder, spoken: Sequence[Tuple[np.ndarray, np.ndarray]], names: ctcb.EntityList) -> None:
    """Decode all utterances of :func:`read_spoken`."""
    for tokens, phones in spoken:
        decoder.decode(tokens, names, phones=phones)


def told(what: str, seconds: float) -> None:
    """A line of the results."""
    click.echo(f"{what}: {seconds:.3f} s, peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


def changes(names: ctcb.EntityList, come: bool, go: bool) -> Iterator[ctcb.EntityList]:
    """Lists that come out of one another."""
    for number in range(8):
        new = [f"newname {chr(97 + number)}zo{'abcdefghij'[place // 10]}{'klmnopqrst'[place % 10]}" for place in range(CHANGED)]
        old = [names.entities[number * CHANGED + place].text for place in range(CHANGED)]
        names = names.changed(new if come else (), old if go else ())
        yield names


@click.command()
@click.option("--size", type=int, required=True, help="Names of the list.")
@click.option("--names", "files", multiple=True, required=True, help="A file of phrases, one a line.")
@click.option("--model", default=str(BUNDLED_MODEL), help="The model of the emissions.")
@click.option("--emissions", required=True, help="The .npz of `ctcb emit`,")
@click.option("--phones", required=True, help="and that of its --phones.")
@click.option("--utterances", default=40, show_default=True, help="How many of them are decoded.")
@click.option("--lists", default=1, show_default=True, help="Read and prepare so many lists of other names; the least times count.")
def main(size: int, files: Sequence[str], model: str, emissions: str, phones: str, utterances: int, lists: int) -> None:
    """Measure with one list, or reading and preparing with several."""
    spoken = read_spoken(emissions, phones, utterances)
    decoder = ctcb.CtcDecoder(model=model, phone_emissions=True)
    decoder.decode(spoken[0][0], ["zorblat quexington"], phones=spoken[0][1])  # compiled, and its tables read
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "names.txt"
        every = catalogue(files, size * lists)
        told("before", 0.0)
        read: List[ctcb.EntityList] = []
        times: List[Tuple[float, float]] = []
        for begin in range(0, len(every), size):
            path.write_text("".join(f"{name}\n" for name in every[begin : begin + size]))
            reading = timed(lambda: read.append(ctcb.EntityList.read(path)))
            times.append((reading, timed(lambda: decoder.decode(spoken[0][0][:1], read[-1], phones=spoken[0][1][:1]))))
        for what, seconds in zip(("read", "prepared"), map(min, zip(*times))):
            told(what, seconds)
        names = read[-1]
        first, *others = [timed(lambda: decode(decoder, spoken, names)) for _ in range(4)]
        told(f"{len(spoken)} utterances decoded for the first time", first)
        told(f"{len(spoken)} utterances decoded, the best of three times more", min(others))
        for what, come, go in CHANGES if size > 10 * CHANGED else ():
            took, whole = [], changes(names, come, go)
            decoder.decode(spoken[0][0][:1], names, phones=spoken[0][1][:1])
            for _ in range(8):
                began = time.process_time()
                decoder.decode(spoken[0][0][:1], next(whole), phones=spoken[0][1][:1])
                took.append(time.process_time() - began)
            told(f"{what}, the median of 8 times", statistics.median(took))
            told("the best of them", min(took))


if __name__ == "__main__":
    main()
