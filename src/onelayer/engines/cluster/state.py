"""Whether a cluster can still do what it was asked."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from onelayer.errors import OnelayerError

SECONDS_FOR_WORKERS = 30
"""So long a cluster may be without a worker that works."""

_LOOK_HOLDS = 2.0
"""Seconds from one question for the workers to the next: all that is known of them comes."""


class ClusterState:
    """What a client knows of its scheduler and workers."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._workers: dict[str, dict[str, Any]] = {}
        self._one_looks = threading.Lock()
        self._until = self._worked = -math.inf

    @property
    def _address(self) -> str:
        scheduler = self._client.scheduler
        return str(scheduler.address) if scheduler else "the address"

    def workers(self) -> dict[str, dict[str, Any]]:
        """Return what the scheduler knows of each worker, by its address; all share a look."""
        with self._one_looks:
            now = time.monotonic()
            if now >= self._until:
                try:
                    self._workers = self._client.scheduler_info(n_workers=-1)["workers"]
                except OSError:
                    raise self._gone() from None
                self._until = now + _LOOK_HOLDS
                if any(worker["status"] == "running" for worker in self._workers.values()):
                    self._worked = now
            return self._workers

    def threads(self) -> dict[str, int]:
        """Return how many threads each worker has, by its address."""
        return {address: worker["nthreads"] for address, worker in self.workers().items()}

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

    def expect_work(self, since: float) -> None:
        """Look whether the cluster still works.

        Parameters
        ----------
        since : float
            When somebody began to wait, by `time.monotonic`.

        Raises
        ------
        OnelayerError
            If the scheduler is gone, or for too long no worker works.
        """
        self.expect_scheduler()
        workers = self.workers()
        if time.monotonic() - max(since, self._worked) > SECONDS_FOR_WORKERS:
            raise self._all_are_full(workers) if workers else self._no_worker()

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

    def _all_are_full(self, workers: Mapping[str, dict[str, Any]]) -> OnelayerError:
        memory = max(worker["memory_limit"] for worker in workers.values()) / 1e6
        return OnelayerError(
            "All workers of the cluster have stopped: the data fills their memory, of at most "
            f"{memory:,.0f} MB. Start more of them, or give them more memory."
        )
