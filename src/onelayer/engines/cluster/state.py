"""Whether a cluster can still do what it was asked."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from onelayer.errors import OnelayerError

SECONDS_FOR_WORKERS = 30
"""So long a cluster may be without a worker that works."""


class ClusterState:
    """What a client knows of its scheduler and workers."""

    def __init__(self, client: Any) -> None:
        self._client = client

    @property
    def _address(self) -> str:
        scheduler = self._client.scheduler
        return str(scheduler.address) if scheduler else "the address"

    def workers(self) -> list[dict[str, Any]]:
        """Return what the scheduler knows of each worker."""
        try:
            return [*self._client.scheduler_info(n_workers=-1)["workers"].values()]
        except OSError:
            raise self._gone() from None

    def threads(self) -> dict[str, int]:
        """Return how many threads each worker has, by its address."""
        try:
            threads: dict[str, int] = self._client.nthreads()
        except OSError:
            raise self._gone() from None
        return threads

    def holders(self, futures: Sequence[Any]) -> list[tuple[str, ...]]:
        """Return the addresses of the workers on which each value lies."""
        try:
            where = self._client.who_has(futures)
        except OSError:
            raise self._gone() from None
        return [tuple(where.get(future.key, ())) for future in futures]

    def expect_scheduler(self) -> None:
        """Raise an OnelayerError if the scheduler is gone."""
        if self._client.status != "running":
            raise self._gone()

    def expect_workers(self) -> None:
        """Wait until there is a worker; raise an OnelayerError if there is none in time."""
        self.expect_scheduler()
        try:
            self._client.wait_for_workers(1, timeout=SECONDS_FOR_WORKERS)
        except TimeoutError:
            raise self._no_worker() from None

    def expect_work(self, since: float) -> float:
        """Return since when there has been a worker that works; or until when there was one.

        Parameters
        ----------
        since : float
            What the last call returned, by `time.monotonic`.

        Raises
        ------
        OnelayerError
            If the scheduler is gone, or for too long no worker works.
        """
        self.expect_scheduler()
        workers = self.workers()
        if any(worker["status"] == "running" for worker in workers):
            return time.monotonic()
        if time.monotonic() - since > SECONDS_FOR_WORKERS:
            raise self._all_are_full(workers) if workers else self._no_worker()
        return since

    def _gone(self) -> OnelayerError:
        return OnelayerError(
            f"The scheduler of the cluster, {self._address}, is gone. Start it again, and run the "
            "same again: what was saved is gone on with."
        )

    def _no_worker(self) -> OnelayerError:
        return OnelayerError(
            f"The cluster at {self._address} has no worker after {SECONDS_FOR_WORKERS} s. Start "
            f"one, with: dask worker {self._address}"
        )

    def _all_are_full(self, workers: list[dict[str, Any]]) -> OnelayerError:
        memory = max(worker["memory_limit"] for worker in workers) / 1e6
        return OnelayerError(
            "All workers of the cluster have stopped: the data fills their memory, of at most "
            f"{memory:,.0f} MB. Start more of them, or give them more memory."
        )
