"""From the products of a batch to its loss and residuals, and the step of the bias.

An example's weight is its factor in the loss; where there are no weights, the arrays of them are
empty, and every example counts 1.
"""

from __future__ import annotations

import numpy as np

from onelayer.training.kernels.compiler import compiled
from onelayer.training.kernels.tiles import exp_inplace


@compiled
def weight(weights, row):
    """Return how much an example counts: 1 where there are no weights."""
    return weights[row] if len(weights) > 0 else 1.0


@compiled
def weights_of(part, model):
    """Return a model's weights of all examples of a part; empty if it has none."""
    _, _, _, weights, places, _ = part
    place = places[model]
    return weights[max(place, 0), : weights.shape[1] if place >= 0 else 0]


@compiled
def logistic_residuals(z, n, bias, targets, rows, weights, decay):
    """Turn products into residuals sigmoid(z) - y in place; return the summed loss."""
    one = z.dtype.type(1)
    for i in range(n):
        z[i, 0] += bias[0]
        decay[i] = -abs(z[i, 0])
    exp_inplace(decay, n)
    loss = 0.0
    for i in range(n):
        score = z[i, 0]
        positive = targets[rows[i]] == 0
        own = max(np.float64(score), 0.0) - (np.float64(score) if positive else 0.0)
        loss += weight(weights, rows[i]) * (own + np.log1p(np.float64(decay[i])))
        probability = (one if score >= 0 else decay[i]) / (one + decay[i])
        z[i, 0] = probability - (one if positive else 0 * one)
    return loss


@compiled
def softmax_residuals(z, n, bias, targets, rows, weights, flat):
    """Turn products into residuals softmax(z) - onehot in place; return the summed loss.

    `flat` is the same memory as `z`, seen as one row of values.
    """
    width, n_outputs = z.shape[1], len(bias)
    loss = 0.0
    for i in range(n):
        row = z[i]
        for k in range(n_outputs):
            row[k] += bias[k]
        top = row[0]
        for k in range(1, n_outputs):
            top = max(top, row[k])
        for k in range(n_outputs):
            row[k] -= top
        for k in range(n_outputs, width):
            row[k] = -top * 0  # a padded class; NaN stays where it is
        loss -= weight(weights, rows[i]) * np.float64(row[targets[rows[i]]])
    exp_inplace(flat, n * width)
    for i in range(n):
        row = z[i]
        total = row[0]
        for k in range(1, n_outputs):
            total += row[k]
        loss += weight(weights, rows[i]) * np.log(np.float64(total))
        for k in range(n_outputs):
            row[k] /= total
        for k in range(n_outputs, width):
            row[k] = 0
        row[targets[rows[i]]] -= 1
    return loss


@compiled
def residuals(z, flat, n, bias, targets, rows, weights, decay):
    """Turn products into residuals in place; return the summed loss in float64.

    `weights` are those of all examples, or empty; they count for the loss alone.
    """
    if len(bias) == 1:
        return logistic_residuals(z, n, bias, targets, rows, weights, decay)
    return softmax_residuals(z, n, bias, targets, rows, weights, flat)


@compiled
def weigh(residuals, n, weights, rows):
    """Multiply each example's residuals by its weight, if there are weights."""
    if len(weights) > 0:
        for i in range(n):
            own = residuals.dtype.type(weights[rows[i]])
            for k in range(residuals.shape[1]):
                residuals[i, k] *= own


@compiled
def update_bias(residuals, n, bias, options):
    """Make the step of the bias."""
    rate, l2, on_bias = options[0], options[1], options[2]
    per_example = rate / bias.dtype.type(n)
    for k in range(len(bias)):
        total = residuals[0, k]
        for i in range(1, n):
            total += residuals[i, k]
        keep = bias.dtype.type(1) - 2 * rate * l2 * on_bias
        bias[k] = keep * bias[k] - per_example * total
