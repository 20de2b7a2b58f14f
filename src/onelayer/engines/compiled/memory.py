"""Memory that begins where a vector may be read."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from onelayer.engines.compiled.compiler import VECTOR_BYTES, compiled


def aligned_zeros(shape: tuple[int, ...], dtype: np.dtype[np.floating]) -> NDArray[np.floating]:
    """Return zeros that begin at an address from which vectors can be read."""
    size = math.prod(shape) * dtype.itemsize
    memory = np.zeros(size + VECTOR_BYTES, np.uint8)
    start = -memory.ctypes.data % VECTOR_BYTES
    return memory[start : start + size].view(dtype).reshape(shape)


@compiled
def aligned(length, like):  # type: ignore[no-untyped-def]
    """Return zeros of the type of `like`; the twin of `aligned_zeros` within kernels."""
    spare = VECTOR_BYTES // like.itemsize
    memory = np.zeros(length + spare, like.dtype)
    start = (-memory.ctypes.data % VECTOR_BYTES) // like.itemsize
    return memory[start : start + length]
