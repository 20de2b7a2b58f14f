"""Which engine computes: compiled kernels where Numba is installed, elsewhere the reference."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from onelayer.engines.protocol import Engine, EngineName
from onelayer.engines.reference import ReferenceEngine
from onelayer.errors import InputError
from onelayer.threads import available_cores

MOST_THREADS = 256
"""More are never of use, and a mistyped number must not exhaust the machine."""


def vector_bytes() -> int | None:
    """Return how wide the vectors of the compiled kernels are; None without Numba."""
    if find_spec("numba") is None:
        return None
    from onelayer.engines.compiled.compiler import VECTOR_BYTES

    return VECTOR_BYTES


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


def load_kernels() -> None:
    """Load what compiled kernels need: to be called before two threads are the first to use them.

    Numba registers its types when it first loads a kernel or compiles one. A thread that calls a
    kernel meanwhile may find them changed as it goes through them, and fail.
    """
    if find_spec("numba") is None:
        return
    from onelayer.engines.compiled import norms

    norms.squared_norm(np.zeros((1, 1), np.float32), np.zeros(1, np.float32), True)  # type: ignore[no-untyped-call]
