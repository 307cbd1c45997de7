"""Work on several threads whose results come in order."""
from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Callable, Deque, Iterable, Iterator, TypeVar

from ctcb.errors import InputError

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(work: Callable[[Item], Result], items: Iterable[Item], jobs: int = 1) -> Iterator[Result]:
    """``map(work, items)`` on ``jobs`` threads; items are read as they are needed, a few ahead.

    What ``work`` raises comes out in its turn. Raises InputError for fewer than one job.
    """
    if jobs < 1:
        raise InputError(f"jobs is {jobs}", hint="it must be at least 1")
    if jobs == 1:
        yield from map(work, items)
        return
    pool = ThreadPoolExecutor(jobs)
    try:
        waiting: Deque["Future[Result]"] = deque()
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > 4 * jobs:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:  # without waiting: where nobody wants the rest, nobody waits for it
        pool.shutdown(wait=False, cancel_futures=True)
