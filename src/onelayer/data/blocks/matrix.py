"""The values of a block source as a matrix whose rows are read when they are asked for."""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from onelayer.data.blocks.source import BlockSource
from onelayer.data.memory import give_back
from onelayer.data.rows import Rows
from onelayer.errors import InputError
from onelayer.threads import prefetched

Result = TypeVar("Result")

_WORTH_GIVING_BACK = 2**20

BLOCKS_HELD = 2
"""Blocks that are held for the next reader, where no bound on the memory says otherwise."""


class BlockMatrix:
    """Rows of features; `matrix[rows]` reads the blocks in which they lie.

    Parameters
    ----------
    source : BlockSource
    memory : int, optional
        At most about so many bytes of blocks are held; at least the one that was read last.

    Attributes
    ----------
    shape : (int, int)
    dtype : numpy dtype
    lengths : tuple of int
        Examples of each block.
    is_sparse : bool
    source : BlockSource
    """

    ndim = 2

    def __init__(self, source: BlockSource, memory: int | None = None) -> None:
        self.source, self._memory = source, memory
        self._begin, self._end = 0, int(source.n_features)
        self.lengths = tuple(source.block_lengths)
        self.dtype = np.dtype(source.dtype)
        self._begins = np.array([0, *itertools.accumulate(self.lengths)], np.int64)
        self._held: OrderedDict[int, Any] = OrderedDict()
        self._lock = threading.RLock()
        self.is_sparse = self._are_sparse()

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self._begins[-1])

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and features."""
        return len(self), self._end - self._begin

    def columns(self, begin: int, end: int) -> BlockMatrix:
        """Return the features from `begin` to before `end`; both matrices read through the same."""
        part: BlockMatrix = object.__new__(type(self))
        part.__dict__ |= self.__dict__
        part._begin, part._end = self._begin + begin, self._begin + end
        return part

    @property
    def features(self) -> tuple[int, int]:
        """Which features of the source these are: from the first number to before the second."""
        return self._begin, self._end

    def rows_of(self, i: int) -> slice:
        """Return which rows block i has."""
        return slice(int(self._begins[i]), int(self._begins[i + 1]))

    def block(self, i: int) -> Any:
        """Return the values of block i."""
        X = self._whole(i)
        return X if X.shape[1] == self._end - self._begin else X[:, self._begin : self._end]

    def map(self, function: Callable[..., Result], *by_row: Any) -> Iterator[Result]:
        """Yield what a function makes of each block, in order.

        It is called where the block lies, with its values, the numbers of its rows, and of each
        array in `by_row`, which has a value for each row of the matrix, its own part; None stays.
        """
        for i, X in enumerate(prefetched(self.block(i) for i in range(len(self.lengths)))):
            rows = self.rows_of(i)
            yield function(X, rows, *parts_of(by_row, rows))

    def no_rows(self) -> Any:
        """Return no examples, of these features and this type."""
        shape = 0, self.shape[1]
        if self.is_sparse:
            return sparse.csr_array(shape, dtype=self.dtype)
        return np.zeros(shape, self.dtype)

    def __getitem__(self, rows: slice | Rows) -> Any:
        """Return some rows, in the order in which they are asked for."""
        if isinstance(rows, slice):
            first, last, _ = rows.indices(len(self))
            i = int(np.searchsorted(self._begins, first, side="right")) - 1
            if i < len(self.lengths) and last <= self._begins[i + 1]:  # no copy
                return self.block(i)[first - self._begins[i] : last - self._begins[i]]
            rows = np.arange(first, last)
        rows = np.asarray(rows)
        if not len(rows):
            return self.no_rows()
        blocks = np.searchsorted(self._begins, rows, side="right") - 1
        places = [(i, np.flatnonzero(blocks == i)) for i in np.unique(blocks).tolist()]
        parts = ((own, self.block(i)[rows[own] - self._begins[i]]) for i, own in places)
        if self.is_sparse:
            order = np.argsort(np.concatenate([own for _, own in places]), kind="stable")
            return sparse.vstack([part for _, part in parts], "csr")[order]
        found = np.empty((len(rows), self.shape[1]), self.dtype)
        for own, part in parts:  # one after the other: no second copy of them all
            found[own] = part
        return found

    def _whole(self, i: int) -> Any:
        with self._lock:
            if i not in self._held:
                X = self._read(i)
                if X.shape != (self.lengths[i], self.source.n_features):
                    raise InputError(
                        f"X: block {i} has the shape {X.shape}, and "
                        f"({self.lengths[i]}, {self.source.n_features}) was promised; was the "
                        "data changed while it was read?"
                    )
                self._make_room(X)
                self._held[i] = X
                if self._memory is not None and nbytes(X) >= _WORTH_GIVING_BACK:
                    give_back()
            self._held.move_to_end(i)
            return self._held[i]

    def _are_sparse(self) -> bool:
        known: bool | None = getattr(self.source, "is_sparse", None)
        return bool(sparse.issparse(self.block(0))) if known is None else known

    def _read(self, i: int) -> Any:
        without_labels = getattr(self.source, "read_values", None)
        return self.source.read_block(i).X if without_labels is None else without_labels(i)

    def _make_room(self, X: Any) -> None:
        """Let the blocks go that were asked for the longest ago."""
        while self._held and (
            len(self._held) >= BLOCKS_HELD
            if self._memory is None
            else sum(map(nbytes, self._held.values())) + nbytes(X) > self._memory
        ):
            self._held.popitem(last=False)


def matrix_of(source: BlockSource, memory: int | None = None) -> BlockMatrix:
    """Return the values of a source; one on a cluster has a matrix of its own, `matrix`."""
    own: BlockMatrix | None = getattr(source, "matrix", None)
    return BlockMatrix(source, memory) if own is None else own


def parts_of(by_row: Iterable[Any], rows: slice | Rows) -> list[Any]:
    """Return of each array its values for some rows; None stays."""
    return [None if values is None else values[rows] for values in by_row]


def is_sparse(X: Any) -> bool:
    """Whether features are sparse: a SciPy matrix, or blocks of them."""
    return X.is_sparse if isinstance(X, BlockMatrix) else bool(sparse.issparse(X))


def nbytes(X: Any) -> int:
    """Return how many bytes some features take."""
    if sparse.issparse(X):
        return int(X.data.nbytes + X.indices.nbytes + X.indptr.nbytes)
    array: NDArray[Any] = X
    return int(array.nbytes)
