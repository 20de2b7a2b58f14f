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
    W, slope, bias_slope = parameters.weights, sums.weights / sums.count, sums.bias / sums.count
    predicted, bias = means.outputs + bias_slope, parameters.bias
    bias = bias - np.mean(bias) * (len(bias) > 1)
    off = np.zeros_like(predicted)
    if rounding is not None:
        off = rounding.shares(predicted, means.outputs)
    moved = MovedShares.of(_of_classes(predicted), _of_classes(means.outputs), _both(off))
    gap, long = float(bias_slope @ bias), slope + 2 * l2 * W
    longer = 0.0
    if rounding is not None:
        longer = rounding.gradient(sums.mean_loss)
        gap += float(off @ np.abs(bias)) + rounding.divergence(parameters)
    if moved is not None:
        a, d = moved.given, moved.dealt
        of_class = slope + means.by_output  # the mean of x_i p_i^T
        from_all = of_class @ a if len(a) == len(off) else (
            of_class[:, 0] * (a[0] - a[1]) + means.features * a[1]
        )
        change = from_all[:, None] * d[:len(off)] - of_class * a[:len(off)]
        entropy = sums.mean_loss - float((slope * W).sum()) - float(bias_slope @ bias)
        gap -= float((change * W).sum())
        long = long + change
        if rounding is not None:
            size, norm = float(np.linalg.norm(a)), float(np.linalg.norm(W))
            too_much, off_by = moved.moved_off
            both = rounding.class_means + longer
            entropy += 2 * rounding.scores(parameters) + longer * norm + float(off @ np.abs(bias))
            gap += 2 * size * both * norm + too_much * (float(np.ptp(from_all @ W)) if len(off) > 1 else abs(float(from_all @ W[:, 0])))
            gap += too_much * 2 * both * size * norm
            longer += size * longer + 2 * size * rounding.class_means
            longer += off_by * (float(np.linalg.norm(from_all)) + both * size)
        gap += moved.entropy_lost(entropy)
    length = float(np.linalg.norm(long)) + longer
    return max(length**2 / (4 * l2) + gap, 0.0)


def _of_classes(shares: Array) -> Array:
    return shares if len(shares) > 1 else np.array([shares[0], 1 - shares[0]])


def _both(off: Array) -> Array:
    return off if len(off) > 1 else np.repeat(off, 2)
