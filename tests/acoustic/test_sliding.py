"""Windows over audio that comes piece by piece."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcb.acoustic.sliding import LEFT, LEFT_OF_END, SOON, SlidingWindows
from ctcb.ctc.emissions import Emissions
from ctcb.errors import InputError, RunError

FRAME = 640  # samples


def model(asked):
    """Emissions that tell each frame's first sample, and what its window began and ended with; blanks by chance."""

    def forward(samples):
        asked.append((int(samples[0]), int(samples[-1]) + 1))
        starts = samples[: len(samples) // FRAME * FRAME : FRAME]
        sure = np.random.default_rng(len(asked)).choice([-5.0, -1.0, -0.1], len(starts))
        return Emissions(np.stack([starts, np.full(len(starts), samples[0]), np.full(len(starts), samples[-1]), sure], axis=1))

    return forward


@settings(max_examples=60, deadline=None)
@given(samples=st.integers(0, 20 * 16_000), latency=st.sampled_from([0.08, 0.5, 1.0, 2.1]), cuts=st.lists(st.integers(0, 20 * 16_000), max_size=8))
def test_every_frame_comes_once_with_its_context(samples, latency, cuts):
    asked = []
    windows = SlidingWindows(model(asked), 0.04, 12.0, 3, latency)
    audio = np.arange(samples, dtype=np.float64)  # float32 has no room for such numbers
    found = []
    for piece in np.split(audio, sorted(min(cut, samples) for cut in cuts)):
        found += windows.accept(piece)
    found = [one.tokens for one in [*found, *windows.end()]]
    rows = np.concatenate(found) if found else np.zeros((0, 4))
    np.testing.assert_array_equal(rows[:, 0], np.arange(samples // FRAME) * FRAME)  # in order, none twice, none left out
    frames = round(latency / 0.04)
    whole = rows[rows[:, 2] + 1 < samples]  # of windows before the end
    heard = (whole[:, 2] + 1 - whole[:, 0]) / FRAME  # from a frame's beginning to its window's end
    assert np.all(heard >= frames // 2) and np.all(heard <= frames)
    soon = len(asked) > 1 and -(-(asked[-1][1] - asked[-2][1]) // FRAME) <= round(SOON / 0.04)  # the last one behind the one before
    left = np.where((rows[:, 2] + 1 < samples) | (not soon), LEFT, LEFT_OF_END)
    assert np.all((rows[:, 0] - rows[:, 1] >= left * 16_000) | (rows[:, 1] == 0))  # left context
    # One length of all windows, but that the last may end within a frame; from the audio's beginning shorter ones.
    length = frames * FRAME + LEFT * 16_000
    assert all(first == 0 if last < length else length - FRAME < last - first <= length for first, last in (asked[:-1] if soon else asked))
    if soon:
        handed_out = len(found[-1]) * FRAME
        assert LEFT_OF_END * 16_000 - FRAME < asked[-1][1] - asked[-1][0] - handed_out < LEFT_OF_END * 16_000 + 2 * FRAME or asked[-1][0] == 0
    again = []
    SlidingWindows(model(again), 0.04, 12.0, 3, latency).accept(audio)
    assert asked[: len(again)] == again  # where they lie does not depend on the pieces


def test_a_window_gives_way_where_it_is_surest_of_a_blank():
    blanks = np.full(100, -4.0)
    blanks[[9, 10, 12]] = -0.1
    windows = SlidingWindows(lambda samples: Emissions(blanks[: len(samples) // FRAME, None]), 0.04, 12.0, 0, 1.0)
    # 25 frames: 12 ahead, 13 for a step of 9 and 4 among which the cut is: 5 to 9.
    assert [len(one) for one in windows.accept(np.zeros(21 * FRAME, np.float32))] == [9]
    blanks[[5, 6]] = -0.01
    windows = SlidingWindows(lambda samples: Emissions(blanks[: len(samples) // FRAME, None]), 0.04, 12.0, 0, 1.0)
    assert [len(one) for one in windows.accept(np.zeros(21 * FRAME, np.float32))] == [6]


def test_latency_and_models_that_cannot_be_are_refused():
    for latency in (0, -1, 0.04, 13, float("inf"), float("nan")):
        with pytest.raises(InputError, match="latency"):
            SlidingWindows(model([]), 0.04, 12.0, latency=latency)
    short = SlidingWindows(lambda samples: Emissions(np.zeros((1, 3))), 0.04, 12.0, latency=1.0)
    with pytest.raises(RunError, match="1 frames for a window"):
        short.accept(np.zeros(32_000, np.float32))
