"""The result of a search: a hypothesis, with the listed entities in it."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Sequence, Tuple

from ctcb.search.options import SUBWORD, UNIGRAM
from ctcb.text.tokens import TokenTable


@dataclass(frozen=True)
class EntitySpan:
    """An entity found in a hypothesis: its tokens are ``tokens[first:end]``."""

    entity: int  # its index in the list that the context graph was built from
    first: int
    end: int
    bonus: float  # what its subword boosts added to the score
    unit: Optional[float] = None  # what the LM's entity class added over the scores of its plain words; None: not used

    @property
    def gain(self) -> float:
        """What both techniques added to the score."""
        return self.bonus + (self.unit or 0.0)

    @property
    def why(self) -> Tuple[str, ...]:
        """The techniques that added to its score."""
        return (SUBWORD,) * (self.bonus > 0) + (UNIGRAM,) * (self.unit is not None)


@dataclass(frozen=True)
class Hypothesis:
    """One hypothesis; ``score = acoustic + bonus + lm - penalty``, all natural logarithms."""

    tokens: Tuple[int, ...]
    token_frames: Tuple[int, ...]  # the frame at which the best alignment emits each token
    token_ends: Tuple[int, ...]  # the end (exclusive) of the run of frames in which the token is likelier than the blank
    token_log_probs: Tuple[float, ...]  # each token's highest log-probability between its frame and its end
    score: float
    acoustic: float  # log of the summed probability of the alignments
    bonus: float  # sum of the entities' bonuses
    entities: Tuple[EntitySpan, ...]
    # For tokens that do not spell words, such as phones: (word, first, end), where the word is tokens[first:end].
    words: Optional[Tuple[Tuple[str, int, int], ...]] = None
    lm: float = 0.0  # weighted ln P of the words, plus their bonuses
    penalty: float = 0.0  # sum of what the phrases to push away cost

    def words_in(self, tokens: TokenTable) -> Sequence[Tuple[str, int, int]]:
        """The words as ``(word, first, end)``, from :attr:`words` or spelled by the tokens."""
        return tokens.words(self.tokens) if self.words is None else self.words

    def spaced_words_in(self, tokens: TokenTable) -> Sequence[Tuple[str, int, int, bool]]:
        """:meth:`words_in`, each with whether a space stands before it."""
        return list(tokens.spaced_words(self.tokens)) if self.words is None else [(*word, True) for word in self.words]
