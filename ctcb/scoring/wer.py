"""Word and character error rate: substitutions, deletions and insertions over the words or characters of the reference."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Optional

from rapidfuzz.distance import Levenshtein

from ctcb.scoring.alignment import DELETION, INSERTION, SUBSTITUTION, Alignment


@dataclass(frozen=True)
class ErrorCounts:
    """Numbers of errors by kind, and of reference words."""

    words: int = 0  # of the reference; characters, in a CER
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0

    @property
    def errors(self) -> int:
        """The number of all errors."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> Optional[float]:
        """Errors per reference word (0.1 is 10 %; it may exceed 1); None without reference words."""
        return self.errors / self.words if self.words else None

    def __add__(self, other: ErrorCounts) -> ErrorCounts:
        return ErrorCounts(
            self.words + other.words,
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
        )


def count_errors(alignment: Alignment) -> ErrorCounts:
    """The errors of one alignment."""
    ops = [edit.op for edit in alignment.edits]
    return ErrorCounts(len(alignment.ref), ops.count(SUBSTITUTION), ops.count(DELETION), ops.count(INSERTION))


def count_character_errors(ref: str, hyp: str) -> ErrorCounts:
    """The errors between two texts character by character; a space is one. ``words`` is the number of ``ref``'s characters."""
    if ref == hyp:
        return ErrorCounts(len(ref))
    ops = [op.tag for op in Levenshtein.editops(ref, hyp)]
    return ErrorCounts(len(ref), ops.count("replace"), ops.count("delete"), ops.count("insert"))


def word_error_rate(alignments: Iterable[Alignment]) -> ErrorCounts:
    """The errors of a corpus, summed over utterances."""
    return sum((count_errors(alignment) for alignment in alignments), ErrorCounts())
