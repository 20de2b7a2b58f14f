"""The stored values as kernels take them, made once for all models that are trained on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from onelayer.data import row_blocks
from onelayer.data.read_only import read_only
from onelayer.engines.compiled import csr, nonzeros
from onelayer.engines.compiled.compiler import CONVERTS_HALF, LANES_BYTES
from onelayer.engines.compiled.memory import aligned_zeros
from onelayer.engines.compiled.parts import Nonzeros, Part
from onelayer.engines.problem import Source, WeightedRows

MOST_DENSE = 0.35
"""Above this share of stored values that are not zero, the dense kernels evaluate faster."""

ROWS_COUNTED = 8192
"""Rows in which zeros are counted at a time: a memory map is not read as a whole."""


@dataclass(frozen=True, eq=False)
class Stored:
    """One part of the data.

    Attributes
    ----------
    dense : array (n, n_features), or None for CSR data
    nonzeros : Nonzeros, or None where dense kernels evaluate
    """

    dense: NDArray[Any] | None
    nonzeros: Nonzeros | None

    def part(self, examples: WeightedRows, *, dense: bool) -> Part:
        """Return the examples as kernels take them, by their dense or their stored values."""
        X = self.dense if dense else self.nonzeros
        assert X is not None
        # Numba compiles a kernel anew for what may be written, and for what is not contiguous.
        X = read_only(X) if isinstance(X, np.ndarray) else X
        targets, weights = read_only(examples.targets), np.ascontiguousarray(examples.weights)
        return Part(X, targets, examples.rows, weights, examples.weights_of)


@dataclass(frozen=True, eq=False)
class PreparedData:
    """Both parts of a source.

    Attributes
    ----------
    scaling : (2, padded features) array
        Scale and offset of each feature, in the type of the arithmetic.
    is_csr : bool
    """

    source: Source
    train: Stored
    validation: Stored | None
    scaling: NDArray[np.floating]
    is_csr: bool

    @classmethod
    def of(cls, source: Source) -> PreparedData:
        """Prepare a source."""
        dtype, is_csr = np.dtype(source.dtype), issparse(source.train)
        scaling = aligned_zeros((2, padded_features(source.n_features, dtype)), dtype)
        # A value beyond float32 becomes infinite, and the run diverges, as it says then.
        with np.errstate(over="ignore"):
            if is_csr:  # there it is multiplied into the data
                scaling[0] = 1
            else:
                scaling[:, : source.n_features] = source.scaling.per_feature(source.n_features)
        compresses = not is_csr and source.validation is not None and _mostly_zeros(source.train)
        train = _stored(source.train, source, dtype, compresses=compresses)
        validation = None
        if source.validation is not None:
            same = source.validation is source.train  # as in a cross-validation
            validation = (
                train if same else _stored(source.validation, source, dtype, compresses=compresses)
            )
        return cls(source, train, validation, scaling, is_csr)


def padded_features(n_features: int, dtype: np.dtype[np.floating]) -> int:
    """Return how many features are stored for an output: whole blocks of the lanes of sums."""
    lanes = LANES_BYTES // dtype.itemsize
    return -(-n_features // lanes) * lanes


def _stored(X: Any, source: Source, dtype: np.dtype[np.floating], *, compresses: bool) -> Stored:
    if issparse(X):
        return Stored(None, csr.as_nonzeros(X, source.scaling, dtype))
    X = readable(X)
    return Stored(X, nonzeros.compressed(X) if compresses else None)


def readable(X: NDArray[Any]) -> NDArray[Any]:
    """Return dense values in a type that kernels read; see `onelayer.engines.compiled.vectors`."""
    if X.dtype != np.float16:
        return X
    return X.view(np.uint16) if CONVERTS_HALF else X.astype(np.float32)


def _mostly_zeros(X: NDArray[np.generic]) -> bool:
    """Whether it pays to copy what is not zero; a memory map stays where it is."""
    if _is_mapped(X):
        return False
    stored = sum(int(np.count_nonzero(X[rows])) for rows in row_blocks(len(X), ROWS_COUNTED))
    return stored <= MOST_DENSE * X.size


def _is_mapped(X: Any) -> bool:
    while isinstance(X, np.ndarray):
        if isinstance(X, np.memmap):
            return True
        X = X.base
    return False
