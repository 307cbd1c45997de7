"""What a command says of the time that its user has waited."""
from __future__ import annotations

import re
import sys
import time
from types import SimpleNamespace

import click
import pytest

from ctcb.cli.common.recognition import Shown


@pytest.mark.parametrize("terminal", [True, False])
def test_time_counts_from_the_start_of_the_command(monkeypatch, capsys, terminal):
    """Not only that of the model: 3 s until it began, 1 s of emissions, 2 s until all is written."""
    clock = iter([103.0, 106.0])  # it begins; all is written
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    monkeypatch.setattr("ctcb.cli.common.recognition.progress_by", lambda items, *given: items)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    utterance = SimpleNamespace(duration=3.0, known=0.0)
    shown = Shown([SimpleNamespace(seconds=1.5, conversions=("44,100 Hz resampled",)) for _ in range(2)], [utterance])
    with click.Context(click.Command("decode"), obj=100.0):
        assert len(list(shown)) == 2
        shown.close()
    err = capsys.readouterr().err
    assert "ctcb: note: 44,100 Hz resampled in 2 files\n" in err
    told = re.findall(r"3\.0 s of audio in 6\.0 s \(0\.5 times real time\), 3\.0 s of them until it began", err)
    assert len(told) == terminal
