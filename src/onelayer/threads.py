"""Work shared among threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self, TypeVar

Piece = TypeVar("Piece")


def available_cores() -> int:
    """Return how many cores this process may use, by its affinity and its container's quota."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, min(cores, _container_quota() or cores))


def _container_quota() -> int | None:
    """Return the whole cores that the control group grants, rounded up; None without a limit."""
    try:
        with open("/sys/fs/cgroup/cpu.max") as file:
            quota, period = file.read().split()
    except (OSError, ValueError):
        return None
    return None if quota == "max" else -(-int(quota) // int(period))


def for_each(work: Callable[[Piece], None], pieces: Sequence[Piece], threads: int | None) -> None:
    """Call `work` once for each piece, in at most so many threads (None: one a core).

    The first error in the order of the pieces is raised; pieces not yet begun are then left out.
    """
    if len(pieces) <= 1 or (threads := min(threads or available_cores(), len(pieces))) == 1:
        for piece in pieces:
            work(piece)
        return
    with ThreadPoolExecutor(threads, "onelayer") as pool:
        for _ in pool.map(work, pieces):
            pass


def prefetched(items: Iterator[Piece]) -> Generator[Piece, None, None]:
    """Return the same items; the next one is made in another thread while one is in use.

    The first one is begun at once, before anybody asks for it.
    """
    pool, done = ThreadPoolExecutor(1, "onelayer-prefetch"), object()

    def in_turn(following: Future[Any]) -> Generator[Piece, None, None]:
        try:
            while (item := following.result()) is not done:
                following = pool.submit(next, items, done)
                yield item
        finally:
            # Who leaves early does not wait for an item that nobody takes.
            pool.shutdown(wait=False, cancel_futures=True)

    return in_turn(pool.submit(next, items, done))


class Behind:
    """Calls that are made in another thread, one after the other, while the caller goes on.

    One is under way at most: `do` waits for the one before, and raises what that has raised.
    Used in a `with` statement, which ends when the last one has.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "onelayer-behind")
        self._last: Future[Any] | None = None

    def __enter__(self) -> Self:
        """Return what makes the calls."""
        return self

    def __exit__(self, *error: object) -> None:
        """Wait for the last call; raise what it has raised, if the caller has not failed itself."""
        try:
            if error[0] is None:
                self.wait()
        finally:
            self._pool.shutdown()

    def do(self, call: Callable[[], object]) -> None:
        """Have this called once the call before has ended."""
        self.wait()
        self._last = self._pool.submit(call)

    def wait(self) -> None:
        """Wait for the call that is under way; raise what it has raised."""
        last, self._last = self._last, None
        if last is not None:
            last.result()
