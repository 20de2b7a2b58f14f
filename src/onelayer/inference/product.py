"""A matrix product whose rows have the same bits whatever stands beside them.

A BLAS library may add a row's products up in another order when the matrix has other rows, or when
more threads work. A limit on its threads is no remedy: it belongs to the process, and one Python
thread lifts what another has set. So here every product that BLAS sees

- has the same shape, whose rows (`BLOCK_ROWS`) are a multiple of what kernels take at once (4, 6,
  8, 12, 16 or 24), so that no row is at an edge, where other kernels work;
- is too small to be shared among threads: OpenBLAS does that above 262,144 multiplications.

The sums over features are then added up in a fixed order. The tests hold that the bits do not
change, for the library at hand.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK_ROWS = 48
TILE_FEATURES = 256
TILE_OUTPUTS = 20


class BlockProduct:
    """Products of rows with weights, computed in blocks of `BLOCK_ROWS` rows.

    Parameters
    ----------
    weights : (n_features, n_outputs) float64 array
    """

    def __init__(self, weights: NDArray[np.float64]) -> None:
        self._n_outputs = weights.shape[1]
        if self._n_outputs == 1:
            # A product with one column goes to other routines, which share smaller ones already.
            weights = np.hstack([weights, np.zeros_like(weights)])
        self._shape = weights.shape
        self._tiles = [
            (features, outputs, np.ascontiguousarray(weights[features, outputs]))
            for outputs in _slices(weights.shape[1], TILE_OUTPUTS)
            for features in _slices(len(weights), TILE_FEATURES)
        ]

    def __call__(self, X: NDArray[Any], fill: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """Return ``X @ weights``, shape (n, n_outputs), NaN in `X` replaced by `fill`."""
        n, (n_features, width) = len(X), self._shape
        block = np.zeros((BLOCK_ROWS, n_features))
        products = np.zeros((-(-n // BLOCK_ROWS) * BLOCK_ROWS, width))
        for rows in _slices(n, BLOCK_ROWS):
            some = X[rows]
            block[: len(some)] = some  # below a last, shorter piece stand rows that nobody reads
            if fill is not None and X.dtype.kind == "f":
                np.copyto(block, fill, where=np.isnan(block))
            for features, outputs, tile in self._tiles:
                products[rows, outputs] += block[:, features] @ tile
        return products[:n, : self._n_outputs]


def _slices(size: int, step: int) -> list[slice]:
    return [slice(first, first + step) for first in range(0, size, step)]
