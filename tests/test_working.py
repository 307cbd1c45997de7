"""What is shown while something takes long: a label and a clock, on a terminal, from two seconds on."""
from __future__ import annotations

import io
import sys
import time

import pytest

from ctcb.progress import progress, working


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def wait_for(text, screen, start=0):
    """Whether a text comes on the screen behind ``start``; waits for it as long as need be."""
    until = time.monotonic() + 60
    while text not in screen.getvalue()[start:] and time.monotonic() < until:
        time.sleep(0.01)
    return text in screen.getvalue()[start:]


def watch(monkeypatch):
    """To be called in the test: pytest sets stderr anew behind the fixtures."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    return terminal


def test_long_work_is_shown(monkeypatch):
    screen = watch(monkeypatch)
    with working("preparing the list", after=0.0):
        assert wait_for("preparing the list", screen)
        assert wait_for("0:00:0", screen)  # the clock
        with working("the inner one", after=0.0):
            time.sleep(0.1)
    assert "the inner one" not in screen.getvalue()
    with working("the next one", after=0.0):
        assert wait_for("the next one", screen)


def test_short_work_is_not(monkeypatch):
    screen = watch(monkeypatch)
    with working("preparing the list"):
        pass
    with pytest.raises(ValueError), working("preparing the list"):
        raise ValueError
    assert screen.getvalue() == ""


def test_a_progress_bar_within_takes_its_place(monkeypatch):
    screen = watch(monkeypatch)
    with working("preparing the list", after=0.0):
        assert wait_for("preparing the list", screen)
        items = iter(progress(range(3), "encoding the names", total=3))
        next(items)
        began = len(screen.getvalue())
        time.sleep(0.5)
        next(items)
        shown = screen.getvalue()[began:]
        assert "encoding the names" in shown and "preparing the list" not in shown
        behind = len(screen.getvalue())
        assert list(items) == [2] and wait_for("preparing the list", screen, behind)  # and goes on behind it


def test_nothing_is_written_where_nobody_watches(capsys):
    with working("preparing the list", after=0.0):
        time.sleep(0.05)
    assert capsys.readouterr().err == ""
