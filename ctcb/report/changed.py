"""The utterances whose transcript a list changed."""
from __future__ import annotations

from dataclasses import dataclass
from typing import List, Mapping, Tuple

from ctcb.scoring.report import ScoreReport, UtteranceScore


@dataclass(frozen=True)
class Changed:
    """An utterance with different transcripts without the list (``before``) and with it (``after``)."""

    before: UtteranceScore
    after: UtteranceScore

    @property
    def names(self) -> int:
        """The gain in names: found minus false ones with the list, less the same without it."""
        return _balance(self.after) - _balance(self.before)

    @property
    def errors(self) -> int:
        """The increase in word errors."""
        return self.after.errors.errors - self.before.errors.errors


def changed(before: ScoreReport, after: ScoreReport) -> List[Changed]:
    """The utterances whose hypotheses differ: those with a loss of names first, then by size of the change."""
    by_id: Mapping[str, UtteranceScore] = {utterance.id: utterance for utterance in before.utterances}
    pairs = [Changed(by_id[utterance.id], utterance) for utterance in after.utterances]
    differing = [pair for pair in pairs if pair.before.alignment.hyp != pair.after.alignment.hyp]
    return sorted(differing, key=lambda pair: (pair.names >= 0, -abs(pair.names), pair.errors, pair.after.id))


def wrong_words(score: UtteranceScore) -> Tuple[int, ...]:
    """The indices of the hypothesis units that are substitutions or insertions."""
    return tuple(edit.hyp_at for edit in score.shown.edits if edit.op != "del")


def _balance(score: UtteranceScore) -> int:
    return len(score.entities.found) - len(score.entities.false) if score.entities is not None else 0
