"""The parameters of a single-layer network, and where it starts from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

ModelName = Literal["logistic", "softmax", "multilabel"]


@dataclass(frozen=True, eq=False)
class Parameters:
    """Weights and bias; also the shape of a gradient with respect to them.

    Parameters
    ----------
    weights : (n_features, n_outputs) float array
    bias : (n_outputs,) float array
        Scores are ``X @ weights + bias``.
    """

    weights: NDArray[np.floating]
    bias: NDArray[np.floating]

    @classmethod
    def zeros(cls, n_features: int, n_outputs: int, dtype: str = "float32") -> Parameters:
        """All weights zero. The objective is convex, so that the start needs no randomness."""
        return cls(np.zeros((n_features, n_outputs), dtype), np.zeros(n_outputs, dtype))

    @classmethod
    def normal(
        cls, n_features: int, n_outputs: int, std: float, seed: int, dtype: str = "float32"
    ) -> Parameters:
        """Weights of a normal distribution around 0 with the standard deviation `std`; bias 0.

        A pure function: numbers are drawn in float64 by Philox, a generator that counts (Salmon et
        al., "Parallel random numbers: as easy as 1, 2, 3", 2011), and rounded after that.
        """
        source = np.random.Generator(np.random.Philox(key=seed))
        weights = std * source.standard_normal((n_features, n_outputs))
        with np.errstate(over="ignore"):  # what is beyond float32 is infinite, and diverges
            return cls(weights.astype(dtype), np.zeros(n_outputs, dtype))

    def copy(self) -> Parameters:
        """Return a copy that later updates do not touch."""
        return Parameters(self.weights.copy(), self.bias.copy())

    def of_features(self, begin: int, end: int) -> Parameters:
        """Return a copy that has the features from `begin` to before `end` alone."""
        return Parameters(self.weights[begin:end].copy(), self.bias.copy())

    def among(self, n_features: int, begin: int) -> Parameters:
        """Return them for so many features, of which theirs begin at `begin`; others count 0."""
        weights = np.zeros((n_features, self.weights.shape[1]), self.weights.dtype)
        weights[begin : begin + len(self.weights)] = self.weights
        return Parameters(weights, self.bias.copy())

    @property
    def is_finite(self) -> bool:
        """Whether all of them are finite numbers."""
        return bool(np.isfinite(self.weights).all() and np.isfinite(self.bias).all())

    def scores(self, X: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the values before sigmoid or softmax, shape (n, n_outputs)."""
        scores: NDArray[np.floating] = X @ self.weights + self.bias
        return scores

    def squared_norm(self, *, include_bias: bool) -> float:
        """Return the sum of squares of what a penalty covers, summed in float64."""
        total = float(np.sum(np.square(self.weights, dtype=np.float64)))
        if include_bias:
            total += float(np.sum(np.square(self.bias, dtype=np.float64)))
        return total


def n_outputs(model: ModelName, n_classes: int) -> int:
    """Return how many scores a model has per example: one for logistic, otherwise K."""
    return 1 if model == "logistic" else n_classes
