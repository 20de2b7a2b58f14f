"""Work shared among threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Piece = TypeVar("Piece")


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def for_each(work: Callable[[Piece], None], pieces: Sequence[Piece], threads: int | None) -> None:
    """Call `work` once for each piece, in at most so many threads (None: one a core).

    The first error in the order of the pieces is raised; pieces not yet begun are then left out.
    """
    threads = min(available_cores() if threads is None else threads, len(pieces))
    if threads <= 1:
        for piece in pieces:
            work(piece)
        return
    with ThreadPoolExecutor(threads, "onelayer") as pool:
        for _ in pool.map(work, pieces):
            pass
