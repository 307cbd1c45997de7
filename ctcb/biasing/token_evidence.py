"""How likely it is that a name was spoken where it was recognised, by the emissions of the tokens alone.

For models without a phone head (:mod:`ctcb.phones.verification` is for those with one). The search chose the name by these
same emissions, helped by boosts, so how well the name fits says little by itself. It says more beside what would fit as well
by chance: sequences of as many tokens, drawn from the list's names, are aligned with the same
frames. A spoken name fits better than nearly all of these; a false one is the best of the many that were tried. No value
depends on how peaky a model's emissions are, how many frames a second it has, or how long its tokens are.
"""
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Iterable, Optional, Sequence

import numpy as np

from ctcb.ctc.viterbi import IMPOSSIBLE, chain, spotting_scores
from ctcb.search.vocabulary import Vocabulary

DRAWS = 50  # random sequences that a name is compared with
LARGEST_POOL, SMALLEST_POOL = 2000, 200  # tokens that these are drawn from
SEED = 0
FLOOR = -12.0  # nats below a frame's best token; what lies lower is as good as impossible in any model
MIN_UNCERTAINTY = 0.01  # nats a letter, of models that are always certain
PART_OF_MEAN = 0.2
MANY_NAMES = 2000  # longer lists count as these: they have one spelling a name, so that hardly more names come out of the search
POSSIBLE = -float(IMPOSSIBLE) / 2  # the loss of a path that exists is lower


@dataclass(frozen=True)
class TokenScore:
    """How well a name fits its stretch of frames, and how well random sequences do. Losses are nats below the best path there."""

    letters: float  # of its tokens
    loss: float  # of the best of its token sequences
    random_loss: float  # the mean over random sequences of as many tokens,
    spread: float  # and the standard deviation
    uncertainty: float  # nats a letter by which the utterance's best path is less likely than certainty

    @property
    def z(self) -> float:
        """By how many standard deviations the name fits better than random sequences.

        A part of the mean is added to the deviation: where all that is wrong is equally unlikely, it is small and says little.
        """
        return (self.random_loss - self.loss) / max(1e-3, self.spread + PART_OF_MEAN * self.random_loss)

    @property
    def relative_loss(self) -> float:
        """The logarithm of 1 + the loss a letter in units of the utterance's uncertainty."""
        return math.log1p(max(0.0, self.loss) / self.letters / self.uncertainty)


@dataclass(frozen=True)
class TokenWeights:
    """The weights of the log-odds."""

    base: float
    z: float  # a standard deviation
    relative_loss: float
    short: float  # of one over the number of letters
    uncertainty: float  # a nat a letter
    names: float  # e times as many names, up to MANY_NAMES


# The regression of local/open_en/fit_token_verification.py (results/notes/verification.md).
FITTED = TokenWeights(base=0.888, z=3.154, relative_loss=0.468, short=13.252, uncertainty=5.759, names=0.680)


def log_odds(score: TokenScore, names: int, weights: TokenWeights = FITTED) -> float:
    """Of the name having been spoken, in a list of so many names; natural logarithm."""
    return (
        weights.base + weights.z * score.z - weights.relative_loss * score.relative_loss - weights.short / score.letters
        - weights.uncertainty * score.uncertainty - weights.names * math.log(min(max(1, names), MANY_NAMES))
    )


def probability(score: TokenScore, names: int, weights: TokenWeights = FITTED) -> float:
    """:func:`log_odds` as a probability, 0 to 1."""
    at = log_odds(score, names, weights)
    return 1.0 / (1.0 + math.exp(-at)) if at > -700 else 0.0


def token_pool(sequences: Iterable[Sequence[int]], vocabulary: Sequence[int]) -> np.ndarray:
    """Tokens to draw random sequences from: those of ``sequences``, in their shares, int64 and at most LARGEST_POOL.

    Where there are fewer than SMALLEST_POOL, tokens of the ``vocabulary`` (ids, rising) fill it up: else a list of few names would be
    compared with itself. The order of the sequences does not matter.
    """
    every = np.sort(np.fromiter((token for sequence in sequences for token in sequence), np.int64))
    others = np.asarray(vocabulary, np.int64)
    return np.r_[_some(every, LARGEST_POOL), _some(others, max(0, SMALLEST_POOL - len(every)))]


def _some(tokens: np.ndarray, count: int) -> np.ndarray:
    """At most so many of some tokens, evenly spaced."""
    return tokens[np.linspace(0, len(tokens) - 1, min(count, len(tokens))).round().astype(np.int64)]


def score_name(
    log_probs: np.ndarray, sequences: Sequence[Sequence[int]], pool: np.ndarray, vocabulary: Vocabulary, uncertainty: float
) -> Optional[TokenScore]:
    """How well a name fits ``log_probs``, ``[T, V]`` float32 natural-log probabilities of its frames and no others.

    Parameters
    ----------
    sequences : its token sequences, none of them empty.
    pool : tokens that random sequences are drawn from, at least one (:func:`token_pool`).
    uncertainty : of the whole utterance (:func:`utterance_uncertainty`).

    Returns None where none of the sequences fits into the frames.
    """
    below = np.maximum(log_probs - log_probs.max(axis=1, keepdims=True), FLOOR)
    losses = _losses(below, sequences, vocabulary.blank)
    best = int(np.argmin(losses))
    if losses[best] > POSSIBLE:
        return None
    drawn = np.random.RandomState(SEED).choice(pool, (DRAWS, len(sequences[best])))
    random = _losses(below, drawn.tolist(), vocabulary.blank)
    random = random[random <= POSSIBLE]  # one that repeats a token needs a frame more
    if not len(random):
        random = losses
    letters = float(vocabulary.letters[list(sequences[best])].sum())
    return TokenScore(max(1.0, letters), float(losses[best]), float(random.mean()), float(random.std()), uncertainty)


def utterance_uncertainty(log_probs: np.ndarray, vocabulary: Vocabulary) -> float:
    """Nats a letter by which the best path through an utterance, ``[T, V]`` with T at least 1, is less likely than certainty."""
    best = log_probs.argmax(axis=1)
    tokens = best[(best != vocabulary.blank) & np.r_[True, best[1:] != best[:-1]]]
    return max(MIN_UNCERTAINTY, -float(log_probs.max(axis=1).sum()) / max(1.0, float(vocabulary.letters[tokens].sum())))


def _losses(below: np.ndarray, sequences: Sequence[Sequence[int]], blank: int) -> np.ndarray:
    """``[N]`` float32: nats by which the best paths that spell the sequences over all frames, with blanks around, are below the best path.

    ``below [T, V]`` float32, the log-probabilities less each frame's highest.
    """
    # The outer blanks may stand on a frame on either side that costs nothing.
    padded = np.zeros((len(below) + 2, below.shape[1]), np.float32)
    padded[1:-1] = below
    each = [chain(np.array(sequence, np.int64), blank, True) for sequence in sequences]
    starts = np.cumsum([0, *map(len, each)])
    return -spotting_scores(padded, np.concatenate(each), starts, 0, blank)
