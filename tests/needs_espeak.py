"""The mark of tests that need espeak-ng, and a stand-in for a machine without it."""
from __future__ import annotations

import sys
from importlib.util import find_spec

import pytest

needs_espeak = pytest.mark.skipif(find_spec("espeakng_loader") is None, reason="espeak-ng is not installed: pip install 'ctcb[espeak]'")


@pytest.fixture
def without_espeak(monkeypatch):
    """As if the extra were not installed."""
    from ctcb.text import espeak

    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    monkeypatch.setattr(espeak, "available", lambda: False)
    espeak._load.cache_clear()
    yield
    espeak._load.cache_clear()
