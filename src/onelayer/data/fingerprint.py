"""A short name for the content of a data set."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from onelayer.data.blocks.matrix import BlockMatrix
from onelayer.data.rows import row_blocks

_BLOCK_BYTES = 1 << 22
_BLOCK_ROWS = 4096


class Digest:
    """A fingerprint of data that comes piece by piece."""

    def __init__(self) -> None:
        self._sha = hashlib.sha256()

    def begin(self, shape: Sequence[int], dtype: np.dtype[Any], *, is_sparse: bool) -> None:
        """Begin an array."""
        head = ["sparse" if is_sparse else "dense", list(shape), dtype.str]
        self._sha.update(json.dumps(head).encode())

    def add(self, rows: Any) -> None:
        """Add the next rows of the array."""
        for piece in _sparse_blocks(rows) if sparse.issparse(rows) else _dense_blocks(rows):
            # As bytes: a buffer of some types, such as text, cannot be hashed itself.
            self._sha.update(np.ascontiguousarray(piece).reshape(-1).view(np.uint8).data)

    def end(self, y: NDArray[Any], lengths: Sequence[int] | None = None) -> str:
        """Add the labels, and how long blocks are, and return 64 hexadecimal digits."""
        self.begin(y.shape, y.dtype, is_sparse=False)
        self.add(y)
        if lengths is not None:
            self._sha.update(json.dumps(list(lengths)).encode())
        return self._sha.hexdigest()


def fingerprint(X: NDArray[Any] | sparse.csr_array | BlockMatrix, y: NDArray[Any]) -> str:
    """Return the SHA-256 of examples and labels: their shapes, types and values.

    It is read in blocks, so that a memory map is never loaded whole. How an array lies in memory
    changes nothing; nor does, in a sparse matrix, the order of a row's entries or the width of
    the indices. The same values in another type, or dense instead of sparse, are other data; and so
    are they in blocks of other lengths, which are visited in another order.

    Parameters
    ----------
    X : array or scipy.sparse CSR matrix, shape (n, n_features) or (n, height, width); or a
        BlockMatrix
    y : array, shape (n,)

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    digest = Digest()
    if isinstance(X, BlockMatrix):
        digest.begin(X.shape, X.dtype, is_sparse=X.is_sparse)
        for i in range(len(X.lengths)):
            digest.add(X.block(i))
        return digest.end(y, X.lengths)
    digest.begin(X.shape, X.dtype, is_sparse=bool(sparse.issparse(X)))
    digest.add(X)
    return digest.end(y)


def _dense_blocks(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    if array.size == 0:
        return
    for rows in row_blocks(len(array), _BLOCK_BYTES // (array.nbytes // len(array))):
        yield np.asarray(array[rows])


def _sparse_blocks(matrix: sparse.csr_array) -> Iterator[NDArray[Any]]:
    for block in row_blocks(matrix.shape[0], _BLOCK_ROWS):
        rows = matrix[block]  # a copy
        rows.sum_duplicates()
        yield rows.indptr.astype(np.int64)
        if rows.nnz:
            yield rows.indices.astype(np.int64)
            yield rows.data
