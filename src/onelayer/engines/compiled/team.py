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

    def run(self, job: Callable[[], None], *, alone: bool = False) -> None:
        """Call the job, which deals its parts out, in every thread; wait for all of its parts.

        Where the caller has done all of them before another thread came to its own call, that call
        has nothing to do and is not waited for: on a loaded machine it could be long in coming. It
        is called by the caller `alone` where it is too small to be worth handing out.
        """
        others = []
        if self._pool is not None and not alone:
            others = [self._pool.submit(job) for _ in range(self.threads - 1)]
        try:
            job()
        finally:
            for other in others:
                if not other.cancel():
                    other.result()

    def do(self, work: Sequence[Callable[[], None]]) -> None:
        """Call each function in every thread, as `run` does; wait for all."""

        def do_all() -> None:
            for call in work:
                call()

        self.run(do_all)
