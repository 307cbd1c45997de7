"""The first decoding says that it compiles, on a terminal, and does so in processes of its own, which never outlive the command."""
from __future__ import annotations

import subprocess
import sys

import click
import pytest

from ctcb.cli.common import compiling
from ctcb.cli.common.compiling import Compiling
from ctcb.decoding import first_use
from ctcb.search.beam.decoder import warm

WAITS = "import time; time.sleep(600)"


@pytest.fixture
def started(monkeypatch):
    """The processes that are started."""
    processes, start = [], subprocess.Popen
    monkeypatch.setattr(compiling, "cores", lambda: 2)
    monkeypatch.setattr(first_use, "parts_to_compile", lambda with_list=True, seldom=False: ["search", "words", "hypotheses"])

    def popen(words, **options):
        processes.append(start(words, **options))
        return processes[-1]

    monkeypatch.setattr(compiling.subprocess, "Popen", popen)
    return processes


def in_command(work):
    with click.Context(click.Command("decode")):
        return work()


@pytest.mark.parametrize("terminal, parts, said", [(True, ["search"], 1), (True, [], 0), (False, ["search"], 0)])
def test_it_is_said_where_somebody_waits(monkeypatch, capsys, terminal, parts, said):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    monkeypatch.setattr(first_use, "parts_to_compile", lambda with_list=True, seldom=False: parts)
    in_command(Compiling)
    assert capsys.readouterr().err.count("the search is compiled before its first use") == said


def test_what_is_in_the_cache_is_compiled(monkeypatch):
    warm()
    assert "search" not in first_use.parts_to_compile()
    monkeypatch.setattr(first_use, "is_kept", lambda function: False)
    assert "search" in first_use.parts_to_compile()


def test_each_part_is_compiled_by_one_process(monkeypatch, started, tmp_path):
    """With the path of this process, whatever lies in the folder where they start."""
    (tmp_path / "ctcb.py").write_text("raise SystemExit(3)\n")
    monkeypatch.chdir(tmp_path)
    code = "import sys; parts, *sys.path[:] = sys.argv[1:]; from ctcb.decoding.first_use import PARTS; sys.exit(all(map(PARTS.get, parts.split(','))) - 1)"
    monkeypatch.setattr(compiling, "CODE", code)
    in_command(lambda: Compiling().wait())
    assert [process.args[3] for process in started] == ["search,hypotheses", "words"]
    assert [process.returncode for process in started] == [0, 0]


def test_processes_end_with_the_command(monkeypatch, started):
    monkeypatch.setattr(compiling, "CODE", WAITS)
    with pytest.raises(KeyboardInterrupt), click.Context(click.Command("decode")):
        Compiling()
        assert len(started) == 2 and all(process.poll() is None for process in started)
        raise KeyboardInterrupt
    assert all(process.poll() is not None for process in started)  # waited for, so none is left as a zombie


def test_processes_that_cannot_be_started_or_fail_change_nothing(monkeypatch, started):
    monkeypatch.setattr(compiling, "CODE", "raise SystemExit(1)")
    in_command(lambda: Compiling().wait())
    assert [process.returncode for process in started] == [1, 1]

    def refuse(words, **options):
        raise OSError("no more processes")

    monkeypatch.setattr(compiling.subprocess, "Popen", refuse)
    in_command(lambda: Compiling().wait())


@pytest.mark.parametrize("count, kept", [(1, True), (2, False)])
def test_on_one_core_or_without_a_cache_no_process_is_started(monkeypatch, started, count, kept):
    monkeypatch.setattr(compiling, "cores", lambda: count)
    monkeypatch.setattr(first_use, "parts_can_be_kept", lambda: kept)
    in_command(lambda: Compiling().wait())
    assert not started


def test_doctor_compiles_beforehand(ctcb, monkeypatch):
    ran = ctcb("doctor", "--no-speed", "--compile")
    assert ran.code == 0 and ran.out.endswith("compiled: no decoding on this machine waits for it\n")
    assert not first_use.parts_to_compile(seldom=True)
    monkeypatch.setattr(first_use, "parts_to_compile", lambda with_list=True, seldom=False: ["search"])
    monkeypatch.setattr(compiling, "cores", lambda: 1)
    ran = ctcb("doctor", "--no-speed", "--compile")
    assert ran.code == 1 and "cannot be kept" in ran.err and "CTCB_CACHE=DIR" in ran.err
