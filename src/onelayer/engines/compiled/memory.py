"""Memory that begins where a vector may be read."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from onelayer.engines.compiled.compiler import VECTOR_BYTES
from onelayer.engines.compiled.parts import Scratch, Terms


def aligned_zeros(shape: tuple[int, ...], dtype: np.dtype[np.floating]) -> NDArray[np.floating]:
    """Return zeros that begin at an address from which vectors can be read."""
    size = math.prod(shape) * dtype.itemsize
    memory = np.zeros(size + VECTOR_BYTES, np.uint8)
    start = -memory.ctypes.data % VECTOR_BYTES
    return memory[start : start + size].view(dtype).reshape(shape)


def scratch(
    shape_x: tuple[int, int],
    shape_z: tuple[int, int],
    count: int,
    dtype: np.dtype[np.floating],
    slopes: tuple[int, ...] = (0, 0),
) -> Scratch:
    """Return room of these shapes; a vector may be read from where any number of it begins."""
    spare = VECTOR_BYTES // dtype.itemsize
    z = aligned_zeros((math.prod(shape_z) + spare,), dtype)[: math.prod(shape_z)]
    x = aligned_zeros(shape_x, dtype)
    room = count + spare
    terms = Terms(aligned_zeros((room,), dtype), aligned_zeros((room,), np.dtype(np.float64)))
    return Scratch(x, z.reshape(shape_z), terms, aligned_zeros(slopes, dtype))


class Rooms:
    """Scratch arrays that are made once: each is one thread's at a time, and free afterwards.

    Fresh ones for each advance would cost a small model's training a tenth of its time: the system
    gives large arrays page by page, as they are first touched.
    """

    def __init__(self) -> None:
        self._free: dict[Hashable, list[Scratch]] = defaultdict(list)

    @contextmanager
    def lent(self, kind: Hashable, make: Callable[[], Scratch]) -> Iterator[Scratch]:
        """Lend a room of a kind, within a block."""
        free = self._free[kind]
        try:
            room = free.pop()
        except IndexError:
            room = make()
        yield room
        free.append(room)
