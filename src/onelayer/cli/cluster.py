"""The cluster of a command, as the terminal shows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from onelayer.cli.progress import say
from onelayer.cli.terminal import Terminal

if TYPE_CHECKING:
    from onelayer.engines.cluster import Cluster


@contextmanager
def on_cluster(address: str | None, *, quiet: bool) -> Iterator[Cluster | None]:
    """Open the cluster that a command was given, if any, and leave it at the end."""
    if address is None:
        yield None
        return
    from onelayer.workflow.cluster import opened_cluster

    console = Terminal(quiet=quiet)
    with opened_cluster(address) as cluster:
        threads = cluster.threads
        say(
            console,
            f"Cluster {address}: {threads} thread{'s' if threads > 1 else ''}; "
            f"dashboard: {cluster.client.dashboard_link}",
        )
        yield cluster
