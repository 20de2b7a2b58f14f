"""From the products of a batch to right predictions, loss and residuals.

With class indices for targets a model is logistic or softmax; with a matrix of targets it is a
multilabel one. The number of dimensions is known when a kernel is compiled, so that each kind of
targets has kernels of its own.

An example's weight is its factor in the loss; where there are no weights, the arrays of them are
empty, and every example counts 1.
"""

from __future__ import annotations

import numpy as np

from onelayer.engines.compiled.compiler import VECTOR_BYTES, inlined, inner
from onelayer.engines.compiled.function_tiles import exp_inplace, log1p_into, log_into
from onelayer.engines.compiled.logistic_tiles import logistic_tile
from onelayer.engines.compiled.score_tiles import (
    add_row,
    divide_scores,
    exp_scores,
    is_predicted,
    largest_score,
)
from onelayer.engines.compiled.softmax_tiles import make_softmax_tile

EXAMPLES = 4
"""Of a tile of softmax: as many as keep the processor busy."""

_softmax_tile = make_softmax_tile(EXAMPLES)
_softmax_one = make_softmax_tile(1)


@inlined
def weight(weights, row):
    """Return how much an example counts: 1 where there are no weights."""
    return weights[row] if len(weights) > 0 else 1.0


@inlined
def example_weights(part, model):
    """Return a model's weights of all examples of a part; empty if it has none."""
    place = part.places[model]
    return part.weights[max(place, 0), : part.weights.shape[1] if place >= 0 else 0]


@inner
def add_bias(z, n, bias):
    """Turn the products of n examples into scores, in place."""
    for i in range(n):
        if len(bias) == 1:
            z[i, 0] += bias[0]
        else:
            add_row(z, i, len(bias), bias)


@inner
def count_all_correct(z, first, n_outputs, targets, rows, weights):
    """Return the summed weights of the examples all of whose labels are predicted right."""
    correct = 0.0
    for i in range(len(rows)):
        right = True
        for k in range(n_outputs):
            score = z[i, first + k]
            right &= score >= 0 if targets[rows[i], k] == 1 else score < 0
        correct += right * weight(weights, rows[i])
    return correct


@inner
def count_correct(z, first, n_outputs, targets, rows, weights):
    """Return the summed weights of the examples that one model predicts right by its scores."""
    if targets.ndim == 2:
        return count_all_correct(z, first, n_outputs, targets, rows, weights)
    correct = 0.0
    for i in range(len(rows)):
        target = targets[rows[i]]
        if n_outputs == 1:
            right = z[i, first] >= 0 if target == 0 else z[i, first] < 0
        else:
            right = is_predicted(z, i, first, n_outputs, target)
        correct += right * weight(weights, rows[i])
    return correct


@inner
def mark_positives(targets, rows, marks):
    """Set marks[i] to 1 where the example rows[i] is of the positive class, and to 0 elsewhere."""
    one = marks.dtype.type(1)
    for i in range(len(rows)):
        marks[i] = one if targets[rows[i]] == 0 else 0 * one


@inner
def logistic_residuals(z, n, targets, rows, weights, terms):
    """Turn scores into residuals sigmoid(z) - y in place; return the summed loss."""
    marks, logs = terms.exponentials, terms.logs
    mark_positives(targets, rows[:n], marks)
    nothing = z.dtype.type(-0.0)  # added to any score, a zero of either sign among them
    logistic_tile(z.reshape(1, len(z)), 0, n, nothing, marks, logs.reshape(1, len(logs)))
    loss = 0.0
    for i in range(n):
        loss += weight(weights, rows[i]) * logs[i]
    return loss


@inner
def softmax_residuals(z, n, n_outputs, targets, rows, weights, terms):
    """Turn scores into residuals softmax(z) - onehot in place; return the summed loss."""
    loss, totals, logs = 0.0, terms.exponentials, terms.logs
    if z.shape[1] * z.itemsize <= VECTOR_BYTES:
        whole = n // EXAMPLES * EXAMPLES
        for i in range(0, whole, EXAMPLES):
            _softmax_tile(z, i, n_outputs, rows, targets, logs, totals)
        for i in range(whole, n):
            _softmax_one(z, i, n_outputs, rows, targets, logs, totals)
    else:
        for i in range(n):
            target = targets[rows[i]]
            top = largest_score(z, i, 0, n_outputs)
            logs[i] = np.float64(z[i, target] - top)
            totals[i] = exp_scores(z, i, n_outputs, top)
            divide_scores(z, i, n_outputs, totals[i])
            z[i, target] -= 1
    for i in range(n):
        loss -= weight(weights, rows[i]) * logs[i]
    log_into(totals, n, logs)
    for i in range(n):
        loss += weight(weights, rows[i]) * logs[i]
    return loss


@inner
def multilabel_residuals(z, n, n_outputs, targets, rows, weights, terms):
    """Turn scores into residuals sigmoid(z) - y in place; return the summed loss.

    What is done for an output is what `logistic_residuals` does. What pads a row is the product
    with weights that are zero, and stays so.
    """
    one, decays, logs = z.dtype.type(1), terms.exponentials, terms.logs
    loss = 0.0
    for k in range(n_outputs):
        for i in range(n):
            decays[i] = -abs(z[i, k])
        exp_inplace(decays, n)
        log1p_into(decays, n, logs)
        for i in range(n):
            score = z[i, k]
            positive = targets[rows[i], k] == 1
            own = max(np.float64(score), 0.0) - (np.float64(score) if positive else 0.0)
            loss += weight(weights, rows[i]) * (own + logs[i])
            probability = (one if score >= 0 else decays[i]) / (one + decays[i])
            z[i, k] = probability - (one if positive else 0 * one)
    return loss


@inner
def residuals(z, n, n_outputs, targets, rows, weights, terms):
    """Turn the scores of n examples into residuals in place; return the summed loss in float64.

    `weights` are those of all examples, or empty; they count for the loss alone. `terms` is
    room for a number an example.
    """
    if targets.ndim == 2:
        return multilabel_residuals(z, n, n_outputs, targets, rows, weights, terms)
    if n_outputs == 1:
        return logistic_residuals(z, n, targets, rows, weights, terms)
    return softmax_residuals(z, n, n_outputs, targets, rows, weights, terms)


@inlined
def add_totals(z, n, bias, targets, rows, weights, terms, bias_sums):
    """Turn the products of n examples into weighted residuals; return the summed loss.

    `bias_sums` gets the sums of the residuals, in float64.
    """
    add_bias(z, n, bias)
    loss = residuals(z, n, len(bias), targets, rows, weights, terms)
    weigh(z, n, weights, rows)
    if len(bias) == 1:  # a sum in memory would wait for itself at each example
        total = bias_sums[0]
        for i in range(n):
            total += z[i, 0]
        bias_sums[0] = total
    else:
        for i in range(n):
            for k in range(len(bias)):
                bias_sums[k] += z[i, k]
    return loss


@inner
def weigh(residuals, n, weights, rows):
    """Multiply each example's residuals by its weight, if there are weights."""
    if len(weights) > 0:
        for i in range(n):
            own = residuals.dtype.type(weights[rows[i]])
            for k in range(residuals.shape[1]):
                residuals[i, k] *= own
