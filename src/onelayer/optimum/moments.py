"""Mean and size of each feature, in one pass over the examples."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Dataset, Rows, Scaling
from onelayer.data.blocks import map_rows
from onelayer.data.fit_scaling import is_constant
from onelayer.engines import PowerSums, power_sums

Wide = NDArray[np.float64]

_ROWS_OF_SHIFT = 512
_VALUES_AT_ONCE = 2**17
"""As many as the second-level cache holds in float64."""

_LEAST_ROWS = 64


class Moments(NamedTuple):
    """What coordinates are made of, and the certificate of a free bias.

    Attributes
    ----------
    centre, size : arrays, shape (n_features,)
        Mean and standard deviation; 0 and the root mean square if sparse. What never varies has the
        size 1.
    means : array, shape (weights + 1, n_features)
        The mean of each feature as each of the weights counts examples, the last as all count 1.
    square : float
        The mean of |x|^2, of the features in their own units.
    """

    centre: Wide
    size: Wide
    means: Wide
    square: float


def moments(
    data: Dataset,
    rows: Rows,
    weights: Sequence[Wide] | Wide = (),
    add_up: PowerSums = power_sums,
) -> Moments:
    """Measure over all of the rows: a sample can miss the few in which a feature varies.

    Parameters
    ----------
    data : Dataset
    rows : int array
    weights : sequence of array (n,), or array (weights, n)
        With mean 1 over the rows. BLAS is to have one thread.
    add_up : function
        That of an engine.
    """
    shift = np.zeros(data.n_features)
    if not data.is_sparse:  # so that squares of large values do not cancel
        mean_of = partial(_mean, data.scaling)
        shift = next(map_rows(data.X, mean_of, rows[:_ROWS_OF_SHIFT], _ROWS_OF_SHIFT))
    total, squares = np.zeros((len(weights) + 1, data.n_features)), np.zeros(data.n_features)
    sums_of = partial(add_up, data.scaling, shift)
    at_once = max(_LEAST_ROWS, _VALUES_AT_ONCE // data.n_features)
    for own in map_rows(data.X, sums_of, rows, at_once, *weights):
        total += own[0]
        squares += own[1]
    means, squares = total / len(rows), squares / len(rows)
    centre = np.zeros_like(shift) if data.is_sparse else means[-1].copy()
    size = np.sqrt(np.maximum(squares - centre**2, 0))
    means += shift
    centre += shift
    square = float(np.square(size).sum() + np.square(centre).sum())
    return Moments(centre, np.where(is_constant(size, centre), 1.0, size), means, square)


def _mean(scaling: Scaling, X: Any) -> Wide:
    mean: Wide = scaling.apply(X, np.float64).mean(axis=0)
    return mean
