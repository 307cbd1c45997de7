"""The utterances that a list changed: before, after, and what became of the names in them."""
from __future__ import annotations

from dataclasses import dataclass
from typing import List, Mapping, Tuple

from ctcb.scoring.report import ScoreReport, UtteranceScore


@dataclass(frozen=True)
class Changed:
    """An utterance that reads otherwise with the list."""

    before: UtteranceScore
    after: UtteranceScore

    @property
    def names(self) -> int:
        """How many more names are right: found ones count for it, false ones against it."""
        return _balance(self.after) - _balance(self.before)

    @property
    def errors(self) -> int:
        """How many more word errors there are."""
        return self.after.errors.errors - self.before.errors.errors


def changed(before: ScoreReport, after: ScoreReport) -> List[Changed]:
    """The utterances whose texts differ, the most instructive first: harm, then what helped most."""
    known: Mapping[str, UtteranceScore] = {one.id: one for one in before.utterances}
    found = [Changed(known[one.id], one) for one in after.utterances if known[one.id].alignment.hyp != one.alignment.hyp]
    return sorted(found, key=lambda one: (one.names >= 0, -abs(one.names), one.errors, one.after.id))


def wrong_words(score: UtteranceScore) -> Tuple[int, ...]:
    """The places of the hypothesis's words that the reference does not have there."""
    return tuple(edit.hyp_at for edit in score.alignment.edits if edit.op != "del")


def _balance(score: UtteranceScore) -> int:
    return len(score.entities.found) - len(score.entities.false) if score.entities is not None else 0
