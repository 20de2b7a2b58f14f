"""Examples that an estimator reads block by block."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from onelayer.data.blocks import Block, BlockMatrix, BlockSource
from onelayer.data.blocks.dataset import Scan, looks_of, scan
from onelayer.data.blocks.look import Look
from onelayer.data.blocks.matrix import matrix_of
from onelayer.data.blocks.readers.open import as_block_source
from onelayer.data.blocks.room import dense_block_bytes, room_to_hold
from onelayer.data.label_matrix import as_label_matrix, is_label_matrix
from onelayer.data.labels import as_labels
from onelayer.errors import InputError
from onelayer.words import first_few, parse_bytes

Values = TypeVar("Values")

_LIBRARIES = (("polars", "LazyFrame"), ("dask.dataframe", "DataFrame"), ("dask.array", "Array"))


def is_source(X: Any) -> bool:
    """Return whether examples are read block by block, and are no array or frame in memory."""
    if isinstance(X, str | os.PathLike | BlockMatrix) or hasattr(X, "read_block"):
        return True
    found = ((sys.modules.get(module), name) for module, name in _LIBRARIES)
    return any(
        module is not None and isinstance(X, getattr(module, name)) for module, name in found
    )


def open_source(estimator: Any, X: Any, y: Any = None, *, new: bool) -> BlockSource:
    """Return examples as a source of blocks.

    Parameters
    ----------
    estimator : estimator
        Where it is fitted, tables are read by the names of its features.
    y : array, str or None
        Labels; or the name of their column in a table.
    new : bool
        The examples are to be predicted: there need be no labels.

    Raises
    ------
    ValueError
        If they cannot be read, or have other features than the estimator was fitted to.
    """
    names = getattr(estimator, "feature_names_in_", None)
    target = y if isinstance(y, str) else None
    is_array = hasattr(X, "chunks")  # of Dask
    source = as_block_source(
        X, y=y if is_array else None, target=target, need_labels=not new and (y is None or is_array
        or target is not None), features=None if names is None else names.tolist(),
    )  # fmt: skip
    source = estimator._placed(source)
    if y is not None and target is None and not is_array:
        source = WithLabels(source, y)
    return source


def check_features(estimator: Any, source: BlockSource, *, reset: bool) -> None:
    """Note the number and the names of the features; or refuse others than those noted."""
    own: Sequence[str] | None = getattr(source, "feature_names", None)
    if reset:
        estimator.n_features_in_ = source.n_features
        if own is not None:
            estimator.feature_names_in_ = np.array(own, object)
        elif hasattr(estimator, "feature_names_in_"):
            del estimator.feature_names_in_
        return
    if source.n_features != estimator.n_features_in_:
        raise InputError(
            f"X has {source.n_features} features, but {type(estimator).__name__} is expecting "
            f"{estimator.n_features_in_} features as input."
        )
    names = getattr(estimator, "feature_names_in_", None)
    if names is not None and own is not None and list(own) != names.tolist():
        raise InputError(
            f"X: the feature names are {first_few(own)}, and should match those that were passed "
            f"during fit: {first_few(names.tolist())}."
        )


def as_block_matrix(estimator: Any, source: BlockSource, largest: int | None) -> BlockMatrix:
    """Return the values of a source; how much is held for later follows from `memory`.

    Parameters
    ----------
    largest : int or None
        Bytes of the largest block, where that is known.
    """
    if estimator.memory is None or _lies_elsewhere(source):
        return matrix_of(source)
    memory = parse_bytes(estimator.memory, "memory")
    if largest is None:  # sparse, and not read yet
        return matrix_of(source, 0)
    return matrix_of(source, room_to_hold(source, largest, memory, "X", int(estimator.window)))


def read_labelled(estimator: Any, X: Any, y: Any, *, reset: bool) -> tuple[BlockMatrix, Scan]:
    """Return labelled examples, after the pass that comes before.

    Raises
    ------
    ValueError
        If they cannot be read or do not fit the estimator.
    """
    if reset and hasattr(estimator, "feature_names_in_"):
        del estimator.feature_names_in_
    source = open_source(estimator, X, y, new=False)
    check_features(estimator, source, reset=reset)
    if (size := dense_block_bytes(source)) is not None:
        as_room(estimator, source, size)
    found = scan(source)
    return as_block_matrix(estimator, source, found.largest), found


def as_room(estimator: Any, source: BlockSource, size: int) -> None:
    """Refuse blocks that are too large before one is read."""
    if estimator.memory is not None and not _lies_elsewhere(source):
        memory = parse_bytes(estimator.memory, "memory")
        room_to_hold(source, size, memory, "X", int(estimator.window))


def _lies_elsewhere(source: Any) -> bool:
    """Return whether blocks are in other memory than this, as on a cluster."""
    return getattr(source, "matrix", None) is not None


def read_new(estimator: Any, X: Any) -> BlockMatrix:
    """Return examples to predict.

    Raises
    ------
    ValueError
        If they cannot be read or do not fit the estimator.
    """
    if isinstance(X, BlockMatrix):
        return X
    source = open_source(estimator, X, new=True)
    check_features(estimator, source, reset=False)
    return as_block_matrix(estimator, source, dense_block_bytes(source))


def in_parts(X: Any, function: Callable[[Any, int], Values], threads: int) -> Iterator[Values]:
    """Yield what a function makes of values: of all of an array, of each block of a BlockMatrix.

    It is called where the block lies.
    """
    if isinstance(X, BlockMatrix):
        yield from X.map(partial(_of_block, function, threads))
    else:
        yield function(X, threads)


def _of_block(function: Callable[[Any, int], Values], threads: int, X: Any, _rows: slice) -> Values:
    return function(X, threads)


@dataclass(frozen=True, eq=False)
class WithLabels:
    """A source with labels that are given beside it."""

    source: BlockSource
    y: Any

    def __post_init__(self) -> None:
        """Check the labels."""
        labels = as_label_matrix(self.y) if is_label_matrix(self.y) else as_labels(self.y)
        n = sum(self.source.block_lengths)
        if len(labels) != n:
            raise InputError(f"y has {len(labels)} labels, and X has {n} examples.")
        object.__setattr__(self, "y", labels)

    @property
    def n_features(self) -> int:
        """Values of an example."""
        return self.source.n_features

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the stored values."""
        return self.source.dtype

    @property
    def block_lengths(self) -> tuple[int, ...]:
        """Examples of each block."""
        return self.source.block_lengths

    @property
    def is_sparse(self) -> bool:
        """Whether blocks are known to be sparse."""
        return getattr(self.source, "is_sparse", False)

    @property
    def feature_names(self) -> tuple[str, ...] | None:
        """Names of the features, where the source has some."""
        return getattr(self.source, "feature_names", None)

    @property
    def matrix(self) -> BlockMatrix | None:
        """The features, where the source has them as a matrix."""
        return getattr(self.source, "matrix", None)

    def looks(self) -> Iterator[Look]:
        """Look at each block."""
        parts = np.split(self.y, np.cumsum(self.block_lengths)[:-1])
        for y, look in zip(parts, looks_of(self.source), strict=True):
            yield replace(look, y=y)

    def read_block(self, i: int) -> Block:
        """Return block i with its labels."""
        first = sum(self.block_lengths[:i])
        labels: NDArray[Any] = self.y[first : first + self.block_lengths[i]]
        return Block(self.source.read_block(i).X, labels)
