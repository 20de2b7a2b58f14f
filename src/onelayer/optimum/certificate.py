"""An upper bound on J(W) - min J, from one gradient.

With a penalty on all parameters J is strongly convex, and the bound is |gradient of J|^2 / (4 l2)
(Boyd and Vandenberghe, Convex Optimization, section 9.1.2); it is the duality gap too.

Where the bias is free, the dual problem is

    max over q_i in the simplex of  mean H(q_i) - |mean x_i (q_i - y_i)^T|^2 / (4 l2),
    with  mean q_i = mean y_i,

H the entropy. The predicted probabilities p_i keep that constraint at the best bias alone. What is
predicted too often of a class is dealt out to others, q_i = M^T p_i (`MovedShares`), which keeps it
everywhere. With G = mean x_i (p_i - y_i)^T, g_bias that of the bias and D = mean x_i (q_i - p_i)^T
the gap is

    |G + D + 2 l2 W|^2 / (4 l2) + g_bias . b - D . W + mean H(p_i) - mean H(q_i).

Sums that float32 made bound it too: `onelayer.optimum.rounding` says by how much they may be off,
and each term is taken at its largest. Its probabilities q_i are not those of the model, which adds
the mean divergence of the two; and M is known up to what the shares are off.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onelayer.model import Objective, Parameters, Sums
from onelayer.optimum.moved_shares import MovedShares
from onelayer.optimum.rounding import Rounding

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ClassMeans:
    """What the bound for a free bias needs to know of the examples.

    Attributes
    ----------
    features : array, shape (n_features,)
        The mean example.
    by_output : array, shape (n_features, n_outputs)
        The mean of x_i y_i^T.
    outputs : array, shape (n_outputs,)
        The mean of y_i: the share of each class.
    """

    features: Array
    by_output: Array
    outputs: Array

    @classmethod
    def of(cls, outputs: Array, features: Array, sums: Sums, shares: Array) -> ClassMeans:
        """Return them from the sums of a model without weights.

        Parameters
        ----------
        outputs : array, shape (n_outputs,)
            The share of each class.
        features : array, shape (n_features,)
            The mean example.
        sums : Sums
        shares : array, shape (n_outputs,)
            The probabilities that the model predicts for every example.
        """
        return cls(features, np.outer(features, shares) - sums.weights / sums.count, outputs)


def excess_bound(
    objective: Objective,
    parameters: Parameters,
    sums: Sums,
    means: ClassMeans | None = None,
    rounding: Rounding | None = None,
) -> float:
    """Return an upper bound on J - min J; infinite where the penalty gives none.

    Parameters
    ----------
    objective : Objective
    parameters : Parameters
        In float64.
    sums : Sums
        Over all examples, at the parameters.
    means : ClassMeans, optional
        Needed where the bias is not penalized, or with `rounding`.
    rounding : Rounding, optional
        Of sums that were made in float32. Without it they are taken for exact.
    """
    if objective.l2 == 0:
        return math.inf
    if objective.penalize_bias:
        gradient = objective.gradient_from(sums, parameters)
        whole = math.sqrt(np.square(gradient.weights).sum() + np.square(gradient.bias).sum())
        if rounding is None:
            return whole**2 / (4 * objective.l2)
        assert means is not None
        whole += rounding.of_penalized(sums, means.outputs)
        return whole**2 / (4 * objective.l2) + rounding.divergence(parameters)
    assert means is not None
    return _with_free_bias(objective.l2, parameters, sums, means, rounding)


def bound_of_best_bias(objective: Objective, parameters: Parameters, sums: Sums) -> float:
    """Return what `excess_bound` would be if a free bias were the best for these weights."""
    if objective.l2 == 0:
        return math.inf
    gradient = objective.gradient_from(sums, parameters)
    return float(np.square(gradient.weights).sum()) / (4 * objective.l2)


def _with_free_bias(
    l2: float, parameters: Parameters, sums: Sums, means: ClassMeans, rounding: Rounding | None
) -> float:
    W = np.asarray(parameters.weights, np.float64)
    slope, bias_slope = sums.weights / sums.count, sums.bias / sums.count
    bias = parameters.bias - np.mean(parameters.bias) * (len(parameters.bias) > 1)
    predicted, gap, off = means.outputs + bias_slope, float(bias_slope @ bias), 0.0 * bias_slope
    total, longer = slope + 2 * l2 * W, 0.0
    entropy = sums.mean_loss - _dot(slope, W) - gap  # the mean of p_i
    if rounding is not None:
        off, longer = rounding.shares(predicted, means.outputs), rounding.gradient(sums.mean_loss)
        free = float(off @ np.abs(bias))
        gap += free + rounding.divergence(parameters)
        entropy += 2 * rounding.scores(parameters) + longer * _length(W) + free
    moved = MovedShares.of(predicted, means.outputs, off)
    if moved is not None:
        given, change = moved.change(slope + means.by_output, means.features)
        total += change
        gap += moved.entropy_lost(entropy) - _dot(change, W)
        if rounding is not None:
            size, of_given = _length(moved.given), longer + rounding.class_means
            dealt, dealt_length = moved.dealt_off
            scores = np.append(given @ W, 0.0)
            gap += dealt * float(np.ptp(scores)) + (1 + dealt) * 2 * size * of_given * _length(W)
            longer += size * (longer + 2 * rounding.class_means)
            longer += dealt_length * (_length(given) + size * of_given)
    return max((_length(total) + longer) ** 2 / (4 * l2) + gap, 0.0)


def _dot(a: Array, b: Array) -> float:
    return float((a * b).sum())


def _length(a: Array) -> float:
    return math.sqrt(np.square(a).sum())
