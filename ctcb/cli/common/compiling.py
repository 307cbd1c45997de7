"""Compiling before the first decoding ever: in processes of its own, and a word to whoever waits for it."""
from __future__ import annotations

import os
import subprocess
import sys
from typing import List

import click

from ctcb.progress import working

# A process may import other modules of the same names in the folder where it starts: it gets this one's path before it imports any.
CODE = "import sys; parts, *sys.path[:] = sys.argv[1:]; from ctcb.decoding.first_use import compile_parts; compile_parts(parts.split(','))"


class Compiling:
    """Compiles, in as many processes as there are cores, what decoding needs and the cache on disk does not hold.

    What fails there is compiled in this process when it is needed, as is everything where there is one core.
    """

    def __init__(self, with_list: bool = True, seldom: bool = False) -> None:
        """Starts the processes, and says so on a terminal. They end with the command at the latest; parameters as of ``parts_to_compile``."""
        from ctcb.decoding.first_use import parts_can_be_kept, parts_to_compile  # here: imports numba

        self._processes: List["subprocess.Popen[bytes]"] = []
        parts = parts_to_compile(with_list, seldom)
        if not parts:
            return
        if sys.stderr.isatty():
            click.echo(
                "ctcb: note: the search is compiled before its first use, once for each version of ctcb; that takes up to a minute "
                "(`ctcb doctor --compile` does it beforehand)", err=True,
            )  # fmt: skip
        count = min(cores(), len(parts))
        if count < 2 or not parts_can_be_kept():
            return
        click.get_current_context().call_on_close(self._stop)
        for first in range(count):
            words = [sys.executable, "-c", CODE, ",".join(parts[first::count]), *sys.path]
            nothing = subprocess.DEVNULL
            try:
                self._processes.append(subprocess.Popen(words, stdin=nothing, stdout=nothing, stderr=nothing))
            except OSError:
                return

    def wait(self) -> None:
        """Until it is done."""
        with working("compiling"):
            for process in self._processes:
                process.wait()

    def _stop(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
