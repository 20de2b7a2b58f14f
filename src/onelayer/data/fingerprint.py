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
    if isinstance(X, BlockMatrix):
        return blocks_fingerprint(list(X.map(_of_block)), y)
    return _of(X, y)


def values_fingerprint(X: NDArray[Any] | sparse.csr_array) -> str:
    """Return that of features alone; see `fingerprint`."""
    return _of(X)


def blocks_fingerprint(blocks: Sequence[str], y: NDArray[Any]) -> str:
    """Return that of features whose blocks have some fingerprints, and of labels."""
    return hashlib.sha256(json.dumps(["blocks", *blocks, _of(y)]).encode()).hexdigest()


def _of_block(X: Any, _rows: slice) -> str:
    return values_fingerprint(X)


def _of(*arrays: Any) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        kind = "sparse" if sparse.issparse(array) else "dense"
        head = [kind, list(array.shape), array.dtype.str]
        digest.update(json.dumps(head).encode())
        for block in _sparse_blocks(array) if kind == "sparse" else _dense_blocks(array):
            # As bytes: a buffer of some types, such as text, cannot be hashed itself.
            digest.update(np.ascontiguousarray(block).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


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
