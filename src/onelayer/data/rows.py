"""Rows of examples: their numbers, and blocks of them that fit the memory or a cache."""

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
"""The numbers of some examples."""


def row_blocks(n: int, at_once: int) -> list[slice]:
    """Return slices that cover n rows in order, so many at a time; the last may be shorter."""
    at_once = max(1, at_once)
    return [slice(first, min(first + at_once, n)) for first in range(0, n, at_once)]
