"""Statistics of each feature in one pass over blocks, from which any scaling follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from onelayer.data.rows import row_blocks

_AT_ONCE = 1 << 17  # values: as float64 they stay in a processor's cache

NAMES = ("mean", "squared_deviations", "minimum", "maximum")


@dataclass(frozen=True, eq=False)
class FeatureStatistics:
    """Numbers of each feature over some examples; zeros that sparse data does not store count.

    Attributes
    ----------
    count : int
        Examples.
    mean, squared_deviations, minimum, maximum : array of float64, shape (n_features,)
        Raw values' mean, the sum of their squared distances from it, and their extremes.
    """

    count: int
    mean: NDArray[np.float64]
    squared_deviations: NDArray[np.float64]
    minimum: NDArray[np.float64]
    maximum: NDArray[np.float64]

    @classmethod
    def none(cls, n_features: int) -> Self:
        """Return those of no examples, to which others are added."""
        zero = np.zeros(n_features)
        return cls(0, zero, zero, np.full(n_features, np.inf), np.full(n_features, -np.inf))

    @classmethod
    def of(cls, X: Any) -> Self:
        """Return those of a matrix: an array, shape (n, n_features), or a CSR array."""
        with np.errstate(over="ignore", invalid="ignore"):
            return cls._of_sparse(X) if sparse.issparse(X) else cls._of_dense(X)

    def __add__(self, other: FeatureStatistics) -> FeatureStatistics:
        """Return those of both together.

        The formula of Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for
        computing sample variances" (1979). In another order the last digits may be others.
        """
        count = self.count + other.count
        if count == 0:
            return self
        with np.errstate(over="ignore", invalid="ignore"):
            apart = other.mean - self.mean
            between = apart * apart * (self.count * other.count / count)
            return FeatureStatistics(
                count,
                self.mean + apart * (other.count / count),
                self.squared_deviations + other.squared_deviations + between,
                np.minimum(self.minimum, other.minimum),
                np.maximum(self.maximum, other.maximum),
            )

    @property
    def variance(self) -> NDArray[np.float64]:
        """The mean squared distance from the mean."""
        return self.squared_deviations / max(self.count, 1)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what a file holds of it."""
        return {"count": np.array([self.count]), **{name: getattr(self, name) for name in NAMES}}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return what `arrays` gave."""
        return cls(int(arrays["count"][0]), *(arrays[name] for name in NAMES))

    @classmethod
    def _of_dense(cls, X: NDArray[Any]) -> Self:
        """Two passes over each piece, while it is in the cache, and the pieces added."""
        total = FeatureStatistics.none(X.shape[1])
        for rows in row_blocks(len(X), _AT_ONCE // X.shape[1]):
            piece = X[rows].astype(np.float64)
            low, high = piece.min(axis=0), piece.max(axis=0)
            mean = piece.sum(axis=0) / len(piece)
            piece -= mean
            piece *= piece
            total += FeatureStatistics(len(piece), mean, piece.sum(axis=0), low, high)
        return cls(total.count, *(getattr(total, name) for name in NAMES))

    @classmethod
    def _of_sparse(cls, X: Any) -> Self:
        n, n_features = X.shape
        values, columns = X.data.astype(np.float64), X.indices
        mean = np.bincount(columns, values, n_features) / n
        absent = n - np.bincount(columns, minlength=n_features)
        around = np.bincount(columns, (values - mean[columns]) ** 2, n_features)
        low, high = (extreme(axis=0).toarray().ravel() for extreme in (X.min, X.max))
        deviations = around + absent * mean**2
        return cls(n, mean, deviations, low.astype(np.float64), high.astype(np.float64))
