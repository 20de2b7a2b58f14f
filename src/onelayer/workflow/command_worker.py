"""Loaded by the worker processes of a command, whose user has no use for what they do by habit."""

from __future__ import annotations

import logging
import signal


def dask_setup(_worker: object) -> None:
    """Leave interrupts to the command, which ends its workers; and log no traceback to its screen.

    A terminal sends Ctrl-C to all processes. A worker that looks for its scheduler just as the
    command ends would log that it is gone; what fails in its work is told by the command.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    logging.getLogger("distributed.worker").setLevel(logging.CRITICAL)
