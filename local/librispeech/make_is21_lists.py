"""Lists for sets of LibriSpeech by the rules of is21_deep_bias: entities.txt, entities_per_utt.tsv, distractors.txt.

    python local/librispeech/make_is21_lists.py IS21_DIR SET_DIR...

- A set of which IS21_DIR/ref has lists (test-clean, test-other): its rare words are those of the lists, in one list
  for the whole set; the distractors are the other words of the lists.
- Another set (dev): a word is rare if it is not in words/common_words_5k.txt, the 5,000 commonest words of
  LibriSpeech's training texts; the distractors are drawn from words/all_rare_words.txt.

SET_DIR/lists.json has the counts. Distractors that the set's references contain are left out.
"""
from __future__ import annotations

import json
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Dict, Iterable, List, Mapping, Tuple

import click

sys.path.append(str(Path(__file__).resolve().parents[1] / "shared"))
from make_lists import NamesOf, write_lists  # noqa: E402
from training_words import read_rows  # noqa: E402

from ctcb.cli import run  # noqa: E402
from ctcb.entities.per_utt import Is21Row, read_is21  # noqa: E402
from ctcb.errors import InputError  # noqa: E402
from ctcb.io import atomic_write, read_lines  # noqa: E402


@click.command()
@click.argument("is21", type=click.Path(path_type=Path))
@click.argument("sets", nargs=-1, required=True, type=click.Path(path_type=Path))
def command(is21: Path, sets: Tuple[Path, ...]) -> None:
    """Write the lists of SETS."""
    for folder in sets:
        tables = sorted(is21.glob(f"ref/{folder.name}.biasing_*.tsv"))
        names_of, others, source = from_tables(tables, folder) if tables else from_words(is21 / "words")
        report = {**write_lists(folder, names_of, shuffled(others)), "source": source}
        with atomic_write(folder / "lists.json") as file:
            json.dump(report, file, indent=1)
        click.echo(f"{folder}: " + ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in report.items()), err=True)


def from_tables(tables: List[Path], folder: Path) -> Tuple[NamesOf, Iterable[str], str]:
    """Each utterance's rare words, all words of its lists, and where they are from. Raises InputError for utterances without a list."""
    read = [read_is21(table) for table in tables]
    ids = [row["utt_id"] for row in read_rows(folder / "manifest.tsv")]
    for table, rows in zip(tables, read):
        missing = [utt_id for utt_id in ids if utt_id not in rows]
        if missing:
            raise InputError(f"no list for {len(missing)} of {len(ids)} utterances, such as {missing[0]}", file=table, hint="finish the download (stage 1)")
    first: Mapping[str, Is21Row] = read[0]
    words = {word for rows in read for row in rows.values() for word in row.biasing or ()}
    return lambda row: first[row["utt_id"]].rare, words, "is21's lists"


def from_words(words: Path) -> Tuple[NamesOf, Iterable[str], str]:
    """The rare words of any utterance, all rare words, and where they are from."""
    common, rare = ({line.strip() for _, line in read_lines(words / name)} for name in ("common_words_5k.txt", "all_rare_words.txt"))
    return lambda row: [word for word in row["text"].split() if word not in common], rare, "is21's words"


def shuffled(words: Iterable[str]) -> Dict[str, int]:
    """The words in an order that only they decide, not that of the alphabet."""
    ordered = sorted(words)
    random.Random(0).shuffle(ordered)
    return Counter(ordered)


if __name__ == "__main__":
    run(command, "make_is21_lists")
