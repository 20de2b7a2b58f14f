"""The cluster of a command, as the terminal shows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from importlib.util import find_spec
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
    from onelayer.workflow.cluster import SECONDS_TO_CONNECT, opened_cluster, workers_of

    console = Terminal(quiet=quiet)
    here = workers_of(address)
    going_on = (
        f"Starting {here} worker{'s' * (here > 1)}"
        if here
        else f"Looking for a scheduler, for up to {SECONDS_TO_CONNECT} s"
    )
    with ExitStack() as stack:
        shown = console.is_terminal and not quiet
        with console.status(going_on) if shown else nullcontext():
            cluster = stack.enter_context(opened_cluster(address))
        threads = cluster.threads
        said = f"Cluster {address}: {threads} thread{'s' * (threads > 1)}"
        say(console, said + _of_dashboard(cluster, here=here is not None))
        yield cluster


def _of_dashboard(cluster: Cluster, *, here: bool) -> str:
    """Return where the dashboard is; what a scheduler elsewhere lacks, its page says."""
    if here and find_spec("bokeh") is None:
        return "; its dashboard needs bokeh: pip install bokeh"
    link = cluster.client.dashboard_link
    return f"; dashboard: {link}" if link else ""
