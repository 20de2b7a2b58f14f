"""Loss, gradient and Hessian over all examples, in float64: where parameters are few.

What the outputs of softmax have in common changes no probability, and a minimum has none of it. So
there is one free output less: outputs are B v, with columns of B that are orthonormal and sum to 0,
which leaves lengths as they are. Two outputs are those of one, sqrt(1/2) of it and minus that.

Features have mean 0 and variance 1 here, and the last of them is 1, for the bias: units and zeros
of features cost no digits. Arrays of parameters are (free, n_features + 1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from onelayer.data import Dataset, Rows
from onelayer.data.blocks import together
from onelayer.model import Objective, Parameters, Sums
from onelayer.optimum.certificate import ClassMeans
from onelayer.optimum.local import dense_features

Array = NDArray[np.float64]

MOST_PARAMETERS = 128
MOST_VALUES = 2**20
"""Examples times parameters. With more of either a Hessian costs more than the passes it saves."""


def is_few(n_examples: int, n_features: int, n_outputs: int) -> bool:
    """Return whether Hessians of all examples and parameters are worth their time."""
    parameters = max(n_outputs - 1, 1) * (n_features + 1)
    return parameters <= MOST_PARAMETERS and n_examples * parameters <= MOST_VALUES


@dataclass(frozen=True, eq=False)
class Point:
    """Some parameters, and what the examples say of them.

    Attributes
    ----------
    parameters, gradient : arrays, shape (free, n_features + 1)
        The gradient is that of the mean loss.
    loss : float
        The mean loss.
    probabilities : array, shape (outputs, n_examples), or None
        Until the Hessian has been made of them.
    """

    parameters: Array
    loss: float
    gradient: Array
    probabilities: Array | None


class Whole:
    """All examples, and how much each counts.

    Parameters
    ----------
    data : Dataset
    rows : int array
        The examples that take part.
    outputs : int
    """

    def __init__(self, data: Dataset, rows: Rows, outputs: int) -> None:
        self.X = together(data.X, partial(dense_features, data.scaling), rows)
        n, n_features = self.X.shape
        self.mean = self.X.mean(axis=0)
        self.features = np.ones((n_features + 1, n))
        self.features[:-1] = (self.X - self.mean).T
        size = np.sqrt(np.square(self.features[:-1]).mean(axis=1))
        self.size = np.where(size > 0, size, 1.0)
        self.features[:-1] /= self.size[:, None]
        self.targets, self.outputs = data.targets[rows], outputs
        self._basis = linalg.helmert(outputs).T if outputs > 1 else np.ones((1, 1))
        self.free = self._basis.shape[1]
        self._losses = self._of_several if self.free > 1 else self._of_one
        self._score = math.sqrt(outputs)  # of a single free output: the log-odds, by its unit
        self._sign = np.where(self.targets == 0, 1.0, -1.0)
        self._own = self.targets, np.arange(n)

    @np.errstate(over="ignore", invalid="ignore")
    def evaluate(self, parameters: Array, weights: Array) -> Point:
        """Return what the examples say.

        Parameters
        ----------
        parameters : array, shape (free, n_features + 1)
        weights : array, shape (n,)
            How much each example counts; their sum is 1.
        """
        losses, residuals, p = self._losses(parameters @ self.features)
        residuals *= weights
        gradient = residuals @ self.features.T
        return Point(parameters, float(np.add.reduce(losses * weights)), gradient, p)

    def _of_one(self, z: Array) -> tuple[Array, Array, Array]:
        """Return losses, their slopes by each free output, and probabilities."""
        margins = self._sign * (self._score * z[0])
        decay = np.exp(-np.abs(margins))
        losses = np.log1p(decay) - np.minimum(margins, 0)
        wrong = np.where(margins >= 0, decay, 1) / (1 + decay)
        return losses, (-self._score * self._sign * wrong)[None], wrong[None]

    def _of_several(self, z: Array) -> tuple[Array, Array, Array]:
        """Return these without 1 - p, which would have no digits where p is nearly 1."""
        scores = self._basis @ z
        scores -= scores[self._own]
        top = scores.max(axis=0)
        scores -= top
        p = np.exp(scores, out=scores)
        own = p[self._own]
        p[self._own] = 0
        others = np.add.reduce(p)
        losses = top + np.log1p(others + np.expm1(-top))
        total = own + others
        p[self._own] = -others
        p /= total
        residuals = self._basis.T @ p
        p[self._own] = own / total
        return losses, residuals, p

    def hessian(self, point: Point, weights: Array) -> Array:
        """Return the Hessian of the mean loss, shape (free, n_features + 1) twice."""
        X, size, p = self.features, len(self.features), point.probabilities
        assert p is not None
        H = np.empty((self.free, size, self.free, size))
        for f in range(self.free):
            for g in range(f + 1):
                each = self._curvature(p, f, g) * weights
                if f == g:
                    scaled = X * np.sqrt(np.maximum(each, 0))
                    H[f, :, f] = scaled @ scaled.T
                else:
                    H[f, :, g] = (X * each) @ X.T
                    H[g, :, f] = H[f, :, g]
        return H

    def _curvature(self, p: Array, f: int, g: int) -> Array:
        """Return each loss's second derivative by two free outputs."""
        if self.free == 1:
            return np.asarray(self.outputs * p[0] * (1 - p[0]))
        own, other = self._basis[:, f], self._basis[:, g]
        return np.asarray((own * other) @ p - (own @ p) * (other @ p))

    def penalty(self, objective: Objective) -> Array:
        """Return the second derivative of a penalty, the same for each free output."""
        raw = np.diag(np.append(1 / self.size, 1.0))
        raw[-1, :-1] = -self.mean / self.size
        raw[-1] *= objective.penalize_bias
        return np.asarray(2 * objective.l2 * raw.T @ raw)

    def start(self, start: Parameters) -> Array:
        """Return parameters whose weights are 0."""
        found = np.zeros((self.free, len(self.features)))
        found[:, -1] = self._basis.T @ start.bias
        return found

    def as_parameters(self, parameters: Array) -> Parameters:
        """Return them for the features as they are."""
        weights = (self._basis @ (parameters[:, :-1] / self.size)).T
        bias = self._basis @ parameters[:, -1] - self.mean @ weights
        return Parameters(np.ascontiguousarray(weights), bias)

    def gradient(self, gradient: Array) -> Array:
        """Return a gradient for the features as they are, of the free outputs."""
        found = gradient.copy()
        found[:, :-1] = gradient[:, :-1] * self.size + gradient[:, -1:] * self.mean
        return found

    def sums(self, point: Point) -> Sums:
        """Return the sums over examples as a pass would."""
        n = len(self.targets)
        whole = n * (self._basis @ self.gradient(point.gradient))
        return Sums(n * point.loss, np.ascontiguousarray(whole[:, :-1].T), whole[:, -1], n)

    def class_means(self, weights: Array) -> ClassMeans:
        """Return what a bound for a free bias needs."""
        counted = np.zeros((self.outputs, len(weights)))
        for k in range(self.outputs):
            counted[k] = np.where(self.targets == k, weights, 0)
        return ClassMeans(weights @ self.X, (counted @ self.X).T, counted.sum(axis=1))
