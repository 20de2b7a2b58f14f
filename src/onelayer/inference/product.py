"""A matrix product whose rows have the same bits whatever stands beside them.

A BLAS library may add a row's products up in another order when the matrix has other rows, or when
more threads work. A limit on its threads is no remedy: it belongs to the process, and one Python
thread lifts what another has set. So here every product that BLAS sees

- has the same shape, whose rows (`BLOCK_ROWS`) are a multiple of what kernels take at once (4, 6,
  8, 12, 16 or 24), so that no row is at an edge, where other kernels work;
- has whole blocks of 8 outputs, filled up with zeros: over those every kernel adds the products of
  a row up one by one, each rounded once with its sum. Over the rest of a row that for AVX-512 has
  an order of its own;
- is too small to be shared among threads: OpenBLAS does that above 262,144 multiplications.

The sums over features are then added up in a fixed order. The tests hold that the bits do not
change, for the library at hand.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data import row_blocks

BLOCK_ROWS = 48
TILE_FEATURES = 256
TILE_OUTPUTS = 16
BLOCK_OUTPUTS = 8

_VALUES_AT_ONCE = 400_000
"""What a thread has in hand as float64: little enough to stay in a core's cache."""


class BlockProduct:
    """Products of rows with weights, computed in blocks of `BLOCK_ROWS` rows.

    Parameters
    ----------
    weights : (n_features, n_outputs) float64 array

    Attributes
    ----------
    rows_at_once : int
        For how many rows it is best called; a whole number of blocks.
    """

    def __init__(self, weights: NDArray[np.float64]) -> None:
        self._n_features, self._n_outputs = weights.shape
        self._width = -(-self._n_outputs // BLOCK_OUTPUTS) * BLOCK_OUTPUTS
        weights = np.pad(weights, ((0, 0), (0, self._width - self._n_outputs)))
        self._tiles = [
            (features, outputs, np.ascontiguousarray(weights[features, outputs]))
            for outputs in row_blocks(self._width, TILE_OUTPUTS)
            for features in row_blocks(self._n_features, TILE_FEATURES)
        ]
        values = BLOCK_ROWS * max(self._n_features, 2 * self._width)
        self.rows_at_once = BLOCK_ROWS * max(1, _VALUES_AT_ONCE // values)
        self._buffers = threading.local()

    def __call__(self, X: NDArray[Any], fill: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """Return ``X @ weights``, shape (n, n_outputs), NaN in `X` replaced by `fill`.

        Threads may call it at once.
        """
        n, blocks = len(X), -(-len(X) // BLOCK_ROWS)
        raw = self._buffer(blocks)
        rows = raw.reshape(-1, self._n_features)
        rows[:n] = X  # below a last, shorter block stand rows that nobody reads
        rows[n:] = 0
        if fill is not None and X.dtype.kind == "f":
            np.copyto(rows, fill, where=np.isnan(rows))
        products = np.zeros((blocks, BLOCK_ROWS, self._width))
        for features, outputs, tile in self._tiles:
            products[:, :, outputs] += raw[:, :, features] @ tile  # block by block
        return products.reshape(-1, self._width)[:n, : self._n_outputs]

    def _buffer(self, blocks: int) -> NDArray[np.float64]:
        """Return this thread's array for so many blocks: fresh memory costs more than the copy."""
        kept: NDArray[np.float64] | None = getattr(self._buffers, "raw", None)
        if kept is None or len(kept) < blocks:
            kept = self._buffers.raw = np.empty((blocks, BLOCK_ROWS, self._n_features))
        return kept[:blocks]
