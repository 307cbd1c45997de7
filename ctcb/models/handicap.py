"""By how much better than in training an entry must fit to be heard, at recognition: where fitting tells little.

The constants were chosen on the dev sets (RESULTS.md, "The contextual adapter").
"""
from __future__ import annotations

import math
from typing import Sequence

import numpy as np
import torch
from torch import Tensor

from ctcb.models.matching import BLANK, Found

# Nats by which the judgement of a name falls that sounds just like a word: the word is said more often.
DOUBLE = 2.0
# A name begins where a word begins. Of the nats by which pieces within words are likelier there than pieces that
# begin one, at most so many count, each by so much.
INSIDE, MOST_INSIDE = 0.5, 4.0
# In lists of more than so many entries, short names fit by chance: nats for each phone that a name has fewer than so
# many, times the log of how many times longer the list is.
LONG_LIST, FEW_PHONES, BRIEF = 1000, 6, 0.2
UNSAID = 1e-9  # probability below which a kind of piece is as good as not heard


def handicaps(
    found: Found, pieces: np.ndarray, starts: np.ndarray, phones: Sequence[int], doubles: Tensor, listed: int
) -> Tensor:
    """The nats ``[M]`` (float32) that the found entries lose of their judgement.

    Parameters
    ----------
    found : what an utterance says of them.
    pieces : ``[T, V]`` natural-log probabilities of the final head.
    starts : ``[V]`` bool, the pieces that begin a word; none of them where pieces do not tell.
    phones : M, how many each entry has.
    doubles : ``[M]`` bool, entries that sound just like some other word.
    listed : entries of the whole list.
    """
    lost = DOUBLE * doubles.float()
    if starts.any():
        lost += INSIDE * torch.from_numpy(within_word(found, pieces, starts)).clamp(0.0, MOST_INSIDE)
    longer = math.log(max(1.0, listed / LONG_LIST))
    return lost + BRIEF * longer * (FEW_PHONES - torch.tensor(phones, dtype=torch.float32)).clamp(min=0.0)


def within_word(found: Found, pieces: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """By how many nats ``[M]`` float32 pieces within a word are likelier where an entry begins than those that begin one.

    An entry begins at the frames at which its best path is in its first piece; one frame before them counts
    for both kinds, and one behind them for those that begin a word.
    """
    within = ~starts
    within[BLANK] = False
    probs = np.exp(pieces)
    begin, inside = (np.log(probs[:, kind].sum(axis=1) + UNSAID) for kind in (starts, within))
    more = np.empty(len(found.scores), np.float32)
    for row, score in enumerate(found.scores):
        frames = np.flatnonzero(score[:, 0] == score[:, 0].max())
        first, end = max(0, frames[0] - 1), frames[-1] + 1
        more[row] = inside[first:end].max() - begin[first : end + 1].max()
    return more
