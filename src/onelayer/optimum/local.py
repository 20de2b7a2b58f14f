"""A bound on J(W) - min J near a minimum that no penalty gives: by the Hessian at one point.

Cross-entropies are self-concordant in a general sense (Bach, "Self-concordant analysis for logistic
regression", 2010): along a direction D the third derivative is at most R |D| times the second, with
R the largest norm of an example, times sqrt(2) for softmax, in any coordinates. So

    J(W + D) >= J(W) + g . D + |D|_H^2 (exp(-s) + s - 1) / s^2,  s = R |D|.

With m the least eigenvalue of the Hessian H, v = sqrt(g^T H^-1 g) and a = v R / sqrt(m), the least
value of the right side is not below J(W) - (m / R^2) (a + (1 - a) ln(1 - a)), if a < 1.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from onelayer.data import Dataset, Rows, Scaling, row_blocks
from onelayer.data.blocks import BlockMatrix, together
from onelayer.model import LOSSES, Objective, Parameters

Array = NDArray[Any]

MOST_PARAMETERS = 1500
"""With more, the Hessian takes longer than it is worth."""

MOST_VALUES = 2**24
"""Of data that is read block by block."""

_ROWS_AT_ONCE = 4096
_FLAT = 1e-13
"""A combination of features whose variance is a smaller share of the largest is one of rounding."""


def local_bound(
    data: Dataset,
    objective: Objective,
    parameters: Parameters,
    rows: Rows,
    weights: Array | None,
) -> float:
    """Return an upper bound on J - min J without a penalty; infinite where this gives none.

    Parameters
    ----------
    data : Dataset
    objective : Objective
        Without a penalty.
    parameters : Parameters
    rows : int array
        The examples that take part.
    weights : array, shape (n_examples,), or None
        How much each counts, with mean 1 over `rows`.
    """
    free = max(1, len(parameters.bias) - 1)  # softmax: the last output's scores are held
    if free * (data.n_features + 1) > 4 * MOST_PARAMETERS:
        return math.inf
    if isinstance(data.X, BlockMatrix) and len(rows) * data.n_features > MOST_VALUES:
        return math.inf  # they would have to be held at once
    w = np.ones(len(rows)) if weights is None else weights[rows]
    bound = partial(_bound, data.scaling, objective, parameters, data.targets[rows], w)
    return together(data.X, bound, rows)


def _bound(
    scaling: Scaling,
    objective: Objective,
    parameters: Parameters,
    targets: Array,
    w: Array,
    raw: Any,
) -> float:
    """Return the bound, of the stored values of all examples that take part."""
    X, free = dense_features(scaling, raw), max(1, len(parameters.bias) - 1)
    Z = _whitened(X)
    if free * Z.shape[1] > MOST_PARAMETERS:
        return math.inf
    loss, scores = LOSSES[objective.model], parameters.scores(X)
    p, residuals = loss.probabilities(scores), loss.residuals(scores, targets)
    R = math.sqrt(float(np.square(Z).sum(axis=1).max()))
    gradient = (Z.T @ (residuals[:, :free] * w[:, None]) / len(w)).T.ravel()
    values, vectors = np.linalg.eigh(_hessian(Z, p[:, :free], w))
    least = float(values[0])
    if least <= 0:
        return math.inf
    decrement = math.sqrt(float(np.square(vectors.T @ gradient) @ (1 / values)))
    R *= math.sqrt(2) if objective.model == "softmax" else 1
    a = decrement * R / math.sqrt(least)
    if a >= 1:
        return math.inf
    # a + (1 - a) ln(1 - a) = a^2 / 2 + a^3 / 6 + a^4 / 12 + ...
    share = a * a / 2 * (1 + a) if a < 1e-3 else a + (1 - a) * math.log1p(-a)
    return least / R**2 * share


def _hessian(Z: Array, p: Array, w: Array) -> Array:
    """Return the Hessian, the features of the first output before those of the second."""
    size, free = Z.shape[1], p.shape[1]
    H = np.zeros((free, size, free, size))
    for k in range(free):
        for j in range(k + 1):
            h = w * (p[:, k] * ((k == j) - p[:, j]))
            H[k, :, j] = H[j, :, k] = (Z * h[:, None]).T @ Z / len(Z)
    return H.reshape(free * size, free * size)


def dense_features(scaling: Scaling, raw: Any) -> Array:
    """Return the features of stored values in float64, and not as a sparse array."""
    X = np.empty(raw.shape)
    for block in row_blocks(len(X), _ROWS_AT_ONCE):
        some = scaling.apply(raw[block], np.float64)
        X[block] = some.toarray() if sparse.issparse(some) else some
    return X


def _whitened(X: Array) -> Array:
    """Return coordinates of the same models: uncorrelated features of variance 1, and a last 1.

    Without a penalty and with a free bias J is the same function in any coordinates, and in these
    the bound is a good one, whatever the units of the features are.
    """
    X = X - X.mean(axis=0)
    X = X[:, X.any(axis=0)]
    X /= np.sqrt(np.square(X).mean(axis=0))
    sizes, basis = np.linalg.eigh(X.T @ X / len(X))
    varies = sizes > _FLAT * max(float(sizes[-1]), 0) if len(sizes) else np.zeros(0, bool)
    return np.hstack([X @ (basis[:, varies] / np.sqrt(sizes[varies])), np.ones((len(X), 1))])
