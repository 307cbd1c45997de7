import numpy as np
import pytest

from ctcb.acoustic.directory import load_model
from ctcb.acoustic.word_times import WordTime, align_words, cut_points
from ctcb.data.audio import SAMPLE_RATE

TIMES = [WordTime(0.1, 0.5), WordTime(1.0, 1.5), WordTime(4.0, 4.2), WordTime(4.6, 5.0), WordTime(8.0, 9.0)]


def test_cuts_are_made_in_the_longest_pauses():
    parts = cut_points(TIMES, duration=10.0, longest=5.0)
    assert parts == [(0, 2, 0.0, 2.75), (2, 4, 2.75, 6.5), (4, 5, 6.5, 10.0)]
    assert cut_points(TIMES, 10.0, longest=10.0) == [(0, 5, 0.0, 10.0)]


def test_speaker_turns_attract_cuts():
    assert cut_points(TIMES, 10.0, longest=9.0) == [(0, 4, 0.0, 6.5), (4, 5, 6.5, 10.0)]
    assert cut_points(TIMES, 10.0, longest=9.0, turns={1}, turn_bonus=1.0) == [(0, 2, 0.0, 2.75), (2, 5, 2.75, 10.0)]


def test_segment_without_a_pause_is_not_cut():
    assert cut_points(TIMES[:1], 10.0, longest=5.0) == [(0, 1, 0.0, 10.0)]
    assert cut_points(TIMES[:2], 1.6, longest=0.5, shortest=1.0) == [(0, 2, 0.0, 1.6)]


@pytest.fixture
def model(model_dir):
    return load_model(model_dir)


def test_aligned_words_are_in_order(model):
    samples = np.random.default_rng(0).normal(0, 0.1, 3 * SAMPLE_RATE).astype(np.float32)
    times = align_words(model, samples, ["ann", "bob", "cat"])
    starts = [time.first for time in times]
    assert starts == sorted(starts) and all(time.first <= time.last < 3.0 for time in times)
    longer = np.tile(samples, 20)  # in several windows
    assert len(align_words(model, longer, ["ann", "bob"] * 20)) == 40
    assert align_words(model, samples[: SAMPLE_RATE // 10], ["ann", "bob", "cat"]) is None
