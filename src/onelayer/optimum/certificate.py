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

Sums that float32 made bound it too: `onelayer.optimum.rounding` says by how much they may be off,
and each term is taken at its largest. Its probabilities q_i are not those of the model, which adds
the mean divergence of the two; and c is known up to what the shares are off, so that t is chosen
large enough to leave `_KEPT` of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onelayer.model import Objective, Parameters, Sums
from onelayer.optimum.rounding import Rounding

Array = NDArray[np.float64]

_KEPT = 0.75
"""Of each share of the constant distribution, whatever rounding has done."""


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
    W, slope, bias_slope = parameters.weights, sums.weights / sums.count, sums.bias / sums.count
    predicted, bias = means.outputs + bias_slope, parameters.bias
    off = np.zeros_like(predicted)
    if rounding is not None:
        off = rounding.shares(predicted, means.outputs)
    t, c = _mixed(predicted, means.outputs, off / (1 - _KEPT))
    if t >= 1:
        return math.inf
    E = np.outer(means.features, c) - means.by_output
    length = float(np.linalg.norm((1 - t) * slope + t * E + 2 * l2 * W))
    bias = bias - np.mean(bias) * (len(c) > 1)
    free = float(bias_slope @ bias)
    rest = sums.mean_loss - _entropy(c, 1.0 if rounding is None else _KEPT) - float((E * W).sum())
    if rounding is not None:
        of_means = t * rounding.class_means
        length += rounding.gradient(sums.mean_loss) + of_means
        length += float(np.linalg.norm(means.features) * np.linalg.norm(off))
        free += float(off @ np.abs(bias + means.features @ W)) + rounding.divergence(parameters)
        rest += 2 * rounding.scores(parameters)
        rest += rounding.class_means * float(np.linalg.norm(W))
    gap = length**2 / (4 * l2) + (1 - t) * free + t * rest
    return max(gap, 0.0)


def _mixed(predicted: Array, wanted: Array, off: Array) -> tuple[float, Array]:
    """Return the least t, and c, for which (1 - t) predicted + t c = wanted.

    With `off` added to any of the predicted shares there would be such a c for this t too.
    """
    whole = len(predicted) > 1
    p, y = (v if whole else np.array([v[0], 1 - v[0]]) for v in (predicted, wanted))
    t = max(float(((p + off - y) / (p + off)).max()), 0.0)
    if t == 0:
        return 0.0, wanted
    t = min(t * (1 + 1e-9), 1.0)  # so that rounding leaves no share below 0
    c = np.maximum(p + (y - p) / t, 0)
    return t, c if whole else c[:1]


def _entropy(c: Array, kept: float) -> float:
    """Return the least entropy of any distribution of which so much is that of c."""
    shares = c if len(c) > 1 else np.array([c[0], 1 - c[0]])
    total, shares = float(shares.sum()), shares[shares > 0]
    kept = min(kept * total, 1.0) if kept < 1 else 1.0
    shares = shares / total if kept < 1 else shares
    return kept * float(-(shares * np.log(shares)).sum())
