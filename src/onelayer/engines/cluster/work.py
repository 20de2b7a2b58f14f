"""Work that is handed to a cluster, and what comes of it. Where it is done is Dask's own matter."""

from __future__ import annotations

import asyncio
import itertools
import pickle
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import wait
from typing import TYPE_CHECKING, Any, cast

from onelayer.engines.cluster.state import ClusterState
from onelayer.engines.cluster.tasks import same
from onelayer.engines.cluster.versions import expect_versions, versions
from onelayer.errors import InputError, OnelayerError

if TYPE_CHECKING:
    from distributed import Client, Future

_MOST_COPIED = 10**9
"""Bytes of data that every worker may come to hold: a network needs some seconds for them."""

_TIMES_COPIED = 4
"""Such data must fit so many times into the memory of each worker."""

_FEW_BYTES = 2**20
"""That go along with each call: about as many as the numbers of the rows that it visits."""

_LOOK = 1.0
"""Seconds between two looks whether the cluster is still there."""


class Cluster:
    """A connected client, and what it is asked to do.

    Parameters
    ----------
    client : distributed.Client

    Raises
    ------
    OnelayerError
        If it has no worker in time, or one without this package.
    InputError
        If a worker has other versions.
    """

    def __init__(self, client: Client) -> None:
        import dask

        # Values go along with calls, and not ahead of them: so they outlive any worker.
        dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"})
        self.client: Any = client
        self._names = map("{}-{:06d}".format, itertools.repeat(uuid.uuid4().hex), itertools.count())
        self.versions = versions()
        self._state = ClusterState(client)
        self._state.expect_workers()
        self._expect_versions()

    def _expect_versions(self) -> None:
        """Ask each worker at once: what it cannot take apart it could not even refuse.

        Those that come later are asked by each task.
        """
        for told in self.client.run(versions, on_error="return").values():
            if isinstance(told, ImportError):
                raise OnelayerError(
                    f"A worker of the cluster cannot load onelayer ({told}). Install the same "
                    "version on all machines."
                )
            if isinstance(told, dict):  # and is not about to go
                expect_versions(self.versions, told)

    @property
    def threads(self) -> int:
        """How many tasks the cluster does at once, now."""
        return max(1, sum(self._state.threads().values()))

    @property
    def least_memory(self) -> int | None:
        """The bytes that the smallest worker may hold; None where there is no limit."""
        limits = (worker["memory_limit"] for worker in self._state.workers().values())
        return min((limit for limit in limits if limit), default=None)

    def copies(self, nbytes: int) -> bool:
        """Whether data of so many bytes is small: then every worker may come to hold all of it."""
        memory = self.least_memory
        return nbytes <= _MOST_COPIED and memory is not None and _TIMES_COPIED * nbytes <= memory

    def submit(
        self, what: str, function: Callable[..., Any], *arguments: Any, priority: float = 0
    ) -> Future[Any]:
        """Have a pure function called somewhere; futures among its arguments are waited for.

        Parameters
        ----------
        what : str
            What people read of it, in one word.
        priority : float
            What has more of it is done first, wherever there is a choice.

        Raises
        ------
        OnelayerError
            If the scheduler is gone.
        InputError
            If the arguments cannot be handed to another process.
        """
        self._state.expect_scheduler()
        try:
            future: Future[Any] = self.client.submit(
                _checked, self.versions, function, *arguments,
                key=f"onelayer-{what}-{next(self._names)}", pure=False, priority=priority,
            )  # fmt: skip
        except TypeError as error:  # of what cannot be pickled
            raise InputError(
                f"cluster: what is needed to {what} cannot be handed to workers: {error}. Give "
                "paths, or objects that can be pickled."
            ) from None
        return future

    def handed(self, what: str, value: Any) -> Any:
        """Return what calls are to be given for a value that many of them take.

        That is the value itself where it is small: then no call waits for the worker that has it.
        Otherwise it is a future.
        """
        few = len(pickle.dumps(value, pickle.HIGHEST_PROTOCOL)) <= _FEW_BYTES
        return value if few else self.submit(what, same, value)

    def holders(self, futures: Sequence[Future[Any]]) -> list[frozenset[str]]:
        """Return the addresses of the workers that hold each value, now."""
        return [frozenset(workers) for workers in self._state.holders(futures)]

    def bundles(self, futures: Sequence[Future[Any]]) -> list[list[int]]:
        """Return which of some values lie together: on a worker, as many lists as it has threads.

        What is on its way, or nowhere, is alone. It is a guess: whoever needs a value gets it.
        """
        where, threads = self._state.holders(futures), self._state.threads()
        held: dict[str, list[int]] = {worker: [] for worker in threads}
        alone = []
        for i, workers in enumerate(where):
            there = [worker for worker in workers if worker in held]
            if there:
                min((held[worker] for worker in there), key=len).append(i)
            else:
                alone.append([i])
        lists = [own[k :: threads[w]] for w, own in held.items() for k in range(threads[w])]
        return alone + [own for own in lists if own]

    def map(self, what: str, calls: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
        """Have functions called, each with its arguments, and yield what comes of it, in order.

        There are only so many calls at a time on the cluster that it always has something to do.
        """
        pending: deque[Future[Any]] = deque()
        most = 2 * self.threads
        for function, *arguments in calls:
            pending.append(self.submit(what, function, *arguments))
            if len(pending) > most:
                yield self.results([pending.popleft()])[0]
        while pending:
            yield self.results([pending.popleft()])[0]

    def results(self, futures: Sequence[Future[Any]]) -> list[Any]:
        """Return what came of some work, once all of it is done.

        Raises
        ------
        OnelayerError
            If the scheduler is gone, no worker is left, or workers fail or die of it.
        InputError
            As the functions raise it.
        """
        from distributed import CancelledError, KilledWorker

        try:
            found: list[Any] = self._waited_for(list(futures))
        except KilledWorker as error:
            raise OnelayerError(
                f"Workers of the cluster died of one piece of work ({error.task}), the last of "
                f"them {error.last_worker.address}. Most often their memory is too small: give "
                "them more, or smaller blocks."
            ) from None
        except CancelledError as error:
            self._state.expect_scheduler()
            reason = f" ({error})" if str(error) else ""
            raise OnelayerError(
                f"The cluster has cancelled the work{reason}. Its scheduler and workers need the "
                "same packages as this machine; run it again."
            ) from None
        except OnelayerError:  # also InputError
            raise
        except Exception as error:
            self._state.expect_scheduler()
            reason = (str(error).strip().splitlines() or [""])[0]
            raise OnelayerError(
                f"A worker of the cluster failed ({type(error).__name__}: {reason}). Workers need "
                "the same packages and the same files as this machine."
            ) from error
        return found

    def _waited_for(self, futures: list[Future[Any]]) -> list[Any]:
        """Return what came of some work; wait in one question, whatever else is looked at."""
        asked = self.client.gather(futures, asynchronous=True)
        answer = asyncio.run_coroutine_threadsafe(asked, self.client.loop.asyncio_loop)
        begin = time.monotonic()
        try:
            while not wait([answer], timeout=_LOOK).done:
                self._state.expect_work(begin)
            return cast("list[Any]", answer.result())
        finally:
            answer.cancel()  # where the wait was given up


def _checked(expected: dict[str, str], function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function on a worker, if that has the client's versions: bits depend on them."""
    expect_versions(expected, versions())
    return function(*arguments)
