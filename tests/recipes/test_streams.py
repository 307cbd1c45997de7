"""Memory does not grow with the corpus."""
import re
import subprocess
import sys

import pytest


def highest(cuts, *more):
    words = [sys.executable, "recipes/benchmarks/streams/measure_streams.py", "--cuts", str(cuts), *more]
    ran = subprocess.run(words, capture_output=True, text=True, check=True)
    return float(re.findall(r"highest memory so far (\d+) MB", ran.stdout)[-1])


@pytest.mark.slow
def test_memory_hardly_grows_with_the_corpus():
    small, large = highest(20_000, "--batches", "20"), highest(100_000, "--batches", "20")
    assert large - small < 60  # an eager manifest of 80,000 more cuts takes over 400 MB
