"""Arrays and frames of Dask: chunks along the rows and partitions are the blocks."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from dask.array import Array
from dask.delayed import Delayed
from numpy.typing import NDArray
from scipy import sparse

from onelayer.data.blocks.readers.chosen_columns import Columns
from onelayer.data.blocks.readers.dask_graphs import anywhere, computed, failures_named, lengths_of
from onelayer.data.blocks.readers.ready import ready_matrix
from onelayer.data.blocks.readers.table_layout import TableLayout
from onelayer.data.blocks.readers.tables import TableBlocks, checked_block
from onelayer.data.blocks.source import Block
from onelayer.data.files.label_values import as_label_values
from onelayer.data.files.pandas_index import index_columns
from onelayer.data.label_matrix import as_label_matrix
from onelayer.data.labels import as_labels
from onelayer.data.stored_type import stored_type
from onelayer.errors import InputError

_ARRAY, _FRAME = "Dask array", "Dask dataframe"


class DaskArrayBlocks:
    """The chunks of a Dask array along its rows as blocks; each is computed when it is read.

    Chunks of unknown length are computed once to count their rows. Those without rows are left
    out.

    Parameters
    ----------
    X : dask.array.Array, shape (n, n_features)
        Of arrays, or of SciPy's sparse arrays or matrices.
    y : dask.array.Array or array, shape (n,) or (n, n_labels); or None

    Raises
    ------
    InputError
        If a shape or type is another, or the labels are not as many as the examples.
    """

    def __init__(self, X: Any, y: Any) -> None:
        if X.ndim < 2 or any(np.isnan(size) for size in X.shape[1:]) or 0 in X.shape[1:]:
            raise InputError(
                f"{_ARRAY}: the shape is {X.shape}; give (examples, features), with the number of "
                "features known."
            )
        whole = X.rechunk(dict.fromkeys(range(1, X.ndim), -1))
        if y is not None and not hasattr(y, "dask") and np.ndim(y) not in (1, 2):
            raise InputError("y: give one label an example, or a row of 0 and 1.")
        chunks = whole.to_delayed().reshape(-1)
        lengths = lengths_of(whole.chunks[0], chunks)
        self._labels = None if y is None else _label_chunks(y, lengths)
        kept = [i for i, length in enumerate(lengths) if length]
        if not kept:
            raise InputError(f"{_ARRAY}: holds no row; give at least one example.")
        if self._labels is not None:
            self._labels = [self._labels[i] for i in kept]
        self._chunks: list[Delayed] = [chunks[i] for i in kept]
        self.block_lengths = tuple(lengths[i] for i in kept)
        self.n_features = int(np.prod(X.shape[1:]))
        self.dtype: np.dtype[Any] = stored_type(np.dtype(X.dtype), _ARRAY)
        if sparse.issparse(X._meta) and self.dtype != np.float64:
            self.dtype = np.dtype(np.float32)

    def read_block(self, i: int) -> Block:
        """Compute chunk i in this thread.

        Raises
        ------
        InputError
            If that fails, the chunk has another shape than it said, or a value is missing or
            infinite.
        """
        with failures_named(f"{_ARRAY}, block {i}"):
            X = computed(self._chunks[i])
            y = None if self._labels is None else computed(self._labels[i])
        return _array_block(i, (self.block_lengths[i], self.n_features), self.dtype, X, y)

    def on_cluster(self, client: Any) -> list[Any]:
        """Return futures of all blocks, made by workers; chunks that lie there stay there."""
        chunks = client.compute(self._chunks)
        none = [None] * len(chunks)
        labels = none if self._labels is None else client.compute(self._labels)
        return [
            client.submit(_array_block, i, (length, self.n_features), self.dtype, X, y, pure=False)
            for i, (length, X, y) in enumerate(zip(self.block_lengths, chunks, labels, strict=True))
        ]


def _array_block(i: int, promised: tuple[int, int], dtype: np.dtype[Any], X: Any, y: Any) -> Block:
    """Return a chunk as a block, checked."""
    where = f"{_ARRAY}, block {i}"
    if not np.can_cast(X.dtype, dtype) and stored_type(X.dtype, where) != dtype:
        raise InputError(
            f"{where}: is of type {X.dtype}, and {dtype} was promised; set the array's type right "
            "with astype."
        )
    matrix = ready_matrix(X, dtype, where)
    if matrix.shape != promised:
        raise InputError(
            f"{where}: has the shape {matrix.shape}, and {promised} was promised; set the array's "
            "chunks right, or let compute_chunk_sizes() do so."
        )
    if y is None:
        return Block(matrix, None)
    labels = _as_labels(y, f"{where}, labels")
    if len(labels) != promised[0]:
        raise InputError(f"{where}: has {promised[0]} examples and {len(labels)} labels.")
    return Block(matrix, labels)


@dataclass(frozen=True, eq=False)
class DaskTable:
    """A Dask dataframe of which columns and rows are known."""

    partitions: tuple[Delayed, ...]
    schema: dict[str, pl.DataType]
    index: tuple[str, ...]
    lengths: tuple[int, ...]

    source = _FRAME

    @classmethod
    def of(cls, frame: Any) -> DaskTable:
        """Count the rows of the partitions, by one computation of all.

        Parameters
        ----------
        frame : dask.dataframe.DataFrame

        Raises
        ------
        InputError
            If that fails, or two columns have the same name.
        """
        if not all(isinstance(name, str) for name in frame.columns) or frame.columns.has_duplicates:
            raise InputError(f"{_FRAME}: give its columns names, each another string.")
        partitions = tuple(frame.to_delayed())
        lengths = lengths_of([np.nan] * len(partitions), partitions)
        table = cls(partitions, {}, (), tuple(lengths))
        full = next((i for i, length in enumerate(lengths) if length), None)
        if full is None:
            raise InputError(f"{_FRAME}: holds no row; give at least one example.")
        # What a column of Python objects holds is known from its values alone.
        schema = anywhere(_schema, partitions[full])
        return cls(partitions, schema, index_columns(None, tuple(schema)), table.lengths)

    def read(self, piece: int, names: Sequence[str]) -> pl.DataFrame:
        """Compute a partition in this thread, and return some columns."""
        where = f"{_FRAME}, partition {piece}"
        with failures_named(where):
            return _columns(computed(self.partitions[piece]), names)

    def first_row(self, names: Sequence[str]) -> pl.DataFrame:
        """Return one row."""
        full = next(i for i, length in enumerate(self.lengths) if length)
        row: pl.DataFrame = anywhere(_first_row, self.partitions[full], [*names])
        return row


class DaskTableBlocks(TableBlocks):
    """The partitions of a Dask dataframe as blocks; see `TableBlocks`."""

    def __init__(self, frame: Any, columns: Columns) -> None:
        self._table = DaskTable.of(frame)
        super().__init__([self._table], columns)

    def on_cluster(self, client: Any) -> list[Any]:
        """Return futures of all blocks, made by workers; partitions that lie there stay there."""
        partitions = client.compute([self._table.partitions[piece] for _, piece, _ in self._pieces])
        return [
            client.submit(_table_block, self._layout, before, length, partition, pure=False)
            for (_, _, before), length, partition in zip(
                self._pieces, self.block_lengths, partitions, strict=True
            )
        ]


def _table_block(layout: TableLayout, before: int, length: int, partition: Any) -> Block:
    frame = _columns(partition, layout.columns_read)
    return checked_block(layout, frame, _FRAME, before, length)


def _columns(partition: Any, names: Sequence[str]) -> pl.DataFrame:
    frame: pl.DataFrame = pl.from_pandas(partition[[*names]])
    return frame


def _first_row(partition: Any, names: Sequence[str]) -> pl.DataFrame:
    return _columns(partition[:1], names)


def _schema(partition: Any) -> dict[str, pl.DataType]:
    return dict(pl.from_pandas(partition).schema)


def _label_chunks(y: Any, lengths: Sequence[int]) -> list[Any]:
    """Return the labels of each block: chunks to compute, or arrays."""
    ends = np.cumsum(lengths)
    if not hasattr(y, "to_delayed"):
        array = np.asarray(y)
        _check_count(len(array), int(ends[-1]))
        return list(np.split(array, ends[:-1]))
    array = y
    if hasattr(y, "to_dask_array"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # strings become objects, which will do
            array = y.to_dask_array()
    if array.ndim > 1:
        array = array.rechunk({1: -1})
    own = lengths_of(array.chunks[0], array.to_delayed().reshape(-1))
    _check_count(sum(own), int(ends[-1]))
    if own != list(lengths):
        known = Array(array.dask, array.name, (tuple(own), *array.chunks[1:]), meta=array._meta)
        array = known.rechunk({0: tuple(lengths)})
    return list(array.to_delayed().reshape(-1))


def _as_labels(y: Any, where: str) -> NDArray[Any]:
    if sparse.issparse(y) or np.ndim(y) == 2:
        return as_label_matrix(y)
    values = np.asarray(y)
    # Strings come as objects.
    return as_labels(values) if values.dtype.kind in "OT" else as_label_values(values, where)


def _check_count(labels: int, examples: int) -> None:
    if labels != examples:
        raise InputError(
            f"X has {examples} examples and y has {labels} labels; give one label an example."
        )
