"""The update rule of the kernels: the twin of `onelayer.engines.update`.

A plain step is W <- keep W - step sum_i residual_i x_i, in which `keep` is what the penalty leaves:
it is made within the product. With momentum the gradient is needed by itself, and an average is
moved after the step; both read and write all weights once more.
"""

from __future__ import annotations

import numpy as np

from onelayer.engines.compiled.compiler import inlined, inner
from onelayer.engines.compiled.score_tiles import add_rows_up


@inlined
def kept(rate, l2, W):
    """Return what a step keeps of weights that the penalty covers."""
    return W.dtype.type(1) - 2 * rate * l2


@inlined
def step_bias(bias, k, total, n, rate, l2, on_bias):
    """Make the plain step of bias[k] by the total of the residuals of n examples."""
    per_example = rate / bias.dtype.type(n)
    keep = bias.dtype.type(1) - 2 * rate * l2 * on_bias
    bias[k] = keep * bias[k] - per_example * total


@inner
def update_bias(residuals, n, bias, rate, l2, on_bias):
    """Make the plain step of the bias by the residuals of n examples."""
    if len(bias) == 1:
        total = residuals[0, 0]
        for i in range(1, n):
            total += residuals[i, 0]
        step_bias(bias, 0, total, n, rate, l2, on_bias)
    else:
        totals = np.empty_like(bias)
        add_rows_up(residuals, n, len(bias), totals)
        for k in range(len(bias)):
            step_bias(bias, k, totals[k], n, rate, l2, on_bias)


@inner
def accelerate(W, slopes, velocity, rate, l2, momentum, nesterov):
    """Make a step with momentum by the slopes of the loss, in place; all arrays are flat."""
    shrink = W.dtype.type(2) * l2
    for i in range(len(W)):
        slope = slopes[i] + shrink * W[i]
        velocity[i] = momentum * velocity[i] + slope
        W[i] -= rate * (slope + momentum * velocity[i] if nesterov else velocity[i])


@inner
def bias_slopes(residuals, n, bias):
    """Return the slopes of the bias by the residuals of n examples, in place of the first's."""
    slopes = residuals[0]
    for k in range(len(bias)):
        for i in range(1, n):
            slopes[k] += residuals[i, k]
        slopes[k] /= bias.dtype.type(n)
    return slopes


@inlined
def accelerate_all(m, W, bias, slopes, residuals, n, rate, rule, carried):
    """Make a model's step with momentum; the residuals of its n examples are used up.

    W and the slopes of the loss lie as the layout has the weights.
    """
    place, mu, nesterov = carried.velocity_of[m], rule.momentum[m], rule.nesterov[m]
    velocity = carried.velocity[place].reshape(-1)
    accelerate(W.reshape(-1), slopes.reshape(-1), velocity, rate, rule.l2[m], mu, nesterov)
    on_bias = rule.l2[m] * rule.on_bias[m]
    of_bias = bias_slopes(residuals, n, bias)
    accelerate(bias, of_bias, carried.velocity_bias[place], rate, on_bias, mu, nesterov)


@inner
def follow(average, W, factor, share):
    """Let an average go a part of the way to factor * W; the arrays are flat."""
    if share == 1:
        for i in range(len(W)):
            average[i] = factor * W[i]
    else:
        for i in range(len(W)):
            average[i] += share * (factor * W[i] - average[i])


@inlined
def follow_all(m, W, factor, bias, share, carried):
    """Move the average of a model to its new weights, factor * W, and bias."""
    place = carried.average_of[m]
    follow(carried.average[place].reshape(-1), W.reshape(-1), factor, share)
    follow(carried.average_bias[place], bias, bias.dtype.type(1), share)
