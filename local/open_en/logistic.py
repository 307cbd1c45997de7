"""Logistic regression with a small L2 penalty."""
from __future__ import annotations

from typing import Tuple

import numpy as np

PENALTY = 1e-3  # L2, an example, on the weights of standardised columns


def logistic(rows: np.ndarray, true: np.ndarray) -> Tuple[float, np.ndarray, np.ndarray]:
    """The bias, the weights ``[K]`` of the columns of ``rows [N, K]``, and the log-odds ``[N]``; ``true [N]`` bool.

    Newton's method on standardised columns.
    """
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    table = np.c_[np.ones(len(rows)), (rows - mean) / spread]
    penalty = PENALTY * len(rows) * np.diag([0.0] + [1.0] * rows.shape[1])
    weights = np.zeros(table.shape[1])
    for _ in range(50):
        likely = 1 / (1 + np.exp(-table @ weights))
        slope = table.T @ (true - likely) - penalty @ weights
        weights += np.linalg.solve((table * (likely * (1 - likely))[:, None]).T @ table + penalty, slope)
    plain = weights[1:] / spread
    return float(weights[0] - mean @ plain), plain, table @ weights
