"""Which engine computes: compiled kernels where Numba is installed, elsewhere the reference."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Literal

from onelayer.engines.protocol import Engine
from onelayer.engines.reference import ReferenceEngine
from onelayer.errors import InputError

EngineName = Literal["auto", "compiled", "reference"]

MOST_THREADS = 256
"""More are never of use, and a mistyped number must not exhaust the machine."""


def open_engine(name: EngineName = "auto", threads: int | None = None) -> Engine:
    """Return an engine, to be used in a `with` statement.

    Parameters
    ----------
    name : "auto", "compiled" or "reference"
    threads : int, optional
        At most this many threads work. Default: the cores this process may use.

    Raises
    ------
    InputError
        If there is no such engine, Numba is asked for and not installed, or there are no threads.
    """
    if name not in ("auto", "compiled", "reference"):
        raise InputError(f"engine: {name!r} was given; allowed: auto, compiled, reference.")
    if threads is not None and threads < 1:
        raise InputError(f"threads: {threads} was given; at least 1 is needed.")
    installed = find_spec("numba") is not None
    if name == "reference" or (name == "auto" and not installed):
        return ReferenceEngine()
    if not installed:
        raise InputError("engine: compiled kernels need Numba: pip install numba.")
    from onelayer.engines.compiled import CompiledEngine  # heavy, and Numba is optional

    return CompiledEngine(min(threads or available_cores(), MOST_THREADS))


def available_cores() -> int:
    """Return how many cores this process may use, by its affinity and its container's quota."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, min(cores, _container_quota() or cores))


def _container_quota() -> int | None:
    """Return the whole cores that the control group grants, rounded up; None without a limit."""
    try:
        with open("/sys/fs/cgroup/cpu.max") as file:
            quota, period = file.read().split()
    except (OSError, ValueError):
        return None
    return None if quota == "max" else -(-int(quota) // int(period))
