"""The place where a sequence fits best, against a loop over all places and all alignments."""
from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcb.ctc.fitting import FLOOR, best_fit

BLANK, SIZE = 0, 4


def collapsed(path):
    kept = [label for place, label in enumerate(path) if place == 0 or label != path[place - 1]]
    return [label for label in kept if label != BLANK]


def by_hand(log_probs, sequence, opens=None, closes=None):
    """The least loss over all spans, all alignments within them, and all that may stand before and behind them."""
    lost = np.minimum(-FLOOR, log_probs.max(axis=1, keepdims=True) - log_probs)
    frames, best = len(lost), np.inf
    for first in range(frames):
        for end in range(first + 1, frames + 1):
            inner = min((
                sum(lost[first + t, label] for t, label in enumerate(path))
                for path in product({BLANK, *sequence}, repeat=end - first)
                if path[0] == sequence[0] and path[-1] == sequence[-1] and collapsed(path) == list(sequence)
            ), default=np.inf)  # fmt: skip
            before = behind = 0.0
            if opens is not None and first:  # one frame or more of tokens that may stand before it
                before = min(lost[at:first, opens].min(axis=1).sum() for at in range(first))
            if closes is not None and end < frames:  # blanks, then a token that may stand behind it, or blanks alone
                ways = [lost[end:, BLANK].sum()]
                ways += [lost[end:at, BLANK].sum() + lost[at, closes].min() for at in range(end, frames)]
                behind = min(ways)
            best = min(best, before + inner + behind)
    return best


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.lists(st.integers(1, SIZE - 1), min_size=1, max_size=3), st.booleans(), st.booleans())
def test_loss_of_the_best_place(seed, frames, sequence, opened, closed):
    logits = np.random.default_rng(seed).normal(scale=3, size=(frames, SIZE))
    log_probs = (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32)
    opens = np.arange(SIZE) == 1 if opened else None
    closes = np.arange(SIZE) >= 2 if closed else None
    found, expected = best_fit(log_probs, [sequence], BLANK, opens, closes), by_hand(log_probs, sequence, opens, closes)
    if found is None:
        assert expected == np.inf
    else:
        assert found.lost == pytest.approx(expected, abs=1e-3)
        assert len(found.frames) == len(sequence) and found.first <= found.frames[0] and found.frames[-1] < found.end


def test_the_likeliest_of_several_and_its_frames():
    log_probs = np.log(np.full((6, SIZE), 0.02, np.float32))
    for frame, label in enumerate([0, 1, 1, 0, 2, 0]):
        log_probs[frame, label] = np.log(0.94)
    found = best_fit(log_probs, [[3], [1, 2], [1, 3]])
    assert (found.sequence, found.first, found.end, found.lost) == (1, 1, 5, 0.0)
    assert found.frames == (1, 4)
    assert best_fit(log_probs[:1], [[1, 2]]) is None and best_fit(log_probs[:0], [[1]]) is None and best_fit(log_probs, []) is None
