"""Sums of features and of their squares, from which means and variances are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from onelayer.data import Scaling

Wide = NDArray[np.float64]

PowerSums = Callable[..., tuple[Wide, Wide]]
"""A function like `power_sums`. It can be sent to other processes."""


def power_sums(scaling: Scaling, shift: Wide, X: Any, *weights: Wide) -> tuple[Wide, Wide]:
    """Return the sums of features less a shift, weighted and not, and of their squares.

    Parameters
    ----------
    scaling : Scaling
        From stored values to features.
    shift : array, shape (n_features,)
        0 where the values are sparse.
    X : array or CSR array, shape (n, n_features)
        As stored.
    *weights : arrays, shape (n,)

    Returns
    -------
    sums : array, shape (weights + 1, n_features)
        As each of the weights counts examples; in the last each counts 1.
    squares : array, shape (n_features,)
        Each example counts 1.
    """
    X = scaling.apply(X, np.float64)
    weights = (*weights, np.ones(X.shape[0]))
    if not sparse.issparse(X):
        X -= shift
    # One after the other: a matrix of weights could be added up in another order.
    sums = np.stack([np.asarray(w @ X).ravel() for w in weights])
    if sparse.issparse(X):
        return sums, np.asarray(X.multiply(X).sum(axis=0)).ravel()
    X *= X
    return sums, weights[-1] @ X
