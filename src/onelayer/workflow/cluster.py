"""The cluster that a command works on: connected to, or started on this machine."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from onelayer.data.optional import needs
from onelayer.engines.cluster import Cluster
from onelayer.errors import Argument, InputError
from onelayer.workflow import command_worker

SECONDS_TO_CONNECT = 10

MOST_WORKERS = 256
"""More are never started on one machine, and a mistyped number must not exhaust it."""

_ON_ONE_MACHINE = {
    "distributed.deploy.lost-worker-timeout": "10 minutes",
    "distributed.worker.profile.enabled": False,
    "distributed.worker.memory.monitor-interval": "500ms",
    "distributed.admin.system-monitor.interval": "2s",
    "distributed.admin.tick.interval": "500ms",
    "distributed.client.scheduler-info-interval": "10s",
}
"""What Dask does by the clock takes the cores that models need; its dashboard has no profile then.
Where cores are busy a worker that was killed takes long to start again."""

_LOCAL, _SCHEMES = re.compile(r"local:(\d+)"), ("tcp://", "tls://", "ws://", "wss://", "ucx://")


@contextmanager
def opened_cluster(address: str) -> Iterator[Cluster]:
    """Connect to a cluster, and leave it at the end.

    Parameters
    ----------
    address : str
        That of a scheduler, tcp://host:8786; or local:2 for two worker processes on this machine,
        with one thread each, which end at the end.

    Raises
    ------
    InputError
        If this is no address, or no scheduler is there.
    OnelayerError
        If it has no worker.
    """
    workers = workers_of(address)
    with needs("--cluster", "dask"):
        import dask
        import distributed
    local: Any = distributed.LocalCluster
    connect: Any = distributed.Client
    with ExitStack() as stack:
        stack.enter_context(_without_logs_of_the_client())
        if workers:
            stack.enter_context(dask.config.set(_ON_ONE_MACHINE))
            there: Any = stack.enter_context(
                local(
                    n_workers=workers, threads_per_worker=1, processes=True,
                    dashboard_address="127.0.0.1:0", silence_logs=logging.ERROR,
                    preload=command_worker.__name__,
                )
            )  # fmt: skip
        else:
            there = address
        try:
            client = stack.enter_context(connect(there, timeout=SECONDS_TO_CONNECT))
        except (OSError, ValueError, TimeoutError, MemoryError):  # of what another server says
            raise InputError(
                Argument("cluster"), f": there is no scheduler of Dask at {address}; start one, "
                "with dask scheduler, or take local:2.",
            ) from None  # fmt: skip
        yield Cluster(client)


@contextmanager
def _without_logs_of_the_client() -> Iterator[None]:
    """Keep off the screen what the client logs: a traceback, where its scheduler is gone.

    Whoever waits for work is told so by an error.
    """
    logger = logging.getLogger("distributed.client")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def workers_of(address: str) -> int | None:
    """Return how many workers are to be started; None for the address of a scheduler.

    Raises
    ------
    InputError
        If this is neither.
    """
    if found := _LOCAL.fullmatch(address):
        if 1 <= (workers := int(found[1])) <= MOST_WORKERS:
            return workers
    elif address.startswith(_SCHEMES):
        return None
    raise InputError(
        Argument("cluster"), f": {address!r} was given; give the address of a scheduler, such as "
        f"tcp://host:8786, or local:N with a number of workers from 1 to {MOST_WORKERS}.",
    )  # fmt: skip
