"""Blocks of a source, looked at before they are used."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from onelayer.data.blocks.packs.block_files import arrays_of, checksum, n_bytes
from onelayer.data.blocks.packs.packing import Plan
from onelayer.data.blocks.source import BlockSource
from onelayer.data.csr import as_csr
from onelayer.data.label_matrix import as_label_matrix, is_label_matrix
from onelayer.data.labels import as_labels
from onelayer.errors import Argument, InputError

_DENSE = ("uint8", "float16", "float32", "float64")
_SPARSE = ("float32", "float64")


class CheckedBlocks:
    """The blocks of a source with finite values and a label each.

    Parameters
    ----------
    source : BlockSource

    Attributes
    ----------
    lengths : tuple of int
    begins : list of int
        The number of each block's first example, and that of all examples.
    """

    def __init__(self, source: BlockSource) -> None:
        self._source = source
        self.n_features, self.dtype = source.n_features, np.dtype(source.dtype)
        self.lengths = tuple(source.block_lengths)
        self.begins = [0, *itertools.accumulate(self.lengths)]
        if not self.lengths:
            raise InputError("The source has no blocks; give one with examples.")

    def read(self, i: int) -> tuple[Any, NDArray[Any]]:
        """Return values and labels of block i.

        Returns
        -------
        X : array of the source's type, shape (n, n_features), C order; or a CSR array
        y : array of integers, strings or bools, shape (n,); or of uint8, shape (n, n_labels)

        Raises
        ------
        InputError
            If it is not what the source says, a value is not finite, or labels are missing.
        """
        block, where = self._source.read_block(i), self.name(i)
        X, expected = block.X, (self.lengths[i], self.n_features)
        is_sparse = sparse.issparse(X)
        if X.shape != expected or X.dtype != self.dtype:
            raise InputError(
                f"{where}: holds {X.dtype} of the shape {X.shape}, and {self.dtype} of the shape "
                f"{expected} was expected; has the source changed?"
            )
        stored = self.dtype.name in (_SPARSE if is_sparse else _DENSE)
        if not (stored and self.dtype.isnative):
            raise InputError(
                f"{where}: values of type {self.dtype.str} cannot be packed; give "
                f"{', '.join(_SPARSE if is_sparse else _DENSE)} in the order of this machine."
            )
        X = _canonical(X, where) if is_sparse else np.ascontiguousarray(X)
        self._check_finite(X, i)
        return X, self._labels(block.y, i)

    def name(self, i: int) -> str:
        """Return what messages call block i."""
        name = getattr(self._source, "block_name", None)
        return str(name(i)) if callable(name) else f"Block {i:,} of the source"

    def _check_finite(self, X: Any, i: int) -> None:
        values = X.data if sparse.issparse(X) else X
        # The extremes carry a NaN or an infinity and, unlike a mask, need no memory.
        if values.dtype.kind != "f" or not values.size:
            return
        if np.isfinite(values.min()) and np.isfinite(values.max()):
            return
        if sparse.issparse(X):
            wrong = int(np.argmin(np.isfinite(X.data)))
            row, column = int(np.searchsorted(X.indptr, wrong, "right")) - 1, int(X.indices[wrong])
            value = X.data[wrong]
        else:
            row, column = divmod(int(np.argmin(np.isfinite(X))), self.n_features)
            value = X[row, column]
        names: Sequence[str] | None = getattr(self._source, "feature_names", None)
        feature = f"feature {column}" if names is None else f"the column {names[column]!r}"
        raise InputError(
            f"{self.name(i)}: {feature} of example {self.begins[i] + row:,} is {value}; all values "
            "must be finite: remove or replace the others."
        )

    def _labels(self, y: Any, i: int) -> NDArray[Any]:
        where = self.name(i)
        if y is None:
            raise InputError(
                f"{where}: has no labels; name the column that holds them with ",
                Argument("target"), ".",
            )  # fmt: skip
        try:
            labels = as_label_matrix(y) if is_label_matrix(y) else as_labels(y)
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
        if len(labels) != self.lengths[i]:
            raise InputError(
                f"{where}: has {self.lengths[i]:,} examples and {len(labels):,} labels; give one "
                "label an example."
            )
        return labels


def _canonical(X: Any, where: str) -> Any:
    """Return CSR, each value once and in the order of the features."""
    matrix = as_csr(X, where)
    if not matrix.has_canonical_format:
        matrix = matrix.copy()
        matrix.sum_duplicates()
    return matrix


def block_bytes(X: Any, y: NDArray[Any]) -> int:
    """Return the bytes of a block."""
    return n_bytes(X) + y.nbytes


def block_checksum(X: Any, y: NDArray[Any]) -> int:
    """Return the CRC-32 of a block's content."""
    so_far = 0
    for array in (*arrays_of(X).values(), np.ascontiguousarray(y)):
        so_far = checksum(array, so_far)
    return so_far


def source_fingerprint(plan: Plan, checksums: Sequence[int]) -> str:
    """Return the SHA-256 of what the source is: its types, division into blocks and content."""
    told = [plan.n_features, plan.dtype, plan.sparse, plan.division, checksums]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()
