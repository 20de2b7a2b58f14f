"""The one place that says how kernels are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import llvmlite.binding
import numba

F = TypeVar("F", bound=Callable[..., Any])

_FEATURES = llvmlite.binding.get_host_cpu_features()
WIDE = bool(_FEATURES.get("avx512f"))
"""Whether vectors have 64 bytes and there are 32 registers for them."""

VECTOR_BYTES = 64 if WIDE else 32 if _FEATURES.get("avx2") else 16


def compiled(function: F) -> F:
    """Compile a kernel without the GIL, and keep the machine code on disk.

    No ``fastmath``: sums keep the order in which they are written, and with it their bits. Numba
    keeps the code beside the source or, where that cannot be written, in the user's cache.
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "boundscheck": False}
    try:
        return cast(F, numba.njit(cache=True, **options)(function))
    except RuntimeError:  # no folder at all can be written: compile anew in each process
        return cast(F, numba.njit(**options)(function))
