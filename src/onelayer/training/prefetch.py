"""Work that is done while somebody else is busy."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def prefetched(items: Iterator[T]) -> Iterator[T]:
    """Yield the same items; the next one is made in another thread while one is in use."""
    with ThreadPoolExecutor(1, "onelayer-prefetch") as pool:
        done = object()
        following = pool.submit(next, items, done)
        while (item := following.result()) is not done:
            following = pool.submit(next, items, done)
            yield item  # type: ignore[misc] # it is no `done`
