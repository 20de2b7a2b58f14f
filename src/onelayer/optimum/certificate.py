"""An upper bound on J(W) - min J, from one gradient.

With a penalty on all parameters J is strongly convex, and the bound is |gradient of J|^2 / (4 l2)
(Boyd and Vandenberghe, Convex Optimization, section 9.1.2); it is the duality gap too.

Where the bias is free, the dual problem is

    max over q_i in the simplex of  mean H(q_i) - |mean x_i (q_i - y_i)^T|^2 / (4 l2),
    with  mean q_i = mean y_i,

H the entropy. The predicted probabilities p_i keep that constraint at the best bias alone; mixed
with a constant distribution c, q_i = (1 - t) p_i + t c, they keep it everywhere, for the least t
that leaves c in the simplex. With H concave, g the gradient of the mean loss and
E = mean x c^T - mean x_i y_i^T, the gap is at most

    |(1 - t) g + t E + 2 l2 W|^2 / (4 l2) + (1 - t) g_bias . b + t (C - H(c) - E . W).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onelayer.model import Objective, Parameters, Sums

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
    objective: Objective, parameters: Parameters, sums: Sums, means: ClassMeans | None = None
) -> float:
    """Return an upper bound on J - min J; infinite where the penalty gives none.

    Parameters
    ----------
    objective : Objective
    parameters : Parameters
        In float64, as are the sums.
    sums : Sums
        Over all examples, at the parameters.
    means : ClassMeans, optional
        Needed where the bias is not penalized.
    """
    if objective.l2 == 0:
        return math.inf
    if objective.penalize_bias:
        gradient = objective.gradient_from(sums, parameters)
        whole = np.square(gradient.weights).sum() + np.square(gradient.bias).sum()
        return float(whole) / (4 * objective.l2)
    assert means is not None
    return _with_free_bias(objective.l2, parameters, sums, means)


def bound_of_best_bias(objective: Objective, parameters: Parameters, sums: Sums) -> float:
    """Return what `excess_bound` would be if a free bias were the best for these weights."""
    if objective.l2 == 0:
        return math.inf
    gradient = objective.gradient_from(sums, parameters)
    return float(np.square(gradient.weights).sum()) / (4 * objective.l2)


def _with_free_bias(l2: float, parameters: Parameters, sums: Sums, means: ClassMeans) -> float:
    W, slope, bias_slope = parameters.weights, sums.weights / sums.count, sums.bias / sums.count
    t, c = _mixed(means.outputs + bias_slope, means.outputs)
    if t >= 1:
        return math.inf
    E = np.outer(means.features, c) - means.by_output
    gradient = (1 - t) * slope + t * E + 2 * l2 * W
    free = bias_slope @ (parameters.bias - np.mean(parameters.bias) * (len(c) > 1))
    rest = sums.mean_loss - _entropy(c) - float((E * W).sum())
    gap = float(np.square(gradient).sum()) / (4 * l2) + (1 - t) * float(free) + t * rest
    return max(gap, 0.0)


def _mixed(predicted: Array, wanted: Array) -> tuple[float, Array]:
    """Return the least t, and c, for which (1 - t) predicted + t c = wanted."""
    whole = len(predicted) > 1
    p, y = (v if whole else np.array([v[0], 1 - v[0]]) for v in (predicted, wanted))
    t = max(float(((p - y) / p).max()), 0.0)
    if t == 0:
        return 0.0, wanted
    t = min(t * (1 + 1e-9), 1.0)  # so that rounding leaves no share below 0
    c = np.maximum(p + (y - p) / t, 0)
    return t, c if whole else c[:1]


def _entropy(c: Array) -> float:
    shares = c if len(c) > 1 else np.array([c[0], 1 - c[0]])
    shares = shares[shares > 0]
    return float(-(shares * np.log(shares)).sum())
