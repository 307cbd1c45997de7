"""The first decoding says that the search is compiled, on a terminal, and no later one does."""
from __future__ import annotations

import os
import sys

import pytest

from ctcb.cli.common import compiling
from ctcb.search.beam.decoder import warm
from ctcb.search.beam.kernel import search


@pytest.mark.parametrize("terminal, compiled, said", [(True, False, 1), (True, True, 0), (False, False, 0)])
def test_it_is_said_where_somebody_waits(monkeypatch, capsys, terminal, compiled, said):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    monkeypatch.setattr(compiling, "is_compiled", lambda: compiled)
    compiling.tell_of_compiling()
    assert capsys.readouterr().err.count("the search is compiled before its first use") == said


def test_what_is_in_the_cache_is_compiled(monkeypatch, tmp_path):
    warm()
    assert compiling.is_compiled()
    monkeypatch.setattr(search._cache._cache_file, "_index_path", os.fspath(tmp_path / "none.nbi"))
    assert not compiling.is_compiled()


def test_doctor_compiles_beforehand(ctcb, monkeypatch):
    ran = ctcb("doctor", "--no-speed", "--compile")
    assert ran.code == 0 and ran.out.endswith("compiled: no decoding on this machine waits for it\n") and compiling.is_compiled()
    monkeypatch.setattr(compiling, "is_compiled", lambda: False)
    ran = ctcb("doctor", "--no-speed", "--compile")
    assert ran.code == 1 and "cannot be kept" in ran.err and "CTCB_CACHE=DIR" in ran.err
