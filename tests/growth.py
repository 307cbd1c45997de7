"""Bounds on time that hold on any machine, which ones in seconds do not."""
from __future__ import annotations

import gc
import time
from typing import Callable

import numpy as np

YARDSTICK = 0.5  # seconds that the work of `slowness` takes
TRIES = 3  # a busy machine can disturb one


def linear(work: Callable[[int], object], size: int, factor: int = 4) -> None:
    """Assert that ``factor`` times the input takes about ``factor`` times the processor time.

    ``work(n)`` does the work for an input of size ``n``. Work of quadratic time takes ``factor**2`` times as long;
    the bound lies between, at ``factor**1.6``.
    """
    work(size // 4)
    seen = []
    for _ in range(TRIES):
        times = []
        gc.collect()
        gc.disable()  # it would walk through what other tests have left
        try:
            for n in (size, factor * size):
                began = time.process_time()
                work(n)
                times.append(time.process_time() - began)
        finally:
            gc.enable()
        if times[1] < 0.5 or times[1] < factor**1.6 * times[0]:
            return
        seen.append(times)
    raise AssertionError(f"sizes {size} and {factor * size} took (seconds) {seen}")


def slowness() -> float:
    """Return how many times slower this machine is, at this moment, than an idle core of the one that limits were set on; at least 1."""
    values = np.random.default_rng(0).normal(size=(300, 300))
    began = time.process_time()
    total = 0
    for n in range(2_000_000):
        total += n & 3
    for _ in range(100):
        values @ values
    return max(1.0, (time.process_time() - began) / YARDSTICK)
