"""U-WER and B-WER: the word error rates of common words and of rare (biased) words.

The rules of is21_deep_bias (facebookresearch/fbai-speech; Le et al., "Contextualized Streaming
End-to-End Speech Recognition with Trie-Based Deep Biasing and Shallow Fusion", Interspeech 2021).
Each utterance has its own set of rare words, found in its reference. A substitution or deletion
belongs to B-WER when the *reference* word is in that set, an insertion when the *inserted* word is;
every other error to U-WER. An inserted distractor therefore counts in U-WER only, so read both beside
entity precision.

In scripts without spaces the units are characters, and one is rare where it stands in a rare word (:func:`split_errors`): a
character alone does not tell.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import AbstractSet, List, Sequence

from ctcb.scoring.alignment import DELETION, INSERTION, SUBSTITUTION, Alignment
from ctcb.scoring.wer import ErrorCounts


@dataclass(frozen=True)
class BiasedErrorCounts:
    """Errors split by whether the word concerned is one of the utterance's rare words."""

    unbiased: ErrorCounts = ErrorCounts()  # U-WER
    biased: ErrorCounts = ErrorCounts()  # B-WER

    @property
    def total(self) -> ErrorCounts:
        """The sum of both: the WER that is21's own script prints.

        It may be slightly above the WER, because its alignment is weighted
        (:func:`ctcb.scoring.alignment.align_weighted`).
        """
        return self.unbiased + self.biased

    def __add__(self, other: BiasedErrorCounts) -> BiasedErrorCounts:
        return BiasedErrorCounts(self.unbiased + other.unbiased, self.biased + other.biased)


def count_biased_errors(alignment: Alignment, rare_words: AbstractSet[str]) -> BiasedErrorCounts:
    """Split the errors of one alignment (of :func:`~ctcb.scoring.alignment.align_weighted`) by the utterance's rare words."""
    return split_errors(alignment, [word in rare_words for word in alignment.ref], [word in rare_words for word in alignment.hyp])


def split_errors(alignment: Alignment, rare_ref: Sequence[bool], rare_hyp: Sequence[bool]) -> BiasedErrorCounts:
    """Split the errors of one alignment by which places of its reference and hypothesis are rare words."""
    biased: List[str] = []
    unbiased: List[str] = []
    for edit in alignment.edits:
        is_rare = rare_hyp[edit.hyp_at] if edit.op == INSERTION else rare_ref[edit.ref_at]
        (biased if is_rare else unbiased).append(edit.op)
    rare = sum(rare_ref)
    return BiasedErrorCounts(_counts(len(alignment.ref) - rare, unbiased), _counts(rare, biased))


def _counts(words: int, ops: List[str]) -> ErrorCounts:
    return ErrorCounts(words, ops.count(SUBSTITUTION), ops.count(DELETION), ops.count(INSERTION))
