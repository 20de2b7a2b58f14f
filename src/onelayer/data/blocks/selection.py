"""Some rows of a matrix, without their being in memory together where it is read block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

import numpy as np

from onelayer.data.blocks.matrix import BlockMatrix, parts_of
from onelayer.data.blocks.source import Block
from onelayer.data.rows import Rows, row_blocks

Result = TypeVar("Result")


def select_rows(X: Any, rows: Rows) -> Any:
    """Return some rows of features: a copy of an array, and a BlockMatrix of one, read as it is.

    Parameters
    ----------
    X : array, CSR array or BlockMatrix
    rows : int array
        In rising order, each once.
    """
    if hasattr(X, "select"):  # it lies elsewhere
        return X.select(rows)
    return BlockMatrix(_SomeRows(X, rows), 0) if isinstance(X, BlockMatrix) else X[rows]


def some_at_a_time(X: Any, rows: Rows, at_once: int) -> Iterator[tuple[slice, Any]]:
    """Yield places among `rows`, and the features there.

    So many rows of an array are copied at a time. Blocks come as one matrix, read as it is.
    """
    if isinstance(X, BlockMatrix):
        yield slice(0, len(rows)), select_rows(X, rows)
        return
    for piece in row_blocks(len(rows), at_once):
        yield piece, X[rows[piece]]


def map_rows(
    X: Any, function: Callable[..., Result], rows: Rows, at_once: int, *by_row: Any
) -> Iterator[Result]:
    """Yield what a function makes of so many rows at a time, in order.

    Of blocks no piece has rows of two, and the function is called where they lie.

    Parameters
    ----------
    X : array, CSR array or BlockMatrix
    function : function
        Takes the values of some rows, which it must not change, and the parts of `by_row` that go
        with them.
    rows : int array
        In rising order, each once, where `X` is a BlockMatrix.
    by_row : arrays or None
        Each has a value for each row of `X`; None stays None.
    """
    if isinstance(X, BlockMatrix):
        own = parts_of(by_row, rows)
        for found in select_rows(X, rows).map(partial(_in_pieces, function, at_once), *own):
            yield from found
        return
    in_turn = len(rows) > 0 and np.array_equal(rows, np.arange(rows[0], rows[0] + len(rows)))
    for piece in row_blocks(len(rows), at_once):
        some = rows[piece]
        if in_turn:  # a view
            turn = slice(int(some[0]), int(some[-1]) + 1)
            yield function(X[turn], *parts_of(by_row, turn))
        else:
            yield function(X[some], *parts_of(by_row, some))


def together(X: Any, function: Callable[[Any], Result], rows: Rows) -> Result:
    """Return what a function makes of some rows together, which must be few enough for that."""
    if hasattr(X, "together"):  # it lies elsewhere
        found: Result = X.together(function, rows)
        return found
    return function(X[rows])


def _in_pieces(
    function: Callable[..., Result], at_once: int, X: Any, _rows: slice, *by_row: Any
) -> list[Result]:
    pieces = row_blocks(X.shape[0], at_once)
    return [function(X[piece], *parts_of(by_row, piece)) for piece in pieces]


def rows_of_block(X: Any, rows: Rows) -> Any:
    """Return some rows of a block; where they are all of it, no copy."""
    return X if np.array_equal(rows, np.arange(X.shape[0])) else X[rows]


def by_block(X: BlockMatrix, rows: Rows) -> list[tuple[int, Rows]]:
    """Return the blocks that hold some rows, and which of their own rows these are.

    Parameters
    ----------
    rows : int array
        In rising order.
    """
    begins = [X.rows_of(i).start for i in range(len(X.lengths))]
    ends = np.searchsorted(rows, [*begins[1:], len(X)]).tolist()
    spans = enumerate(zip([0, *ends[:-1]], ends, strict=True))
    return [(i, rows[first:end] - begins[i]) for i, (first, end) in spans if end > first]


class _SomeRows:
    """The rows of each block that are asked for; blocks without any are left out."""

    def __init__(self, matrix: BlockMatrix, rows: Rows) -> None:
        self._matrix, self._places = matrix, by_block(matrix, rows)
        self.n_features = matrix.shape[1]
        self.dtype, self.is_sparse = matrix.dtype, matrix.is_sparse
        self.block_lengths = tuple(len(own) for _, own in self._places)

    def read_block(self, i: int) -> Block:
        """Return the rows of a block; a view where they are all of it."""
        number, own = self._places[i]
        X = self._matrix.block(number)
        return Block(rows_of_block(X, own), None)
