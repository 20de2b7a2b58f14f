"""A folder of NumPy's files, one block each or each two."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data.blocks.buffers import Buffers
from onelayer.data.blocks.readers.places import DataFile
from onelayer.data.blocks.readers.ready import ready_matrix
from onelayer.data.blocks.readers.shard_files import Shard, describe, read
from onelayer.data.blocks.readers.shard_names import pair_up
from onelayer.data.blocks.source import Block
from onelayer.data.files.label_values import as_label_values
from onelayer.data.label_matrix import as_label_matrix
from onelayer.errors import InputError

_KINDS = {"i": "integers", "u": "integers", "f": "integers", "b": "bools", "U": "strings"}
"""What labels of a type become: floats that are whole numbers are integers."""


class ShardBlocks:
    """Shards of NumPy's files as blocks. Headers are read at once, values when asked for.

    Parameters
    ----------
    files : list of DataFile
        As `find` returns those of a folder.

    Raises
    ------
    InputError
        If the names don't say what is what, a header is damaged, or shards differ in features,
        type or labels.
    """

    def __init__(self, files: list[DataFile]) -> None:
        self._shards = tuple(describe(pair) for pair in pair_up(files))
        first = self._shards[0]
        for shard in self._shards:
            _check_alike(first, shard)
        self.n_features = first.shape[1]
        self.dtype: np.dtype[Any] = first.dtype
        self.block_lengths = tuple(shard.shape[0] for shard in self._shards)
        self.is_sparse = first.is_sparse
        self._buffers = Buffers()

    def read_block(self, i: int) -> Block:
        """Return the values and labels of shard i.

        Raises
        ------
        InputError
            If a file is gone, was changed or is damaged, or a value is missing or infinite.
        """
        shard = self._shards[i]
        X, y = read(shard, self._buffers)
        matrix = ready_matrix(X, self.dtype, shard.path)
        return Block(matrix, None if y is None else _labels(y, shard))


def _labels(y: NDArray[Any], shard: Shard) -> NDArray[Any]:
    if y.ndim == 2 and y.shape[1] > 1:
        try:
            return as_label_matrix(y)
        except InputError as error:
            raise InputError(f"{shard.labels_path}: {error}") from None
    return as_label_values(y, f"{shard.labels_path}, labels")


def _check_alike(first: Shard, shard: Shard) -> None:
    for what, wanted, found in (
        ("features", first.shape[1], shard.shape[1]),
        ("values", first.dtype, shard.dtype),
        ("a matrix", *("sparse" if s.is_sparse else "dense" for s in (first, shard))),
        ("labels", _kind_of_labels(first), _kind_of_labels(shard)),
    ):
        if found != wanted:
            path = shard.labels_path if what == "labels" else shard.path
            raise InputError(
                f"{path}: {what}: {found}, where {first.files.X.name} has {wanted}; all shards "
                "must agree."
            )


def _kind_of_labels(shard: Shard) -> str:
    if shard.y is None:
        return "none"
    kind = _KINDS.get(shard.y.dtype.kind, f"of type {shard.y.dtype}")
    width = shard.y.n_features
    return kind if width == 1 else f"0 and 1 for each of {width} labels"
