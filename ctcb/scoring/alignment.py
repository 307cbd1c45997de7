"""Word alignments of a reference and a hypothesis: substitutions, deletions and insertions."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, NamedTuple, Sequence, Tuple

import numpy as np
from rapidfuzz.distance import Levenshtein

SUBSTITUTION, DELETION, INSERTION = "sub", "del", "ins"
_FROM_RAPIDFUZZ = {"replace": SUBSTITUTION, "delete": DELETION, "insert": INSERTION}

# The weights of sclite and of is21_deep_bias/score.py: three substitutions in a row cost more than a deletion and an
# insertion around two matches.
GAP_COST, SUBSTITUTION_COST = 3, 4


class Edit(NamedTuple):
    """One error. Positions count words from 0; an insertion's ``ref_at`` is the reference word after it."""

    op: str  # "sub", "del" or "ins"
    ref_at: int
    hyp_at: int


@dataclass(frozen=True)
class Alignment:
    """A reference, a hypothesis and the edits between them, in order."""

    ref: Tuple[str, ...]
    hyp: Tuple[str, ...]
    edits: Tuple[Edit, ...]

    def ref_word(self, edit: Edit) -> str:
        """The reference word of a substitution or deletion; "" for an insertion."""
        return "" if edit.op == INSERTION else self.ref[edit.ref_at]

    def hyp_word(self, edit: Edit) -> str:
        """The hypothesis word of a substitution or insertion; "" for a deletion."""
        return "" if edit.op == DELETION else self.hyp[edit.hyp_at]


def align(ref: Sequence[str], hyp: Sequence[str]) -> Alignment:
    """The alignment with the fewest errors (Levenshtein), which WER is defined by."""
    edits = Levenshtein.editops(list(ref), list(hyp))
    return Alignment(
        tuple(ref), tuple(hyp), tuple(Edit(_FROM_RAPIDFUZZ[op.tag], op.src_pos, op.dest_pos) for op in edits)
    )


def align_weighted(ref: Sequence[str], hyp: Sequence[str]) -> Alignment:
    """The alignment of is21_deep_bias/score.py, including its choice among equal alignments.

    An insertion or deletion costs 3 and a substitution 4. The backtrace prefers a match or substitution
    to an insertion, and an insertion to a deletion. It may have a few more errors than :func:`align`,
    never fewer. Memory: 5 bytes times ``len(ref) * len(hyp)``.
    """
    n, m = len(ref), len(hyp)
    while n and m and ref[n - 1] == hyp[m - 1]:  # the backtrace matches a common end anyway
        n, m = n - 1, m - 1
    return Alignment(tuple(ref), tuple(hyp), tuple(reversed(_backtrace(ref[:n], hyp[:m]))))


def _backtrace(ref: Sequence[str], hyp: Sequence[str]) -> List[Edit]:
    """The edits, last one first.

    ``score[i, j]`` is the cost of turning ``ref[:i]`` into ``hyp[:j]``, less ``GAP_COST * j``. In that
    form insertions are free, so a row is a running minimum instead of a loop over its cells.
    """
    n, m = len(ref), len(hyp)
    numbers: Dict[str, int] = {}
    ref_ids = np.fromiter((numbers.setdefault(word, len(numbers)) for word in ref), np.int32, n)
    hyp_ids = np.fromiter((numbers.setdefault(word, len(numbers)) for word in hyp), np.int32, m)
    diagonal = np.where(ref_ids[:, None] == hyp_ids, 0, SUBSTITUTION_COST).astype(np.int8) - np.int8(GAP_COST)
    score = np.zeros((n + 1, m + 1), np.int32)
    score[:, 0] = GAP_COST * np.arange(n + 1)
    for i in range(n):
        row = score[i + 1, 1:]
        np.minimum(score[i, :-1] + diagonal[i], score[i, 1:] + GAP_COST, out=row)
        np.minimum.accumulate(score[i + 1], out=score[i + 1])

    edits: List[Edit] = []
    i, j = n, m
    while i or j:
        if i and j and score[i, j] == score[i - 1, j - 1] + diagonal[i - 1, j - 1]:
            i, j = i - 1, j - 1
            if ref_ids[i] != hyp_ids[j]:
                edits.append(Edit(SUBSTITUTION, i, j))
        elif j and score[i, j] == score[i, j - 1]:
            j -= 1
            edits.append(Edit(INSERTION, i, j))
        else:
            i -= 1
            edits.append(Edit(DELETION, i, j))
    return edits
