"""Intervals and comparisons: properties, a known distribution, a plain loop."""
from __future__ import annotations

import numpy as np
import pytest

from ctcb.scoring import bootstrap
from ctcb.scoring.measures import MEASURES


def table(seed, n=200):
    random = np.random.default_rng(seed)
    words = random.integers(1, 40, n)
    biased = random.integers(0, words + 1)
    columns = {
        "words": words, "errors": random.binomial(words, 0.2), "characters": 5 * words, "character_errors": random.binomial(5 * words, 0.1),
        "u_words": words - biased, "b_words": biased,
        "u_errors": random.binomial(words - biased, 0.1), "b_errors": random.binomial(biased, 0.5),
        "found": random.poisson(0.5, n), "missed": random.poisson(0.4, n), "false": random.poisson(0.1, n),
        "milliseconds": random.integers(500, 20000, n), "changed": random.binomial(words, 0.05), "compared_words": words,
    }  # fmt: skip
    return columns


@pytest.mark.parametrize("seed", range(10))
def test_intervals_contain_the_estimate(seed):
    estimates = bootstrap.estimate(table(seed), draws=300, seed=seed)
    assert set(estimates) == {measure.name for measure in MEASURES}
    for name, found in estimates.items():
        assert found.low < found.value < found.high, name


def test_estimates_by_hand():
    counts = {
        "errors": [1, 3], "words": [10, 10], "found": [2, 1], "missed": [1, 0], "false": [0, 2],
        "milliseconds": [1_800_000, 1_800_000],
    }  # fmt: skip
    values = {name: found.value for name, found in bootstrap.estimate(counts, draws=0).items()}
    assert values == pytest.approx(
        {
            "wer": 0.2, "entity_precision": 0.6, "entity_recall": 0.75, "entity_f1": 2 / 3,
            "false_alarms_per_hour": 2.0, "false_alarms_per_thousand_words": 100.0,
        }
    )  # fmt: skip


def test_interval_of_a_mean_is_near_normal():
    # 2,000 utterances of one word, a fifth of them wrong: the standard error is known.
    errors = np.arange(2000) % 5 == 0
    found = bootstrap.estimate({"errors": errors, "words": np.ones(2000)}, draws=4000)["wer"]
    half = 1.96 * (0.2 * 0.8 / 2000) ** 0.5
    assert (found.low, found.high) == pytest.approx((0.2 - half, 0.2 + half), abs=0.1 * half)


def test_batching_of_draws_keeps_the_estimates(monkeypatch):
    counts = table(3, n=50)
    whole = bootstrap.estimate(counts, draws=4000, seed=1)["entity_f1"]
    monkeypatch.setattr(bootstrap, "_MAX_CELLS", 120)  # two draws at a time
    pieces = bootstrap.estimate(counts, draws=4000, seed=1)["entity_f1"]
    assert pieces.value == whole.value
    assert (pieces.low, pieces.high) == pytest.approx((whole.low, whole.high), abs=0.02)


def test_seeds_determine_the_draws():
    counts = table(0)
    assert bootstrap.estimate(counts, seed=5) == bootstrap.estimate(counts, seed=5)
    assert bootstrap.estimate(counts, seed=5) != bootstrap.estimate(counts, seed=6)


def test_zero_draws_and_undefined_measures():
    found = bootstrap.estimate({"errors": [1], "words": [4]}, draws=0)["wer"]
    assert found == bootstrap.Estimate(0.25, None, None)
    assert bootstrap.estimate({"errors": [1], "words": [0]}, draws=50)["wer"] == bootstrap.Estimate(None, None, None)


@pytest.mark.parametrize("seed", range(3))
def test_equal_systems_do_not_differ(seed):
    counts = table(seed)
    for name, found in bootstrap.compare(counts, dict(counts), draws=200, seed=seed).items():
        assert (found.difference, found.low, found.high, found.p_value) == (0.0, 0.0, 0.0, 1.0), name


def test_clear_difference_has_the_right_sign():
    worse = table(1)
    better = {**worse, "errors": worse["errors"] // 2}
    found = bootstrap.compare(better, worse, draws=500)["wer"]
    assert found.difference == pytest.approx(found.value - found.other) and found.difference < 0
    assert found.low < found.difference < found.high < 0
    assert found.p_value == pytest.approx(2 / 501)
    back = bootstrap.compare(worse, better, draws=500)["wer"]
    assert (back.difference, back.low, back.high) == pytest.approx((-found.difference, -found.high, -found.low))


def test_pairing_narrows_the_interval():
    # Utterances differ wildly, the systems by one error in each tenth one.
    random = np.random.default_rng(0)
    errors = random.integers(0, 30, 500)
    other = errors + (np.arange(500) % 10 == 0)
    words = np.full(500, 40)
    found = bootstrap.compare({"errors": errors, "words": words}, {"errors": other, "words": words})["wer"]
    alone = bootstrap.estimate({"errors": errors, "words": words})["wer"]
    assert found.high < 0 and found.p_value < 0.01
    assert alone.high - alone.low > 5 * (found.high - found.low)


def test_noise_is_rarely_significant():
    values = []
    for seed in range(40):
        random = np.random.default_rng(seed)
        first, second = random.binomial(20, 0.2, (2, 100))
        words = np.full(100, 20)
        pair = bootstrap.compare({"errors": first, "words": words}, {"errors": second, "words": words}, 200, seed)
        values.append(pair["wer"].p_value)
    assert sum(value < 0.05 for value in values) <= 6  # two are expected
