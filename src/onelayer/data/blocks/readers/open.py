"""Whatever larger data people have as one source of blocks."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from onelayer.data.blocks.arrays import BLOCK_LENGTH, ArrayBlocks
from onelayer.data.blocks.readers.chosen_columns import Columns
from onelayer.data.blocks.readers.paths import open_path
from onelayer.data.blocks.source import BlockSource
from onelayer.data.checks import check_integer
from onelayer.data.label_matrix import as_label_matrix, is_label_matrix
from onelayer.data.labels import as_labels
from onelayer.data.matrix import as_matrix
from onelayer.data.stored_type import stored_type
from onelayer.errors import Argument, InputError
from onelayer.words import listed

_MEMBERS = ("n_features", "dtype", "block_lengths", "read_block")
_KINDS = (
    "give arrays, memory maps or SciPy's sparse matrices, with y; a path or an address; a "
    "LazyFrame of polars; an array or a dataframe of Dask; or an object with the members "
    f"{listed(_MEMBERS)}"
)


def as_block_source(
    data: Any,
    *,
    y: ArrayLike | None = None,
    target: str | None = None,
    drop: Sequence[str] = (),
    features: Sequence[str] | None = None,
    need_labels: bool = True,
    block_length: int | None = None,
) -> BlockSource:
    """Return data of any kind as a source of blocks.

    Parameters
    ----------
    data : array, str, Path, polars.LazyFrame, Dask array or dataframe, or BlockSource
        Arrays, memory maps and SciPy's sparse ones, shape (n, n_features) or (n, height, width),
        go with `y`. A path, or an address that fsspec knows such as ``s3://bucket/folder``, is
        that of a packed folder; of a folder of shards of NumPy's files; or of Parquet or Arrow
        files: one, or a folder of them. A shard is ``NAME.npz`` with the arrays X and y, or with a
        matrix of ``scipy.sparse.save_npz`` and y; or two files, ``NAME.X.npy`` and ``NAME.y.npy``
        or ``X-NAME.npy`` and ``y-NAME.npy``. Files are taken in the natural order of their names;
        those that begin with a dot or an underscore are left out. An object with the members of
        `BlockSource` is checked and returned as it is.
    y : array, shape (n,) or (n, n_labels), optional
        The labels of arrays.
    target : str, optional
        The label column of a table; by default the one called target, label, class or y.
    drop : sequence of str
        Columns of a table to leave out.
    features : sequence of str, optional
        The columns of a table to take, in this order, however many more there are.
    need_labels : bool
        False: labels of a table are not read, and there may be none.
    block_length : int, optional
        Examples of a block of arrays and LazyFrames, by default 8192. Everything else comes in
        blocks of its own: a shard, a row group, a record batch, a chunk or a partition each.

    Returns
    -------
    source : BlockSource
        Its block lengths are known; values are read when blocks are.

    Raises
    ------
    InputError
        If `data` is none of these, does not go with the other arguments, or cannot be read.
    """
    is_frame = _is_a(data, "polars", "LazyFrame", "DataFrame")
    is_table = is_frame or _is_a(data, "dask.dataframe", "DataFrame")
    is_path = isinstance(data, str | os.PathLike)
    is_array = isinstance(data, np.ndarray | list | tuple) or sparse.issparse(data)
    is_dask_array = _is_a(data, "dask.array", "Array")
    if not (is_array or is_dask_array):
        _refuse("the labels come with the data", y=y)
    if not (is_path or is_table):
        _refuse("the data have no named columns", target=target, drop=drop or None)
    if not (is_array or is_frame):
        _refuse("the data come in blocks of their own", block_length=block_length)
    columns = Columns(
        target, tuple(drop), None if features is None else tuple(features), need_labels
    )
    if is_path:
        return open_path(os.fspath(data), columns)
    if is_table:
        return _of_frame(data, is_frame, columns, block_length)
    if is_dask_array:
        from onelayer.data.blocks.readers.dask_collections import DaskArrayBlocks

        return DaskArrayBlocks(data, y)
    if is_array:
        return _of_arrays(data, y, block_length)
    return _checked(data)


def _of_frame(
    data: Any, is_polars: bool, columns: Columns, block_length: int | None
) -> BlockSource:
    if is_polars:
        from onelayer.data.blocks.readers.lazy_frames import LazyTable
        from onelayer.data.blocks.readers.tables import TableBlocks

        return TableBlocks([LazyTable.of(data.lazy(), block_length)], columns)
    from onelayer.data.blocks.readers.dask_collections import DaskTableBlocks

    return DaskTableBlocks(data, columns)


def _of_arrays(X: Any, y: ArrayLike | None, block_length: int | None) -> BlockSource:
    """Return arrays in blocks; a memory map is not read, nor is another array looked through."""
    if sparse.issparse(X):
        X, _, _ = as_matrix(X, None)
    else:
        try:
            X = np.asanyarray(X)
        except ValueError as error:
            raise InputError("X: the rows differ in length; give rows of one length.") from error
        stored_type(X.dtype)
        if X.ndim not in (2, 3) or not X.size:
            raise InputError(
                f"X: the shape is {X.shape}; give at least one value, as (examples, features) or "
                "(examples, height, width)."
            )
        X = X.reshape(len(X), -1)
    labels = None if y is None else as_label_matrix(y) if is_label_matrix(y) else as_labels(y)
    at_once = BLOCK_LENGTH if block_length is None else block_length
    return ArrayBlocks(X, labels, check_integer(at_once, "block_length", 1))


def _checked(source: Any) -> BlockSource:
    """Return an object that says it is a source, if what it says can be."""
    name = type(source).__name__
    missing = [member for member in _MEMBERS if not hasattr(source, member)]
    if len(missing) == len(_MEMBERS):
        raise InputError(f"data: what is of type {name} is not read in blocks; {_KINDS}.")
    if missing:
        raise InputError(
            f"data: the {name} has no {listed(missing)}; a source of blocks has {listed(_MEMBERS)}."
        )
    check_integer(source.n_features, f"{name}.n_features", 1)
    try:
        dtype = np.dtype(source.dtype)
    except TypeError as error:
        raise InputError(f"{name}.dtype: {source.dtype!r} is no type of NumPy's.") from error
    if stored_type(dtype, f"{name}.dtype") != dtype:
        raise InputError(
            f"{name}.dtype: values of type {dtype} are not kept as they are; give uint8, float16, "
            "float32 or float64."
        )
    lengths = source.block_lengths
    if not isinstance(lengths, Sequence) or not lengths:
        raise InputError(
            f"{name}.block_lengths: {lengths!r} is no list of the examples in each block; give a "
            "tuple with at least one number."
        )
    for i, length in enumerate(lengths):
        check_integer(length, f"{name}.block_lengths[{i}]", 1)
    if not callable(source.read_block):
        raise InputError(f"{name}.read_block: is no function; give one that returns block i.")
    checked: BlockSource = source
    return checked


def _is_a(data: Any, module: str, *names: str) -> bool:
    """Tell whether data are of a library, which is not imported for that."""
    found = sys.modules.get(module)
    return found is not None and isinstance(data, tuple(getattr(found, name) for name in names))


def _refuse(reason: str, **given: object) -> None:
    for name, value in given.items():
        if value is not None:
            raise InputError(Argument(name), f": {reason}; leave it out.")
