"""The curvature of an objective, estimated from a sample of the examples.

The Hessian of the mean loss has a block mean h_i x_i x_i^T for each output, with
h_i = p_i (1 - p_i) of that output. One matrix serves all outputs here: h_i is their mean. Its
inverse is what steps begin with; L-BFGS corrects what it leaves.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from onelayer.data import Dataset, Rows
from onelayer.model import Objective, Parameters, sigmoid, softmax

Array = NDArray[Any]

MOST_FEATURES = 2500
"""With more, a matrix of their products costs more than it saves; their squares alone are taken."""

ROWS_PER_FEATURE = 2
LEAST_ROWS = 2000

_RIDGES = (1e-7, 1e-5, 1e-3, 1.0)
"""What is smaller, as a share of the diagonal's mean, is no curvature but rounding: the first at
which the matrix is positive."""


class Sample:
    """Some of the examples, evenly spread, as features with a last one that is 1."""

    def __init__(self, data: Dataset, rows: Rows) -> None:
        self._whole = data.n_features <= MOST_FEATURES
        count = max(LEAST_ROWS, ROWS_PER_FEATURE * data.n_features if self._whole else 0)
        self.rows = rows[:: max(1, len(rows) // count)]
        X = data.scaling.apply(data.X[self.rows], np.dtype(np.float32))
        ones = np.ones((len(self.rows), 1), np.float32)
        self.X: Any = (
            sparse.hstack([X, ones], "csr") if sparse.issparse(X) else np.hstack([X, ones])
        )

    def curvature(
        self, objective: Objective, parameters: Parameters, weights: Array | None
    ) -> NDArray[np.float64]:
        """Return the estimated Hessian of the mean loss for one output, at some parameters.

        Returns
        -------
        array
            (n_features + 1, n_features + 1), or its diagonal where there are many features.
        """
        p = self._probabilities(objective, parameters)
        h = (p * (1 - p)).mean(axis=1)
        if weights is not None:
            h = h * weights[self.rows].astype(np.float32)
        if not self._whole:
            squares = self.X.multiply(self.X) if sparse.issparse(self.X) else self.X**2
            return np.asarray(squares.T @ h, np.float64).ravel() / len(h)
        root = np.sqrt(h)[:, None]
        X = self.X.multiply(root).toarray() if sparse.issparse(self.X) else self.X * root
        return np.asarray(X.T @ X, np.float64) / len(h)

    def bias_step(
        self, objective: Objective, parameters: Parameters, slope: Array, weights: Array | None
    ) -> NDArray[np.float64]:
        """Return Newton's step of a free bias alone, by the estimated Hessian.

        Parameters
        ----------
        slope : array, shape (n_outputs,)
            The gradient of the bias.
        """
        p = np.asarray(self._probabilities(objective, parameters), np.float64)
        counted = p if weights is None else p * weights[self.rows][:, None]
        hessian = np.diag(counted.mean(axis=0)) - counted.T @ p / len(p)
        return np.asarray(-np.linalg.lstsq(hessian, slope, rcond=1e-9)[0], np.float64)

    def _probabilities(self, objective: Objective, parameters: Parameters) -> Array:
        stacked = np.vstack([parameters.weights, parameters.bias]).astype(np.float32)
        scores = np.asarray(self.X @ stacked)
        return sigmoid(scores) if objective.model == "logistic" else softmax(scores)


def inverse(curvature: NDArray[np.float64], objective: Objective) -> Array:
    """Return the inverse of the curvature with that of the penalty, in float32.

    What is too small to be told from rounding is raised first.
    """
    penalty = np.full(len(curvature), 2 * objective.l2)
    penalty[-1] *= objective.penalize_bias
    if curvature.ndim == 1:
        raised = curvature + penalty
        return np.asarray(1 / (raised + _RIDGES[0] * raised.mean()), np.float32)
    products = curvature + np.diag(penalty)
    size = np.trace(products) / len(products) or 1.0
    for ridge in _RIDGES:
        raised = products + ridge * size * np.eye(len(products))
        factor, failed = linalg.lapack.dpotrf(raised, lower=True, overwrite_a=True)
        if not failed:
            break
    found, _ = linalg.lapack.dpotri(factor, lower=True, overwrite_c=True)
    lower = np.tril(found, -1)
    return np.asarray(lower + lower.T + np.diag(np.diag(found)), np.float32)


def multiply(inverse: Array, gradient: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the inverse times a gradient, (n_features + 1, n_outputs)."""
    if inverse.ndim == 1:
        return inverse[:, None] * gradient
    size = float(np.abs(gradient).max()) or 1.0  # small numbers are kept from float32's edge
    product: NDArray[np.float64] = (inverse @ (gradient / size).astype(np.float32)) * size
    return product.astype(np.float64)
