"""Means, variances and ranges of features, of parts of the data that add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from onelayer.data.rows import row_blocks

_VALUES_AT_ONCE = 2**20

Wide = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Moments:
    """Of some examples, in float64; they add up by Chan, Golub and LeVeque (1983).

    Attributes
    ----------
    count : float
        Examples, or the sum of their weights.
    mean, squares : arrays, shape (n_features,)
        Mean, and sum of the squared distances from it.
    low, high : arrays, shape (n_features,)
    """

    count: float
    mean: Wide
    squares: Wide
    low: Wide
    high: Wide

    @classmethod
    def none(cls, n_features: int) -> Self:
        """Return those of no examples."""
        zeros, infinite = np.zeros(n_features), np.full(n_features, np.inf)
        return cls(0.0, zeros, zeros, infinite, -infinite)

    @classmethod
    def of(cls, X: Any, weights: NDArray[Any] | None = None) -> Self:
        """Return those of an array or CSR array, shape (n, n_features).

        Weights, shape (n,), say how much an example counts; those of weight 0 do not.
        """
        if weights is not None:
            kept = np.asarray(weights) > 0
            X, weights = (X, weights) if kept.all() else (X[kept], weights[kept])
        found = cls.none(X.shape[1])
        if sparse.issparse(X):
            return cls._of_sparse(X, weights) if X.shape[0] else found
        at_once = max(1, min(len(X), _VALUES_AT_ONCE // X.shape[1]))
        room = np.empty((at_once, X.shape[1]))  # once: fresh memory costs more than the sums
        for rows in row_blocks(len(X), at_once):
            own = None if weights is None else weights[rows]
            found = found + cls._of_few(X[rows], own, room)
        return found

    @classmethod
    def _of_few(cls, X: NDArray[Any], weights: NDArray[Any] | None, room: Wide) -> Self:
        low, high = X.min(axis=0).astype(np.float64), X.max(axis=0).astype(np.float64)
        wide = room[: len(X)]
        wide[...] = X
        # Added up row after row: a product's bits would depend on the library behind it.
        counts = None if weights is None else weights.astype(np.float64)[:, None]
        total = float(len(X) if counts is None else counts.sum())
        mean = (wide if counts is None else counts * wide).sum(axis=0) / total
        wide -= mean
        np.square(wide, out=wide)
        squares = (wide if counts is None else counts * wide).sum(axis=0)
        return cls(total, mean, squares, low, high)

    @classmethod
    def _of_sparse(cls, X: Any, weights: NDArray[Any] | None) -> Self:
        counts = np.ones(X.shape[0]) if weights is None else weights.astype(np.float64)
        values, total = X.astype(np.float64), float(counts.sum())
        mean = values.T @ counts / total
        # E(x^2) - E(x)^2 loses digits; so the zeros, which are all alike, are counted apart.
        stored = counts @ (values != 0)
        low, high = (
            np.asarray(extreme.toarray(), np.float64).ravel()
            for extreme in (values.min(axis=0), values.max(axis=0))
        )
        values.data = (values.data - mean[values.indices]) ** 2
        squares = values.T @ counts + (total - stored) * mean**2
        return cls(total, mean, squares, low, high)

    def __add__(self, other: Self) -> Self:
        """Return those of both parts together."""
        if self.count == 0 or other.count == 0:
            return other if self.count == 0 else self
        count, apart = self.count + other.count, other.mean - self.mean
        return type(self)(
            count,
            self.mean + apart * (other.count / count),
            self.squares + other.squares + apart**2 * (self.count * other.count / count),
            np.minimum(self.low, other.low),
            np.maximum(self.high, other.high),
        )

    @property
    def deviation(self) -> Wide:
        """Standard deviations."""
        return np.sqrt(self.squares / self.count)
