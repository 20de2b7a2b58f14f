"""Scores of raw examples, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from onelayer.errors import InputError
from onelayer.inference.product import BLOCK_ROWS, BlockProduct

# Rows scored at a time, a whole number of blocks for dense ones.
DENSE_ROWS = 20 * BLOCK_ROWS
SPARSE_ROWS = 4096

Examples: TypeAlias = ArrayLike | sparse.csr_array
Matrix: TypeAlias = NDArray[Any] | sparse.csr_array
ScoreBlock: TypeAlias = tuple[slice, NDArray[np.float64]]


def as_matrix(
    X: Examples,
    n_features: int,
    image_shape: tuple[int, int] | None,
    channels: int,
) -> Matrix:
    """Return raw examples as an array or a CSR matrix, without a copy of either.

    Raises
    ------
    InputError
        If an example has another shape, or the values are no real numbers.
    """
    given: Any = X
    matrix: Matrix = given.tocsr() if sparse.issparse(X) else np.asarray(X)
    shapes: list[tuple[int, ...]] = [(n_features,)]
    if image_shape and not sparse.issparse(X):
        shapes += [image_shape] if channels == 1 else []
        shapes += [(*image_shape, channels)]
    if matrix.shape[1:] not in shapes:
        wanted = " or ".join(f"(n, {', '.join(map(str, shape))})" for shape in shapes)
        raise InputError(f"X: the shape is {matrix.shape}; this model takes {wanted}.")
    if matrix.dtype.kind not in "biuf":
        raise InputError(f"X: values of type {matrix.dtype} are not numbers; convert them.")
    return matrix


@dataclass(frozen=True, eq=False)
class RawScorer:
    """A linear map of raw values: scores = X @ weights + bias, in float64.

    Parameters
    ----------
    weights : (n_features, n_outputs) float64 array, contiguous
    bias : (n_outputs,) float64 array
    fill : (n_features,) float64 array, or None
        Replaces the values that are missing (NaN).
    """

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    fill: NDArray[np.float64] | None

    def blocks(self, X: Matrix) -> Iterator[ScoreBlock]:
        """Yield the rows of each block and their scores, which are the caller's to keep.

        Parameters
        ----------
        X : array of real numbers, shape (n, ...) with n_features values a row, or CSR matrix

        Raises
        ------
        InputError
            If a value is not finite, other than a missing one that `fill` replaces.
        """
        return self._sparse_blocks(X) if sparse.issparse(X) else self._dense_blocks(X)

    def _dense_blocks(self, X: NDArray[Any]) -> Iterator[ScoreBlock]:
        product = BlockProduct(self.weights)
        for rows in _row_slices(X, DENSE_ROWS):
            raw = np.asarray(X[rows])
            raw = raw.reshape(len(raw), -1)
            with np.errstate(all="ignore"):  # what is not finite is found in the scores
                scores = product(raw, self.fill)
                scores += self.bias
            self._check(scores, X, rows)
            yield rows, scores

    def _sparse_blocks(self, X: sparse.csr_array) -> Iterator[ScoreBlock]:
        for rows in _row_slices(X, SPARSE_ROWS):
            some = X[rows].astype(np.float64)  # a copy
            if self.fill is not None:
                missing = np.isnan(some.data)
                some.data[missing] = self.fill[some.indices[missing]]
            with np.errstate(all="ignore"):
                scores = some @ self.weights  # row by row, without BLAS
                scores += self.bias
            self._check(scores, X, rows)
            yield rows, scores

    def _check(self, scores: NDArray[np.float64], X: Matrix, rows: slice) -> None:
        """Refuse scores that are not finite, and name the value in `X` that makes them so."""
        finite = np.isfinite(scores).all(axis=1)
        if finite.all():
            return
        example = rows.start + int(np.argmin(finite))
        row: Any = X[example : example + 1]
        values = (row.toarray() if sparse.issparse(X) else np.asarray(row)).reshape(-1)
        bad = ~np.isfinite(values)
        if self.fill is not None:
            bad &= ~np.isnan(values)
        if not bad.any():
            raise InputError(
                f"X: the scores of example {example} are too large for float64; "
                "give values of the size that the model was trained on."
            )
        feature = int(np.argmax(bad))
        raise InputError(
            f"X: example {example}, feature {feature} is {values[feature]}, and the model has no "
            "value to put in its place; replace it, or leave the example out."
        )


def _row_slices(X: Matrix, rows: int) -> Iterator[slice]:
    n = X.shape[0]
    return (slice(first, min(first + rows, n)) for first in range(0, n, rows))
