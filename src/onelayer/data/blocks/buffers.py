"""Memory for arrays that come one after the other: used again once nobody holds it."""

from __future__ import annotations

import math
import sys
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

ALIGNED = 4096
"""Kept memory begins at a multiple of so many bytes, as reading past the system's cache wants."""

_WORTH_KEEPING = 2**20  # bytes
_OF_NOBODY = 2
"""References to an owner that no array views: of the list, and of the one who counts."""


class Buffers:
    """The memory of arrays that were let go, for the next ones.

    Reading a file into fresh memory takes the system several times as long as reading it into
    memory that was used before: it must find and clear each page first. An array keeps a reference
    to the memory that it views, and so do its own views; where no reference is left, the memory is
    free. There are never more buffers than arrays that were held at once.
    """

    def __init__(self) -> None:
        self._owners: list[NDArray[np.uint8]] = []
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[Buffers], tuple[()]]:
        """Go to other processes without what is here."""
        return Buffers, ()

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return an array of any values, in C order, that nobody else views."""
        size = math.prod(shape) * dtype.itemsize
        if size < _WORTH_KEEPING:
            return np.empty(shape, dtype)
        return self.raw(size).view(dtype).reshape(shape)

    def raw(self, size: int) -> NDArray[np.uint8]:
        """Return so many bytes of any values that nobody else views, which begin `ALIGNED`."""
        with self._lock:
            owner = self._owner(size)
            begin = -owner.ctypes.data % ALIGNED
            return owner[begin : begin + size]

    def _owner(self, size: int) -> NDArray[np.uint8]:
        """Return free memory that has such a part; what is free and too small goes."""
        every = range(len(self._owners))
        free = [k for k in every if sys.getrefcount(self._owners[k]) == _OF_NOBODY]
        fitting = [k for k in free if size <= len(self._owners[k]) - ALIGNED <= 2 * size]
        if fitting:
            return self._owners[min(fitting, key=lambda k: len(self._owners[k]))]
        for k in reversed(free):
            if len(self._owners[k]) - ALIGNED < size:
                del self._owners[k]
        self._owners.append(np.empty(_rounded(size) + ALIGNED, np.uint8))
        return self._owners[-1]


def _rounded(size: int) -> int:
    """Return a little more, so that it does for the next array of about that size."""
    step = 1 << max(size.bit_length() - 4, 0)
    return -(-size // step) * step
