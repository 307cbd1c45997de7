"""Progress on stderr, shown only where stderr is a terminal."""
from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from typing import Any, Callable, Iterable, Iterator, Optional, TypeVar

T = TypeVar("T")

SILENT = 2.0  # seconds for which work goes on without a word


def progress_by(items: Iterable[T], label: str, total: float, amount: Callable[[T], float]) -> Iterator[T]:
    """Like :func:`progress`, but the bar advances by ``amount(item)`` out of ``total`` (seconds of audio, for example)."""
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import Progress

    with _Working.paused(), Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total or None)
        for item in items:
            bar.advance(task, amount(item))
            yield item


def progress(items: Iterable[T], label: str, total: Optional[int] = None) -> Iterator[T]:
    """Yield ``items`` while a progress bar with this ``label`` is shown; ``total`` is the number of items, if known."""
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import track  # only where it is seen

    with _Working.paused():
        yield from track(items, description=label, total=total, console=Console(stderr=True), transient=True)


@contextmanager
def working(label: str, after: float = SILENT) -> Iterator[None]:
    """Show this ``label`` and a clock while the block lasts, from ``after`` seconds on; progress bars within take its place."""
    if not sys.stderr.isatty():
        yield
        return
    work = _Working(label, after)
    try:
        yield
    finally:
        work.end()


class _Working:
    """What :func:`working` shows. One at a time; an inner one is left to the outer one."""

    current: Optional[_Working] = None
    _lock = threading.RLock()

    def __init__(self, label: str, after: float) -> None:
        self._label, self._shown, self._pauses = label, None, 0
        self._timer = threading.Timer(after, self._show)
        self._timer.daemon = True
        with self._lock:
            if _Working.current is None:
                _Working.current = self
                self._timer.start()

    def _show(self) -> None:
        """Begin to show it, in the timer's thread or behind a pause."""
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        with self._lock:
            if _Working.current is self and not self._pauses and self._shown is None:
                columns: Any = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
                self._shown = Progress(*columns, console=Console(stderr=True), transient=True)
                self._shown.add_task(self._label, total=None)
                self._shown.start()

    def _hide(self) -> None:
        with self._lock:
            shown, self._shown = self._shown, None
            if shown is not None:
                shown.stop()

    def end(self) -> None:
        """Show it no more."""
        self._timer.cancel()
        with self._lock:
            self._hide()
            if _Working.current is self:
                _Working.current = None

    @classmethod
    @contextmanager
    def paused(cls) -> Iterator[None]:
        """Hide what is shown while the block lasts."""
        work = cls.current
        if work is None:
            yield
            return
        with cls._lock:
            work._pauses += 1
            was_shown = work._shown is not None
            work._hide()
        try:
            yield
        finally:
            with cls._lock:
                work._pauses -= 1
                if was_shown:
                    work._show()
