"""The objective that training minimises, its gradient, and the sums that both are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from onelayer.model.losses import LOSSES, Floats, Targets
from onelayer.model.parameters import ModelName, Parameters


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over examples, from which loss and gradient follow; those of two sets add up.

    Attributes
    ----------
    loss : float
        Sum of the losses, in float64.
    weights : array, shape (n_features, n_outputs)
        X^T R, in the type of the scores.
    bias : array, shape (n_outputs,)
        Sum of the rows of R.
    count : int
        How many examples there are.
    """

    loss: float
    weights: Floats
    bias: Floats
    count: int

    def __add__(self, other: Sums) -> Sums:
        """Return the sums over the examples of both."""
        return Sums(
            self.loss + other.loss,
            self.weights + other.weights,
            self.bias + other.bias,
            self.count + other.count,
        )

    @property
    def mean_loss(self) -> float:
        """The mean loss C, without the penalty."""
        return self.loss / self.count


@dataclass(frozen=True)
class Objective:
    """J(W) = C(W) + l2 * |W|^2, with C the mean cross-entropy over the given examples.

    With several labels an example, C is the mean over the examples of the sum over the labels.
    (The default of PyTorch's `BCEWithLogitsLoss` is the mean over the labels, too.)

    The gradient is  X^T R / n + 2 l2 W  for the weights and  sum_i R_i / n (+ 2 l2 b)  for the
    bias, where R, shape (n, n_outputs), are the residuals: predicted probabilities minus targets.
    `onelayer.model.derivations` derives it step by step.

    Parameters
    ----------
    model : "logistic", "softmax" or "multilabel"
    l2 : float
        Strength of the penalty, >= 0. The norm is the squared Euclidean one, without a factor 1/2.
    penalize_bias : bool
        Whether the norm covers the bias.

    Notes
    -----
    Every method takes ``X``, a float array (n, n_features), already scaled, and ``targets``, an
    integer array (n,) of class indices, for a multilabel model (n, n_outputs) of 0 and 1; see
    `onelayer.model.losses` for the logistic convention.
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
        loss = self._summed_loss(parameters.scores(X), targets, weights)
        return loss / len(targets) + self.penalty(parameters)

    def penalty(self, parameters: Parameters) -> float:
        """Return l2 * |W|^2."""
        return self.l2 * parameters.squared_norm(include_bias=self.penalize_bias)

    def sums(
        self, parameters: Parameters, X: Floats, targets: Targets, weights: Floats | None = None
    ) -> Sums:
        """Return the sums over these examples; they add up with those over others."""
        scores = parameters.scores(X)  # (n, n_outputs)
        residuals = LOSSES[self.model].residuals(scores, targets)  # (n, n_outputs)
        if weights is not None:
            residuals = residuals * weights[:, None].astype(scores.dtype)
        loss = self._summed_loss(scores, targets, weights)
        return Sums(loss, X.T @ residuals, residuals.sum(axis=0), len(scores))

    def gradient_from(self, sums: Sums, parameters: Parameters) -> Parameters:
        """Return the gradient of J at the parameters by which the sums were made."""
        dtype = parameters.weights.dtype
        n, shrink = dtype.type(sums.count), dtype.type(2 * self.l2)
        slope: Floats = sums.weights / n + shrink * parameters.weights
        bias: Floats = sums.bias / n
        if self.penalize_bias:
            bias = bias + shrink * parameters.bias
        return Parameters(slope, bias)

    def gradient(
        self, parameters: Parameters, X: Floats, targets: Targets, weights: Floats | None = None
    ) -> Parameters:
        """Return the gradient of J."""
        return self.gradient_from(self.sums(parameters, X, targets, weights), parameters)

    def _summed_loss(self, scores: Floats, targets: Targets, weights: Floats | None) -> float:
        losses = LOSSES[self.model].values(scores, targets).astype(np.float64)
        return float(np.sum(losses if weights is None else weights * losses))
