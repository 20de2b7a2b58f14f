"""Scaling that is fitted to data."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from onelayer.data.rows import row_blocks
from onelayer.data.scaling import Scaling
from onelayer.errors import Argument, InputError

ScalingName = Literal["none", "standard", "minmax"]

_VALUES_AT_ONCE = 2**20


def fit_scaling(
    X: Any, kind: ScalingName | Scaling, weights: NDArray[Any] | None = None
) -> Scaling:
    """Return the scaling of each feature that suits some examples.

    Parameters
    ----------
    X : array, shape (n, n_features), or a SciPy CSR array
        Raw values; read in blocks, so that a memory map is never loaded whole.
    kind : "none", "standard" or "minmax"
        "standard" gives each feature mean 0 and standard deviation 1, "minmax" the range [-1, 1].
        Of sparse data zeros stay zeros: "standard" divides by the standard deviation, "minmax" by
        the largest absolute value. A `Scaling` is returned as it is.
    weights : array, shape (n,), optional
        How much each example counts; those of weight 0 do not.

    Returns
    -------
    Scaling
        A feature that is constant gets scale 1, and offset minus its value.

    Raises
    ------
    InputError
        If there is no such kind, or the values of a feature are too large or too small for it.
    """
    if isinstance(kind, Scaling):
        return kind
    if kind == "none":
        return Scaling.identity()
    # Of values that are too large a number is not finite in the end, and that is refused.
    with np.errstate(over="ignore", invalid="ignore"):
        if kind == "standard":
            return _standard(X, weights)
        if kind == "minmax":
            return _minmax(X, weights)
    raise InputError(f"scale: {kind!r} was given; allowed: none, standard, minmax.")


def _standard(X: Any, weights: NDArray[Any] | None) -> Scaling:
    """Two passes: means, then mean squared distances from them, in float64."""
    counts = np.ones(X.shape[0]) if weights is None else np.asarray(weights, np.float64)
    total = counts.sum()
    if sparse.issparse(X):
        values = X.astype(np.float64)
        mean = values.T @ counts / total
        # E(x^2) - E(x)^2 loses digits; so the zeros, which are all alike, are counted apart.
        stored = counts @ (values != 0)
        values.data = (values.data - mean[values.indices]) ** 2
        variance = (values.T @ counts + (total - stored) * mean**2) / total
    else:
        mean, variance = np.zeros(X.shape[1]), np.zeros(X.shape[1])
        for block, count in _blocks(X, counts):
            mean += _summed(count, block) / total
        for block, count in _blocks(X, counts):
            variance += _summed(count, (block - mean) ** 2) / total
    deviation = np.sqrt(variance)
    scale = 1 / np.where(is_constant(deviation, mean), 1, deviation)
    return _scaling(scale, np.zeros_like(mean) if sparse.issparse(X) else -mean * scale)


def _summed(counts: NDArray[np.float64], block: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weighted sum of rows, pairwise for each feature; a BLAS has orders of its own."""
    products = np.ascontiguousarray(block.T) * counts
    summed: NDArray[np.float64] = products.sum(axis=1)
    return summed


def is_constant(deviation: NDArray[np.float64], mean: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which features vary by no more than rounding alone makes a constant seem to."""
    return np.asarray(deviation <= 10 * np.finfo(np.float64).eps * np.abs(mean))


def _minmax(X: Any, weights: NDArray[Any] | None) -> Scaling:
    counts = np.ones(X.shape[0]) if weights is None else np.asarray(weights, np.float64)
    if sparse.issparse(X):
        largest = abs(X[counts > 0]).max(axis=0).toarray().ravel().astype(np.float64)
        return _scaling(1 / np.where(largest == 0, 1, largest), np.zeros_like(largest))
    low, high = np.full(X.shape[1], np.inf), np.full(X.shape[1], -np.inf)
    for block, count in _blocks(X, counts):
        some = block[count > 0]
        low = np.minimum(low, some.min(axis=0, initial=np.inf))
        high = np.maximum(high, some.max(axis=0, initial=-np.inf))
    constant = high == low
    scale = 2 / np.where(constant, 2, high - low)
    return _scaling(scale, np.where(constant, -low, -(high + low) / 2 * scale))


def _scaling(scale: NDArray[np.float64], offset: NDArray[np.float64]) -> Scaling:
    wrong = np.flatnonzero(~(np.isfinite(scale) & np.isfinite(offset)) | (scale == 0))
    if len(wrong):
        raise InputError(
            Argument("scale"),
            f": the values of feature {wrong[0]} are too large or too small to be scaled; give it "
            "in another unit.",
        )
    return Scaling(scale, offset)


def _blocks(X: NDArray[Any], counts: NDArray[np.float64]) -> Any:
    """Yield blocks of rows as float64, with their weights."""
    for rows in row_blocks(len(X), _VALUES_AT_ONCE // X.shape[1]):
        yield X[rows].astype(np.float64), counts[rows]
