"""Lists of rare names or terms for prepared sets: entities.txt, entities_per_utt.tsv, distractors.txt.

    python local/shared/make_lists.py --train TRAIN_DIR [--slue FILE]... [--terms FILE]... [--no-distractors] SET_DIR...

Each folder holds a manifest.tsv. The sources of the names:

- without --slue and --terms: from the capitals of the manifest's orig_text (local/shared/names.py);
- --slue FILE (repeatable): the annotation of SLUE-VoxPopuli, for the utterances that it has;
- --terms FILE (repeatable): phrases, one a line, wherever they occur, and every other rare word.

A word is rare if it occurs at most --max-count times in training. One word of a name must be rare. A list has the
rare names of its set's references. The distractors are the rare names of the training set that no reference of the set
contains (no file if there are none, or with --no-distractors). SET_DIR/lists.json has the counts.
"""
from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Callable, Dict, Iterable, Iterator, List, Sequence, Set, Tuple

import click
from names import capitalised, read_slue
from terms import Terms
from training_words import TrainingWords, read_rows

from ctcb.cli import run
from ctcb.errors import InputError
from ctcb.io import atomic_write, read_lines
from ctcb.text.normalize import normalize

NamesOf = Callable[[Dict[str, str]], Iterable[str]]  # a manifest's row -> names in it
MOST_DISTRACTORS = 10_000


@click.command()
@click.option("--train", "train", required=True, type=click.Path(path_type=Path), help="The training set's folder.")
@click.option("--slue", multiple=True, type=click.Path(path_type=Path), help="SLUE-VoxPopuli's annotation; repeatable.")
@click.option("--terms", "term_files", multiple=True, type=click.Path(path_type=Path), help="Phrases, one a line; repeatable.")
@click.option("--max-count", default=5, show_default=True, help="Highest count of a rare word in training.")
@click.option("--distractors/--no-distractors", default=True, show_default=True, help="Whether to write distractors.txt.")
@click.argument("sets", nargs=-1, required=True, type=click.Path(path_type=Path))
def command(
    train: Path, slue: Tuple[Path, ...], term_files: Tuple[Path, ...], max_count: int, distractors: bool, sets: Tuple[Path, ...]
) -> None:
    """Write the lists of SETS."""
    if slue and term_files:
        raise InputError("--slue and --terms exclude each other", hint="give one of them")
    training_rows = list(read_rows(train / "manifest.tsv"))
    training = TrainingWords.of(training_rows, max_count)
    names_of: NamesOf
    if term_files:
        terms = Terms((line for file in term_files for _, line in read_lines(file)), training)
        names_of, source = lambda row: terms.find(row["text"]), "terms and rare words"
    else:
        names_of, source = lambda row: capitalised(row.get("orig_text", ""), training), "capitals"
    pool = Counter(name for row in training_rows for name in names_of(row)) if distractors else Counter()
    if slue:
        annotated = {utt_id: names for file in slue for utt_id, names in read_slue(file).items()}
        source = "SLUE"

        def names_of(row: Dict[str, str]) -> Iterator[str]:
            for name in annotated.get(row["utt_id"], ()):
                yield " ".join(training.rare_part(name.split()))

    for folder in sets:
        report = write_lists(folder, names_of, pool)
        report["source"], report["max_count"] = source, max_count
        with atomic_write(folder / "lists.json") as file:
            json.dump(report, file, indent=1)
        click.echo(f"{folder}: " + ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in report.items()), err=True)


def write_lists(folder: Path, names_of: NamesOf, pool: Counter) -> Dict[str, object]:
    """Write a set's three files, distractors from the ``pool``; the sizes."""
    rows = list(read_rows(folder / "manifest.tsv"))
    texts = {row["utt_id"]: f" {normalize(row['text'])} " for row in rows}
    printed: Dict[str, Counter] = defaultdict(Counter)  # normal form -> ways to print it
    for row in rows:
        for name in names_of(row):
            if f" {normalize(name)} " in texts[row["utt_id"]]:
                printed[normalize(name)][name] += 1
    if not printed:
        raise InputError("not one rare name in this set", file=folder, hint="raise --max-count, or check the original texts")
    occurrences = _occurrences(printed, texts.values())
    per_utt = {utt_id: sorted(_occurrences(printed, [text])) for utt_id, text in texts.items()}
    best = {normal: min(ways, key=lambda way: (-ways[way], way)) for normal, ways in printed.items()}
    others = {normalize(name): name for name, _ in reversed(pool.most_common())}  # of two ways the more common one
    here = _occurrences(others, texts.values())
    distractors = [name for normal, name in reversed(others.items()) if normal not in here][:MOST_DISTRACTORS]
    _write(folder / "entities.txt", sorted(best.values()))
    _write(folder / "entities_per_utt.tsv", (f"{utt_id}\t{'|'.join(best[name] for name in names)}" for utt_id, names in per_utt.items()))
    if distractors:
        _write(folder / "distractors.txt", sorted(distractors))
    sizes = {
        "entities": len(best), "occurrences": sum(occurrences.values()), "utterances_with_one": sum(map(bool, per_utt.values())),
        "utterances": len(rows),
    }  # fmt: skip
    return {**sizes, "distractors": len(distractors)} if pool else sizes


def _occurrences(names: Iterable[str], texts: Iterable[str]) -> Counter:
    """How often normal forms occur as whole words in texts that begin and end with a space."""
    by_words: Dict[int, Set[str]] = defaultdict(set)
    for name in names:
        by_words[name.count(" ") + 1].add(name)
    counts: Counter = Counter()
    for text in texts:
        words: Sequence[str] = text.split()
        for size, wanted in by_words.items():
            grams: List[str] = [" ".join(words[first : first + size]) for first in range(len(words) - size + 1)]
            counts.update(gram for gram in grams if gram in wanted)
    return counts


def _write(path: Path, lines: Iterable[str]) -> None:
    with atomic_write(path) as file:
        file.writelines(f"{line}\n" for line in lines)


if __name__ == "__main__":
    run(command, "make_lists")
