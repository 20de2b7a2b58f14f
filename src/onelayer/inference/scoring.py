"""Scores of raw examples, block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from onelayer.data import row_blocks
from onelayer.data.blocks import BlockMatrix, is_sparse
from onelayer.data.csr import check_indices
from onelayer.errors import InputError
from onelayer.inference.product import BlockProduct
from onelayer.threads import for_each, prefetched

SPARSE_ROWS = 4096
"""Rows of a sparse matrix that are scored at a time."""

Examples: TypeAlias = ArrayLike | sparse.csr_array | BlockMatrix
Matrix: TypeAlias = NDArray[Any] | sparse.csr_array | BlockMatrix
UseScores: TypeAlias = Callable[[slice, NDArray[np.float64]], None]
"""Called with rows and their scores, from several threads and in any order; each row comes once."""


def as_matrix(
    X: Examples,
    n_features: int,
    image_shape: tuple[int, int] | None,
    channels: int,
) -> Matrix:
    """Return raw examples as an array, a CSR matrix or blocks, without a copy of any.

    Raises
    ------
    InputError
        If an example has another shape, the values are no real numbers, or the indices of a
        sparse matrix are damaged.
    """
    given: Any = X
    if sparse.issparse(X) and given.ndim == 2:
        check_indices(X, "X")
    if isinstance(X, BlockMatrix):
        matrix: Matrix = X
    else:
        matrix = given.tocsr() if sparse.issparse(X) else np.asarray(X)
    shapes: list[tuple[int, ...]] = [(n_features,)]
    if image_shape and not is_sparse(X):
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

    def for_each_block(self, X: Matrix, use: UseScores, threads: int | None = None) -> None:
        """Give the scores of all rows to `use`, some rows at a time.

        Parameters
        ----------
        X : array of real numbers, shape (n, ...) with n_features values a row, or CSR matrix
        use : function
            See `UseScores`. The scores are its to keep.
        threads : int, optional
            How many threads work at most; by default one a core.

        Raises
        ------
        InputError
            If a value is not finite, other than a missing one that `fill` replaces.
        """
        if is_sparse(X):
            score: Callable[[Any], NDArray[np.float64]] = self._sparse_scores
            rows_at_once = SPARSE_ROWS
        else:
            product = BlockProduct(self.weights)
            score, rows_at_once = partial(self._dense_scores, product), product.rows_at_once
        for first, some in _in_memory(X):

            def work(rows: slice, first: int = first, some: Any = some) -> None:
                with np.errstate(all="ignore"):  # what is not finite is found in the scores
                    scores = score(some[rows])
                    scores += self.bias
                self._check(scores, some, rows, first)
                use(slice(first + rows.start, first + rows.stop), scores)

            for_each(work, row_blocks(some.shape[0], rows_at_once), threads)

    def _dense_scores(self, product: BlockProduct, X: NDArray[Any]) -> NDArray[np.float64]:
        return product(np.asarray(X).reshape(len(X), -1), self.fill)

    def _sparse_scores(self, X: sparse.csr_array) -> NDArray[np.float64]:
        some = X.astype(np.float64)  # a copy
        if self.fill is not None:
            missing = np.isnan(some.data)
            some.data[missing] = self.fill[some.indices[missing]]
        scores: NDArray[np.float64] = some @ self.weights  # row by row, without BLAS
        return scores

    def _check(self, scores: NDArray[np.float64], X: Any, rows: slice, before: int) -> None:
        """Refuse scores that are not finite, and name the value in `X` that makes them so.

        `before` is how many examples come before those of `X`.
        """
        finite = np.isfinite(scores).all(axis=1)
        if finite.all():
            return
        place = rows.start + int(np.argmin(finite))
        example, row = before + place, X[place : place + 1]
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


def _in_memory(X: Matrix) -> Iterator[tuple[int, Any]]:
    """Yield the number of the first example, and the values, of each part that is in memory.

    Of blocks each is read once, the next one while one is in use.
    """
    if not isinstance(X, BlockMatrix):
        yield 0, X
        return
    blocks = prefetched(X.block(i) for i in range(len(X.lengths)))
    for i, block in enumerate(blocks):
        yield X.rows_of(i).start, block
