"""Progress bars on stderr, shown only where stderr is a terminal."""
from __future__ import annotations

import sys
from typing import Callable, Iterable, Iterator, Optional, TypeVar

T = TypeVar("T")


def progress_by(items: Iterable[T], label: str, total: float, amount: Callable[[T], float]) -> Iterator[T]:
    """Like :func:`progress`, but the bar advances by ``amount(item)`` out of ``total`` (seconds of audio, for example)."""
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
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

    yield from track(items, description=label, total=total, console=Console(stderr=True), transient=True)
