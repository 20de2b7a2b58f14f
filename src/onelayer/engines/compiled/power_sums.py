"""The compiled sums of features and of their squares: example after example, in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from onelayer.data import Scaling
from onelayer.engines.compiled.compiler import compiled
from onelayer.engines.compiled.memory import aligned_zeros
from onelayer.engines.compiled.power_tiles import add_powers
from onelayer.engines.compiled.prepared import padded_features, readable
from onelayer.engines.power_sums import power_sums as plain_power_sums

Wide = NDArray[np.float64]


def power_sums(scaling: Scaling, shift: Wide, X: Any, *weights: Wide) -> tuple[Wide, Wide]:
    """Return what `onelayer.engines.power_sums.power_sums` does; sparse values are added there.

    The bits depend neither on the processor nor on the number of weights.
    """
    if issparse(X):
        return plain_power_sums(scaling, shift, X, *weights)
    n, n_features = X.shape
    padded = padded_features(n_features, np.dtype(np.float64))
    units = _zeros(3, padded)
    units[:2, :n_features] = scaling.per_feature(n_features)
    units[2, :n_features] = shift
    counts = np.ones((len(weights) + 1, n))
    for j, own in enumerate(weights):
        counts[j] = own
    sums, squares = _zeros(len(counts), padded), _zeros(len(counts), padded)
    _add_all(readable(X), counts, units, sums, squares)
    return sums[:, :n_features], squares[-1, :n_features]


def _zeros(rows: int, columns: int) -> Wide:
    return np.asarray(aligned_zeros((rows, columns), np.dtype(np.float64)), np.float64)


@compiled
def _add_all(X: Any, counts: Wide, units: Wide, sums: Wide, squares: Wide) -> None:
    for j in range(len(counts)):  # pragma: no cover (it is compiled)
        add_powers(X, counts, units, sums, squares, j)  # type: ignore[call-arg]
