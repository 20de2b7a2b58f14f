"""Work that is handed to a cluster, and what comes of it. Where it is done is Dask's own matter."""

from __future__ import annotations

import itertools
import sys
import uuid
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from onelayer.errors import InputError, OnelayerError

if TYPE_CHECKING:
    from distributed import Client, Future

SECONDS_FOR_WORKERS = 30
"""So long a cluster may take to have a worker."""

_LOOK = 1.0
"""Seconds between two looks whether the scheduler is still there."""

_TOLD_BY = ("onelayer", "numpy", "scipy", "numba")


def versions() -> dict[str, str]:
    """Return the versions on which bits depend."""
    found = {"python": ".".join(map(str, sys.version_info[:2]))}
    for package in _TOLD_BY:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "none"
    return found


class Cluster:
    """A connected client, and what it is asked to do.

    Parameters
    ----------
    client : distributed.Client

    Raises
    ------
    OnelayerError
        If it has no worker in time.
    """

    def __init__(self, client: Client) -> None:
        import dask

        # Values go along with calls, and not ahead of them: so they outlive any worker.
        dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"})
        self.client: Any = client
        self._names = map("{}-{:06d}".format, itertools.repeat(uuid.uuid4().hex), itertools.count())
        self.versions = versions()
        self._expect_workers()

    @property
    def threads(self) -> int:
        """How many tasks the cluster does at once, now."""
        threads: dict[str, int] = self.client.nthreads()
        return max(1, sum(threads.values()))

    @property
    def least_memory(self) -> int | None:
        """The bytes that the smallest worker may hold; None where there is no limit."""
        workers = self.client.scheduler_info(n_workers=-1)["workers"].values()
        return min((w["memory_limit"] for w in workers if w["memory_limit"]), default=None)

    def submit(
        self, what: str, function: Callable[..., Any], *arguments: Any, priority: int = 0
    ) -> Future[Any]:
        """Have a pure function called somewhere; futures among its arguments are waited for.

        Parameters
        ----------
        what : str
            What people read of it, in one word.
        """
        future: Future[Any] = self.client.submit(
            _checked, self.versions, function, *arguments,
            key=f"onelayer-{what}-{next(self._names)}", pure=False, priority=priority,
        )  # fmt: skip
        return future

    def results(self, futures: Sequence[Future[Any]]) -> list[Any]:
        """Return what came of some work, once all of it is done.

        Raises
        ------
        OnelayerError
            If the scheduler is gone, or workers die of it.
        InputError
            As the functions raise it.
        """
        import distributed
        from distributed import CancelledError, KilledWorker

        wait: Any = distributed.wait

        while True:
            self._expect_scheduler()
            try:
                wait(futures, timeout=_LOOK)
                break
            except TimeoutError:
                continue
            except CancelledError:
                self._expect_scheduler()
                raise OnelayerError("The cluster has cancelled the work. Run it again.") from None
        try:
            found: list[Any] = self.client.gather(list(futures))
        except KilledWorker as error:
            raise OnelayerError(
                f"Workers of the cluster died of one piece of work ({error.task}), the last of "
                f"them {error.last_worker.address}. Most often their memory is too small: give "
                "them more, or smaller blocks."
            ) from None
        except CancelledError:
            self._expect_scheduler()
            raise OnelayerError("The cluster has cancelled the work. Run it again.") from None
        return found

    def _expect_scheduler(self) -> None:
        if self.client.status != "running":
            address = self.client.scheduler.address if self.client.scheduler else "the address"
            raise OnelayerError(
                f"The scheduler of the cluster, {address}, is gone. Start it again, and run the "
                "same again: what was saved is gone on with."
            )

    def _expect_workers(self) -> None:
        try:
            self.client.wait_for_workers(1, timeout=SECONDS_FOR_WORKERS)
        except TimeoutError:
            raise OnelayerError(
                f"The cluster at {self.client.scheduler.address} has no worker after "
                f"{SECONDS_FOR_WORKERS} s. Start one, with: dask worker ADDRESS."
            ) from None


def _checked(expected: dict[str, str], function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function on a worker, if that has the client's versions: bits depend on them."""
    own = versions()
    if own != expected:
        differ = [k for k in expected if own.get(k) != expected[k]]
        told = ", ".join(f"{k} {own.get(k)} instead of {expected[k]}" for k in differ)
        raise InputError(
            f"cluster: a worker has {told}. Install the same versions on all machines: models "
            "would not have the same bits."
        )
    return function(*arguments)
