"""Loaded by the worker processes of a command: Ctrl-C is for the command, which ends them."""

from __future__ import annotations

import signal


def dask_setup(_worker: object) -> None:
    """Ignore interrupts, which a terminal sends to all processes of a command."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
