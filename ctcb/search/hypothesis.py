"""What a search answers: a hypothesis, with the listed entities in it."""
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
    bonus: float  # what its boosts added to the score
    unit: Optional[float] = None  # as a unit of the LM's class: how much more it adds than its plain words would

    @property
    def gain(self) -> float:
        """All that it added."""
        return self.bonus + (self.unit or 0.0)

    @property
    def why(self) -> Tuple[str, ...]:
        """The techniques that spoke for it."""
        return (SUBWORD,) * (self.bonus > 0) + (UNIGRAM,) * (self.unit is not None)


@dataclass(frozen=True)
class Hypothesis:
    """One answer of the beam search; ``score = acoustic + bonus + lm``."""

    tokens: Tuple[int, ...]
    token_frames: Tuple[int, ...]  # frame at which the best alignment emits each token
    token_ends: Tuple[int, ...]  # frame after the last in which the token is likelier than blank, without a break
    token_log_probs: Tuple[float, ...]  # each token's highest log-probability from its frame to its end
    score: float
    acoustic: float  # log of the summed probability of the alignments
    bonus: float  # sum of the entities' bonuses
    entities: Tuple[EntitySpan, ...]
    # Where the tokens do not spell words, as phones: (word, first, end), said by tokens[first:end].
    words: Optional[Tuple[Tuple[str, int, int], ...]] = None
    lm: float = 0.0  # weighted ln P of the words, and their bonuses

    def words_in(self, tokens: TokenTable) -> Sequence[Tuple[str, int, int]]:
        """The words, as :meth:`TokenTable.words` tells them."""
        return tokens.words(self.tokens) if self.words is None else self.words
