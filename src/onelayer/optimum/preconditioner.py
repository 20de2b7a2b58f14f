"""The curvature of an objective, estimated from a sample of the examples.

The Hessian of the mean loss has a block mean h_i x_i x_i^T for each output, with
h_i = p_i (1 - p_i) of that output. One matrix serves all outputs here: h_i is their mean. With its
factor steps are made from gradients; L-BFGS corrects what that leaves.

It is made in coordinates in which features have mean 0 and variance 1, or 1 as their mean square
where they are sparse. So the units and the zero of a feature do not matter.

An output's bias acts on the examples that h_i counts, and these are not around the mean of all,
but on the way to the mean of the output's class. There each of many outputs has its own zero of the
features: otherwise its bias and its weights along the class would wait for one another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from onelayer.data import Dataset, Rows
from onelayer.engines import PowerSums, power_sums
from onelayer.model import LOSSES, Objective, Parameters
from onelayer.optimum.certificate import ClassMeans
from onelayer.optimum.moments import moments
from onelayer.optimum.shrinkage import shrunk

Array = NDArray[Any]
Wide = NDArray[np.float64]

MOST_FEATURES = 2500
"""With more, a matrix of their products costs more than it saves; their squares alone are taken."""

ROWS_PER_FEATURE = 2
LEAST_ROWS = 2000

MANY_OUTPUTS = 32
"""With so many, each has its own zero of the features. Few, whose residuals go together, come near
the minimum in fewer passes by that too, but then take longer to the last digits."""

_RIDGES = (1e-7, 1e-5, 1e-3, 1.0)
"""What is smaller, as a share of the diagonal's mean, is no curvature but rounding: the first at
which the matrix is positive."""

_LARGEST = 1e38
"""That a number of float32 may be."""

_RIDGE_OF_SAMPLE = 1e-3
"""Where not all examples are in the sample: directions in which these do not vary are flat in it,
and not flat; an inverse that took them for flat would make steps a million times too long."""


class Curvature(NamedTuple):
    """The estimated Hessian of the mean loss, or the Cholesky factor of that of an objective.

    Attributes
    ----------
    matrix : array, shape (n_features + 1, n_features + 1)
        The same for all outputs; its diagonal alone where there are many features.
    zeros : array, shape (n_features, n_outputs), or (n_features, 1) where all have the same
        Where the features of an output are 0, in their own units.
    """

    matrix: Array
    zeros: Wide


class Sample:
    """Some of the examples, evenly spread, with features of variance 1.

    Attributes
    ----------
    means : array, shape (weights + 1, n_features)
        The mean of each feature as each of the weights counts examples, the last as all count 1.
    square : float
        The mean of |x|^2 of all examples, of the features in their own units.
    flat : Curvature
        Leaves gradients as they are, but for the units of the features.
    """

    def __init__(
        self,
        data: Dataset,
        rows: Rows,
        weights: Sequence[Wide] | Wide = (),
        add_up: PowerSums = power_sums,
    ) -> None:
        self._whole = data.n_features <= MOST_FEATURES
        count = max(LEAST_ROWS, ROWS_PER_FEATURE * data.n_features if self._whole else 0)
        self.rows = rows[:: max(1, len(rows) // count)]
        self._share = len(self.rows) / len(rows)
        all_there = self._share == 1
        self._ridges = tuple(max(r, 0.0 if all_there else _RIDGE_OF_SAMPLE) for r in _RIDGES)
        self._mean, self._size, self.means, self.square = moments(data, rows, weights, add_up)
        self.flat = Curvature(np.ones(data.n_features + 1), self._mean[:, None])
        X = data.scaling.apply(data.X[self.rows], np.float64)
        if sparse.issparse(X):
            scaled = X.multiply(1 / self._size).astype(np.float32)
            ones = np.ones((len(self.rows), 1), np.float32)
            self._X: Any = sparse.hstack([scaled, ones], "csr")
            self._squares = np.asarray(self._X.multiply(self._X).sum(axis=1)).ravel()
        else:
            X -= self._mean
            X *= 1 / self._size
            self._X = np.ones((len(self.rows), data.n_features + 1), np.float32)
            self._X[:, :-1] = X
            self._squares = np.einsum("ij,ij->i", self._X, self._X)

    def curvature(
        self, objective: Objective, parameters: Parameters, weights: Wide | None,
        means: ClassMeans | None = None,
    ) -> Curvature:  # fmt: skip
        """Return the estimated Hessian of the mean loss at some parameters.

        Parameters
        ----------
        objective : Objective
        parameters : Parameters
        weights : array, shape (n_examples,), or None
        means : ClassMeans, optional
            Without, or with few outputs, all of these have the same zeros.
        """
        p = self._probabilities(objective, parameters)
        each = p * (1 - p)
        if weights is not None:
            each *= weights[self.rows, None].astype(np.float32)
        zeros = self._mean[:, None]
        if means is not None and len(means.outputs) >= MANY_OUTPUTS:
            zeros = self._zeros(each, means)
        return Curvature(self._matrix(each.mean(axis=1)), zeros)

    def _zeros(self, each: Array, means: ClassMeans) -> Wide:
        """Return the mean plus a share of the way to each class.

        What is best for the sample: the means of the outputs themselves, of 768 features, would be
        hidden by the few examples that they are taken over.
        """
        total = np.asarray(each.mean(axis=0), np.float64)
        way = (means.by_output / means.outputs - self._mean[:, None]) / self._size[:, None]
        way -= (way @ total / total.sum())[:, None]
        of_outputs = np.asarray(self._X[:, :-1].T @ each, np.float64) / len(each)
        length = float((total * way**2).sum())
        share = float((of_outputs * way).sum()) / length if length > 0 else 0.0
        return np.asarray(self._mean[:, None] + min(max(share, 0), 1) * way * self._size[:, None])

    def _matrix(self, h: Array) -> Wide:
        """Return the mean of h_i x_i x_i^T, with a feature of ones for the bias."""
        X = self._X
        if not self._whole:
            squares = X.multiply(X) if sparse.issparse(X) else X**2
            return np.asarray(squares.T @ h, np.float64).ravel() / len(h)
        root = np.sqrt(h)[:, None]
        X = X.multiply(root).toarray() if sparse.issparse(X) else X * root
        products = np.asarray(X.T @ X, np.float64) / len(h)
        return shrunk(products, h * self._squares, self._share)

    def factored(self, curvature: Curvature, objective: Objective) -> Curvature:
        """Return the Cholesky factor of the curvature with that of the penalty, in float32."""
        factor = self._factor(curvature.matrix, objective)
        # A penalty that float32 cannot hold lets no step be made but one of 0.
        factor = np.clip(factor, -_LARGEST, _LARGEST)
        return curvature._replace(matrix=factor.astype(np.float32, order="F"))

    def decrease(self, curvature: Curvature, objective: Objective, gradient: Wide) -> float:
        """Return by how much a Newton step lowers J where it is quadratic: g^T H^-1 g / 2."""
        factor = self._factor(curvature.matrix, objective)
        scaled = self._scaled(gradient, curvature.zeros)
        if factor.ndim == 1:
            return float((scaled**2 / factor[:, None]).sum()) / 2
        return float(np.square(linalg.solve_triangular(factor, scaled, lower=True)).sum()) / 2

    def _factor(self, curvature: Wide, objective: Objective) -> Wide:
        """Return the lower Cholesky factor of the curvature with that of the penalty.

        Or the sum itself, where it is a diagonal. What is too small to be told from rounding is
        raised first.
        """
        on_weights = 2 * objective.l2 / self._size**2
        # The bias of features that are not centred is b - mean . W.
        of_bias = np.append(-self._mean / self._size, 1.0)
        on_bias = 2 * objective.l2 * objective.penalize_bias
        if curvature.ndim == 1:
            raised = curvature + np.append(on_weights, 0.0) + on_bias * of_bias**2
            return np.asarray(raised + self._ridges[0] * curvature.mean())
        products = curvature + np.diag(np.append(on_weights, 0.0))
        products += on_bias * np.outer(of_bias, of_bias)
        size = np.trace(curvature) / len(curvature) or 1.0
        for ridge in self._ridges:
            raised = products + ridge * size * np.eye(len(products))
            factor, failed = linalg.lapack.dpotrf(raised, lower=True, overwrite_a=True)
            if not failed:
                break
        return np.asarray(factor)

    def solve(self, factored: Curvature, gradients: Sequence[Wide]) -> list[Wide]:
        """Return the steps that gradients ask for, each (n_features + 1, n_outputs).

        Those of two cost little more than those of one, which is to read the factor.
        """
        factor, steps = factored.matrix, self._scaled(np.array(gradients), factored.zeros)
        if factor.ndim == 1:
            steps /= factor[:, None]
        else:
            # Small numbers keep off float32's edge.
            sizes = np.abs(steps).max(axis=(1, 2), keepdims=True)
            sizes[sizes == 0] = 1
            shape = steps.swapaxes(0, 1).shape
            right = (steps / sizes).swapaxes(0, 1).reshape(len(factor), -1)
            half = linalg.blas.strsm(1.0, factor, right, lower=True)
            whole = linalg.blas.strsm(1.0, factor, half, lower=True, trans_a=True, overwrite_b=True)
            steps = whole.reshape(shape).swapaxes(0, 1) * sizes
        steps[:, :-1] /= self._size[:, None]
        steps[:, -1] -= (factored.zeros * steps[:, :-1]).sum(axis=1)
        return list(steps)

    def _scaled(self, gradients: Wide, zeros: Wide) -> Wide:
        """Return gradients, (..., n_features + 1, n_outputs), in the coordinates of the sample."""
        scaled = gradients.copy()
        scaled[..., :-1, :] -= zeros * gradients[..., -1:, :]
        scaled[..., :-1, :] /= self._size[:, None]
        return scaled

    def bias_step(
        self, objective: Objective, parameters: Parameters, slope: Wide, weights: Wide | None
    ) -> Wide:
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
        W, bias = parameters.weights, parameters.bias
        stacked = np.vstack([W * self._size[:, None], bias + self._mean @ W]).astype(np.float32)
        return LOSSES[objective.model].probabilities(np.asarray(self._X @ stacked))
