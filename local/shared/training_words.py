"""How often words occur in training, which decides whether a name is rare."""
from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, FrozenSet, Iterator, Sequence

from ctcb.errors import InputError
from ctcb.text.normalize import normalize

COMMONEST = 5000  # words that are never rare, as in is21_deep_bias


@dataclass(frozen=True)
class TrainingWords:
    """The words of a training set."""

    counts: Counter  # of normalised words
    common: FrozenSet[str]  # the COMMONEST that occur more than max_count times
    lower: FrozenSet[str]  # normalised words that its original texts write in lower case somewhere
    max_count: int  # a word with at most this count is rare

    @classmethod
    def of(cls, rows: Sequence[Dict[str, str]], max_count: int) -> TrainingWords:
        """Count the rows of a manifest (`read_rows`)."""
        counts: Counter = Counter()
        lower = set()
        for row in rows:
            counts.update(normalize(row["text"]).split())
            for word in row.get("orig_text", "").split():
                if word[:1].islower():
                    lower.update(normalize(word).split())
        common = frozenset(word for word, count in counts.most_common(COMMONEST) if count > max_count)
        return cls(counts, common, frozenset(lower), max_count)

    def is_rare(self, word: str) -> bool:
        """Whether the normalised word occurs at most ``max_count`` times."""
        return self.counts[word] <= self.max_count

    def rare_part(self, words: Sequence[str]) -> Sequence[str]:
        """A name (words as printed) without the common words at its edges; empty unless a word in it is rare.

        A word that is several in normal form (``Saint-Denis``) is common if all of them are.
        """
        normal = [normalize(word).split() for word in words]
        first, last = 0, len(words)
        while first < last and self.common.issuperset(normal[first]):
            first += 1
        while first < last and self.common.issuperset(normal[last - 1]):
            last -= 1
        rare = any(self.is_rare(word) for part in normal[first:last] for word in part)
        return words[first:last] if rare else words[:0]


def read_rows(manifest: Path) -> Iterator[Dict[str, str]]:
    """The rows of a ``manifest.tsv``, columns of its own included. Raises InputError without a text column."""
    if not manifest.exists():
        raise InputError("no such file", file=manifest, hint="prepare the corpus first")
    with open(manifest, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        if "text" not in (reader.fieldnames or ()):
            raise InputError("no column 'text' in the header", file=manifest, line=1, hint="name a manifest.tsv")
        yield from reader
