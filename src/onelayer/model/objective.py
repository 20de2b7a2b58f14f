"""The objective that training lowers, and its gradient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onelayer.model.losses import LOSSES, Floats, Targets
from onelayer.model.parameters import ModelName, Parameters


@dataclass(frozen=True)
class Objective:
    """J(W) = C(W) + l2 * |W|^2, with C the mean cross-entropy over the given examples.

    The gradient is  X^T R / n + 2 l2 W  for the weights and  sum_i R_i / n (+ 2 l2 b)  for the
    bias, where R, shape (n, n_outputs), are the residuals: predicted probabilities minus targets.
    `onelayer.model.derivations` derives it step by step.

    Parameters
    ----------
    model : "logistic" or "softmax"
    l2 : float
        Strength of the penalty, >= 0. The norm is the squared Euclidean one, without a factor 1/2.
    penalize_bias : bool
        Whether the norm covers the bias.

    Notes
    -----
    Every method takes ``X``, a float array (n, n_features), already scaled, and ``targets``, an
    integer array (n,) of class indices; see `onelayer.model.losses` for the logistic convention.
    With ``weights``, shape (n,), an example's loss and its row of R are multiplied by its weight;
    weights of mean 1 make C their weighted mean.
    """

    model: ModelName
    l2: float = 0.0
    penalize_bias: bool = False

    def value(
        self, parameters: Parameters, X: Floats, targets: Targets, weights: Floats | None = None
    ) -> float:
        """Return J, loss and penalty, summed in float64."""
        return self._mean_loss(parameters.scores(X), targets, weights) + self.penalty(parameters)

    def penalty(self, parameters: Parameters) -> float:
        """Return l2 * |W|^2."""
        return self.l2 * parameters.squared_norm(include_bias=self.penalize_bias)

    def loss_and_gradient(
        self, parameters: Parameters, X: Floats, targets: Targets, weights: Floats | None = None
    ) -> tuple[float, Parameters]:
        """Return the mean loss C without the penalty, and the gradient of J with it."""
        scores = parameters.scores(X)  # (n, n_outputs)
        residuals = LOSSES[self.model].residuals(scores, targets)  # (n, n_outputs)
        if weights is not None:
            residuals = residuals * weights[:, None].astype(scores.dtype)
        n = scores.dtype.type(len(scores))
        shrink = scores.dtype.type(2 * self.l2)
        slope: NDArray[np.floating] = X.T @ residuals / n + shrink * parameters.weights
        bias: NDArray[np.floating] = residuals.sum(axis=0) / n
        if self.penalize_bias:
            bias = bias + shrink * parameters.bias
        return self._mean_loss(scores, targets, weights), Parameters(slope, bias)

    def gradient(
        self, parameters: Parameters, X: Floats, targets: Targets, weights: Floats | None = None
    ) -> Parameters:
        """Return the gradient of J."""
        return self.loss_and_gradient(parameters, X, targets, weights)[1]

    def _mean_loss(self, scores: Floats, targets: Targets, weights: Floats | None) -> float:
        losses = LOSSES[self.model].values(scores, targets).astype(np.float64)
        return float(np.mean(losses if weights is None else weights * losses))
