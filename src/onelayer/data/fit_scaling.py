"""Scaling that is fitted to data."""

import operator
from collections.abc import Sequence
from functools import reduce
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from onelayer.data.blocks.matrix import BlockMatrix, is_sparse
from onelayer.data.moments import Moments
from onelayer.data.scaling import Scaling
from onelayer.errors import Argument, InputError

ScalingName = Literal["none", "standard", "minmax"]

Wide = NDArray[np.float64]


def fit_scaling(
    X: Any,
    kind: ScalingName | Scaling,
    weights: NDArray[Any] | None = None,
    *,
    moments: Moments | None = None,
    names: Sequence[str] | None = None,
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
    moments : Moments, optional
        Of these examples, where they are known.
    names : sequence of str, optional
        Of the features, for messages.

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
        if kind in ("standard", "minmax"):
            known = moments_of(X, weights) if moments is None else moments
            make = _standard if kind == "standard" else _minmax
            return _scaling(*make(known, shifts=not is_sparse(X)), names)
    raise InputError(Argument("scale"), f": {kind!r} was given; allowed: none, standard, minmax.")


def _standard(found: Moments, *, shifts: bool) -> tuple[Wide, Wide]:
    scale = 1 / np.where(is_constant(found.deviation, found.mean), 1, found.deviation)
    return scale, -found.mean * scale if shifts else np.zeros_like(scale)


def moments_of(X: Any, weights: NDArray[Any] | None) -> Moments:
    """Return the moments of the features: one pass, block by block where there are blocks.

    Those of values that are too large are not finite.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if not isinstance(X, BlockMatrix):
            return Moments.of(X, weights)
        counts = None if weights is None else np.asarray(weights)
        return reduce(operator.add, X.map(_of_block, counts), Moments.none(X.shape[1]))


def _of_block(X: Any, _rows: slice, weights: NDArray[Any] | None) -> Moments:
    return Moments.of(X, weights)


def is_constant(deviation: NDArray[np.float64], mean: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which features vary by no more than rounding alone makes a constant seem to."""
    return np.asarray(deviation <= 10 * np.finfo(np.float64).eps * np.abs(mean))


def _minmax(found: Moments, *, shifts: bool) -> tuple[Wide, Wide]:
    low, high = found.low, found.high
    if not shifts:
        largest = np.maximum(np.abs(low), np.abs(high))
        return 1 / np.where(largest == 0, 1, largest), np.zeros_like(largest)
    constant = high == low
    scale = 2 / np.where(constant, 2, high - low)
    return scale, np.where(constant, -low, -(high + low) / 2 * scale)


def _scaling(scale: Wide, offset: Wide, names: Sequence[str] | None) -> Scaling:
    wrong = np.flatnonzero(~(np.isfinite(scale) & np.isfinite(offset)) | (scale == 0))
    if len(wrong):
        feature = f"feature {wrong[0]}" if names is None else f"the column {names[wrong[0]]!r}"
        raise InputError(
            Argument("scale"),
            f": the values of {feature} are too large or too small to be scaled; give it "
            "in another unit.",
        )
    return Scaling(scale, offset)
