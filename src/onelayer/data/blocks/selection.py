"""Some rows of a matrix that is read block by block: again such a matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from onelayer.data.blocks.matrix import BlockMatrix
from onelayer.data.blocks.source import Block
from onelayer.data.rows import Rows


def select_rows(X: Any, rows: Rows) -> Any:
    """Return some rows of features: a copy of an array, and a BlockMatrix of one, read as it is.

    Parameters
    ----------
    X : array, CSR array or BlockMatrix
    rows : int array
        In rising order, each once.
    """
    return BlockMatrix(_SomeRows(X, rows), 0) if isinstance(X, BlockMatrix) else X[rows]


class _SomeRows:
    """The rows of each block that are asked for; blocks without any are left out."""

    def __init__(self, matrix: BlockMatrix, rows: Rows) -> None:
        begins = [matrix.rows_of(i).start for i in range(len(matrix.lengths))]
        ends = np.searchsorted(rows, [*begins[1:], len(matrix)]).tolist()
        firsts = [0, *ends[:-1]]
        self._matrix = matrix
        self._places = [
            (i, rows[first:end] - begins[i])
            for i, (first, end) in enumerate(zip(firsts, ends, strict=True))
            if end > first
        ]
        self.n_features = matrix.shape[1]
        self.dtype = matrix.dtype
        self.block_lengths = tuple(len(own) for _, own in self._places)

    def read_block(self, i: int) -> Block:
        """Return the rows of a block; a view where they are all of it."""
        number, own = self._places[i]
        X = self._matrix.block(number)
        return Block(X if len(own) == X.shape[0] else X[own], None)
