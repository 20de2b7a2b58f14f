"""Threads that share a job until it is done; the caller is one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor


class Team:
    """So many threads, the caller's included."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads - 1, "onelayer") if threads > 1 else None

    def close(self) -> None:
        """Let the threads go."""
        if self._pool is not None:
            self._pool.shutdown()

    def run(self, job: Callable[[], None]) -> None:
        """Call the job once in every thread; wait for all."""
        others = [self._pool.submit(job) for _ in range(self.threads - 1)] if self._pool else []
        try:
            job()
        finally:
            for other in others:
                other.result()

    def do(self, work: Sequence[Callable[[], None]]) -> None:
        """Call each function once in every thread; wait for all."""

        def do_all() -> None:
            for call in work:
                call()

        self.run(do_all)
