"""What ``ctcb stream`` shows: finals on stdout, partials on the terminal's last line, figures at the end."""
from __future__ import annotations

import json
import shutil
import sys
import time
from typing import Callable, List, Optional, Sequence, TypeVar

import click
import numpy as np

from ctcb.decoding.segment import Partial
from ctcb.transcript.transcript import Transcript

T = TypeVar("T")

CLEAR = "\r\x1b[K"  # the cursor's line
TEXT, JSONL = "text", "jsonl"
NO, LINE, JSON = "no", "line", "json"  # ways to show partials


class Screen:
    """Writes finals and partials; each is there at once for who reads at the other end of a pipe."""

    def __init__(self, form: str, partials: str) -> None:
        """``form``: of finals, ``text`` or ``jsonl``; ``partials``: ``no``, ``line`` or ``json``."""
        self._form, self._partials = form, partials
        self._last: Optional[Partial] = None

    def final(self, transcript: Transcript) -> None:
        """Write a transcript, if there is a word in it."""
        if self._partials == LINE:
            click.echo(CLEAR, err=True, nl=False)
        if transcript.words:
            sys.stdout.write(f"{transcript.to_json() if self._form == JSONL else transcript.text}\n")
            sys.stdout.flush()

    def partial(self, partial: Callable[[], Partial]) -> None:
        """Show what is recognised so far, if that is wanted and new."""
        if self._partials == NO:
            return
        found = partial()
        if self._last is not None and (found.text, found.settled) == (self._last.text, self._last.settled):
            return
        self._last = found
        if self._partials == LINE:
            width = max(8, shutil.get_terminal_size().columns - 1)
            click.echo(f"{CLEAR}{found.text[-width:]}", err=True, nl=False)
            return
        words = [{"word": one.word, "start": round(one.start, 3), "end": round(one.end, 3)} for one in found.words]
        line = {"partial": found.text, "settled": found.settled, "words": words, "under_way": list(found.under_way)}
        sys.stdout.write(f"{json.dumps(line, ensure_ascii=False)}\n")
        sys.stdout.flush()


class Stats:
    """How long things took: real-time factor, and percentiles."""

    def __init__(self) -> None:
        self._pieces: List[float] = []
        self._ends: List[float] = []
        self._seconds = 0.0

    def timed(self, work: Callable[[], Sequence[T]], seconds: float) -> Sequence[T]:
        """Do the work of a piece of so many seconds of audio; it returns transcripts of utterances that ended there."""
        began = time.perf_counter()
        found = work()
        took = time.perf_counter() - began
        self._seconds += seconds
        (self._ends if found else self._pieces).append(took)
        return found

    def show(self, latency: float) -> None:
        """Write the figures on stderr; ``latency`` is the stream's, in seconds."""
        took = sum(self._pieces) + sum(self._ends)
        factor = took / self._seconds if self._seconds else 0.0
        lines = [f"{self._seconds:.1f} s of audio in {took:.1f} s, real-time factor {factor:.3f}, latency {latency:.2f} s"]
        for what, times in (("pieces", self._pieces), ("ends of utterances", self._ends)):
            if times:
                middle, most, nearly_all = np.percentile(times, [50, 90, 99]) * 1000
                lines.append(f"{len(times)} {what}: half took up to {middle:.0f} ms, 90 % up to {most:.0f} ms, 99 % up to {nearly_all:.0f} ms")
        for line in lines:
            click.echo(f"ctcb: {line}", err=True)
