"""The one place that says how kernels are compiled."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import llvmlite.binding
import numba

F = TypeVar("F", bound=Callable[..., Any])


def _features() -> set[str]:
    """Return what the processor has for which Numba compiles: this one, unless Numba is told."""
    told: str | None = numba.config.CPU_FEATURES  # type: ignore[attr-defined]
    if told is not None:
        return {name[1:] for name in told.split(",") if name.startswith("+")}
    return {name for name, there in llvmlite.binding.get_host_cpu_features().items() if there}


_FEATURES = _features()
WIDE = "avx512f" in _FEATURES
"""Whether vectors have 64 bytes and there are 32 registers for them."""

CONVERTS_HALF = "f16c" in _FEATURES
"""Whether there are instructions that read half precision."""

VECTOR_BYTES = 64 if WIDE else 32 if "avx2" in _FEATURES else 16
"""Of a register. Nothing that a kernel computes depends on it."""

LANES_BYTES = 64
"""Of the lanes that a sum is made in, on every processor: this belongs to what a model is."""

PARTS = LANES_BYTES // VECTOR_BYTES
"""Vectors that hold those lanes."""


def _fingerprint() -> str:
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()


FINGERPRINT = _fingerprint()
"""Changes with every change to a kernel."""


_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "boundscheck": False,
    "no_cfunc_wrapper": True,  # no code in C calls kernels
}


def inlined(function: F) -> F:
    """Make a function a part of each kernel that calls it: it is not compiled a second time."""
    return cast(F, numba.njit(inline="always", **_OPTIONS)(function))


def compiled(function: F) -> F:
    """Compile a kernel without the GIL, and keep the machine code on disk.

    No ``fastmath``: sums keep the order in which they are written, and with it their bits. Numba
    keeps the code beside the source or, where that cannot be written, in the user's cache.
    """
    return _kept(function)


def inner(function: F) -> F:
    """Compile, as `compiled` does, what kernels alone call: called from Python it would crash.

    The way in from Python takes a tenth of the time in which all kernels are compiled.
    """
    return _kept(function, no_cpython_wrapper=True)


def _kept(function: F, **options: Any) -> F:
    options |= _OPTIONS
    try:
        kernel = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # no folder at all can be written: compile anew in each process
        return cast(F, numba.njit(**options)(function))
    # Numba asks whether the kernel's own file has changed, but a kernel also holds the code of
    # those it calls. So the stamp is taken over all of them.
    stamped: Any = getattr(getattr(kernel, "_cache", None), "_cache_file", None)
    if not hasattr(stamped, "_source_stamp"):  # another Numba: rather no cache than a stale one
        return cast(F, numba.njit(**options)(function))
    stamped._source_stamp = FINGERPRINT
    return cast(F, kernel)
