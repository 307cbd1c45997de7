"""local/open_en/logistic.py: the regression that weights are fitted with."""
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "local/open_en"))
from logistic import PENALTY, logistic  # noqa: E402


@pytest.fixture
def examples():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(20_000, 3)) * [1.0, 5.0, 0.2] + [0.0, 3.0, -1.0]
    odds = 0.5 + rows @ [1.0, -0.3, 2.0]
    return rows, rng.random(len(rows)) < 1 / (1 + np.exp(-odds))


def test_fit_recovers_the_true_weights(examples):
    base, weights, at = logistic(*examples)
    assert base == pytest.approx(0.5, abs=0.25)
    assert weights == pytest.approx([1.0, -0.3, 2.0], abs=0.15)
    assert at == pytest.approx(base + examples[0] @ weights)


def test_fit_is_a_minimum(examples):
    rows, true = examples[0][:300], examples[1][:300]
    spread = rows.std(axis=0)

    def cost(base, weights):
        at = base + rows @ weights
        return np.sum(np.logaddexp(0, at) - true * at) + PENALTY * len(rows) / 2 * np.sum((weights * spread) ** 2)

    base, weights, _ = logistic(rows, true)
    least = cost(base, weights)
    for place in range(4):
        for step in (-1e-2, 1e-2):
            moved = np.array([base, *weights])
            moved[place] += step
            assert cost(moved[0], moved[1:]) > least
