"""The compiled kernel: several models on the same batches, any number of threads.

The models of a stack lie one after another in memory: ``W`` (models, padded classes, features),
classes first, so that features are contiguous. A score is ``scale * (pixels . w) + c``, where c
gathers the bias and the offset of the scaling: no scaled copy of the data is ever made.
"""

from __future__ import annotations

import numpy as np

from onelayer.training.kernels.compiler import WIDE, compiled
from onelayer.training.kernels.tiles import (
    exp_inplace,
    lane_count,
    make_dot_tile,
    make_outer_tile,
    take_number,
)

CLASS_BLOCK = 5
"""Softmax models are padded to a multiple of this many classes; the extra ones stay zero."""

ROWS_OF_ONE = 8
ROWS_OF_BLOCK = 4 if WIDE else 2
VECTORS = 4 if WIDE else 2

_dot_block = make_dot_tile(ROWS_OF_BLOCK, CLASS_BLOCK)
_dot_one = make_dot_tile(ROWS_OF_ONE, 1)
_outer_block = make_outer_tile(CLASS_BLOCK, VECTORS)
_outer_one = make_outer_tile(1, VECTORS)
_outer_block_rest = make_outer_tile(CLASS_BLOCK, 1, masked=True)
_outer_one_rest = make_outer_tile(1, 1, masked=True)


def padded_outputs(n_outputs: int) -> int:
    """Return how many classes are stored for a model."""
    return 1 if n_outputs == 1 else -(-n_outputs // CLASS_BLOCK) * CLASS_BLOCK


@compiled
def dot(X, rows, W, scores):
    """Scores[i, k] = X[rows[i]] . W[k]; room for `ROWS_OF_ONE` more rows than there are."""
    if W.shape[0] == 1:
        for first in range(0, len(rows), ROWS_OF_ONE):
            _dot_one(X, rows, first, W, 0, scores)
    else:
        for k in range(0, W.shape[0], CLASS_BLOCK):
            for first in range(0, len(rows), ROWS_OF_BLOCK):
                _dot_block(X, rows, first, W, k, scores)


@compiled
def update(X, rows, residuals, W, keep, rate, shift):
    """W = keep W + shift + rate residuals^T X[rows], in place."""
    n_features = X.shape[1]
    step = VECTORS * lane_count(W)
    whole = n_features // step * step
    for f in range(0, whole, step):
        if W.shape[0] == 1:
            _outer_one(X, rows, residuals, 0, f, W, keep, rate, shift)
        else:
            for k in range(0, W.shape[0], CLASS_BLOCK):
                _outer_block(X, rows, residuals, k, f, W, keep, rate, shift)
    for f in range(whole, n_features, lane_count(W)):
        if W.shape[0] == 1:
            _outer_one_rest(X, rows, residuals, 0, f, W, keep, rate, shift)
        else:
            for k in range(0, W.shape[0], CLASS_BLOCK):
                _outer_block_rest(X, rows, residuals, k, f, W, keep, rate, shift)


@compiled
def constants(W, bias, offset, ones, c):
    """c[k] = bias[k] + offset * sum_f W[k, f]: what every example's score has in common."""
    c[: len(bias)] = bias
    if offset != 0:
        sums = np.empty((ROWS_OF_ONE + 1, W.shape[0]), W.dtype)
        dot(ones, np.zeros(1, np.int64), W, sums)
        for k in range(len(bias)):
            c[k] += offset * sums[0, k]


@compiled
def logistic_residuals(z, n, targets, rows, scale, c, decay):
    """Turn products into residuals sigmoid(z) - y in place; return the summed loss."""
    one = z.dtype.type(1)
    for i in range(n):
        z[i, 0] = scale * z[i, 0] + c[0]
        decay[i] = -abs(z[i, 0])
    exp_inplace(decay, n)
    loss = 0.0
    for i in range(n):
        score = z[i, 0]
        positive = targets[rows[i]] == 0
        loss += max(np.float64(score), 0.0) - (np.float64(score) if positive else 0.0)
        loss += np.log1p(np.float64(decay[i]))
        probability = (one if score >= 0 else decay[i]) / (one + decay[i])
        z[i, 0] = probability - (one if positive else 0 * one)
    return loss


@compiled
def softmax_residuals(z, n, n_outputs, targets, rows, scale, c, flat):
    """Turn products into residuals softmax(z) - onehot in place; return the summed loss.

    `flat` is the same memory as `z`, seen as one row of values.
    """
    width = z.shape[1]
    loss = 0.0
    for i in range(n):
        row = z[i]
        for k in range(n_outputs):
            row[k] = scale * row[k] + c[k]
        top = row[0]
        for k in range(1, n_outputs):
            top = max(top, row[k])
        for k in range(n_outputs):
            row[k] -= top
        for k in range(n_outputs, width):
            row[k] = -top * 0  # a padded class; NaN stays where it is
        loss -= np.float64(row[targets[rows[i]]])
    exp_inplace(flat, n * width)
    for i in range(n):
        row = z[i]
        total = row[0]
        for k in range(1, n_outputs):
            total += row[k]
        loss += np.log(np.float64(total))
        for k in range(n_outputs):
            row[k] /= total
        for k in range(n_outputs, width):
            row[k] = 0
        row[targets[rows[i]]] -= 1
    return loss


@compiled
def residuals(z, flat, n, n_outputs, targets, rows, scale, c, decay):
    """Turn products into residuals in place; return the summed loss in float64."""
    if n_outputs == 1:
        return logistic_residuals(z, n, targets, rows, scale, c, decay)
    return softmax_residuals(z, n, n_outputs, targets, rows, scale, c, flat)


@compiled
def advance(X, targets, batches, offsets, scaling, W, bias, options, models, losses, ones):
    """Make one step on each batch, every model in turn, so that a batch is fetched once for all.

    Parameters
    ----------
    batches, offsets : int arrays
        The rows of batch s are ``batches[offsets[s]:offsets[s + 1]]``.
    scaling : (scale, offset)
    W, bias : (n, padded, n_features), (n, n_outputs)
        Updated in place.
    options : (n, 3)
        Learning rate, l2, and 1 if the bias is penalized else 0.
    models : int array
        Which of the n are trained.
    losses : (len(models), steps)
        Gets the mean losses before the updates.
    """
    longest = 0
    for s in range(losses.shape[1]):
        longest = max(longest, offsets[s + 1] - offsets[s])
    width = W.shape[1]
    flat = np.zeros((longest + 2 * ROWS_OF_ONE) * width + lane_count(W), W.dtype)
    z = flat[: (longest + ROWS_OF_ONE) * width].reshape(-1, width)
    decay = np.empty(longest + lane_count(W), W.dtype)
    c, shift = np.zeros(width, W.dtype), np.zeros(width, W.dtype)
    for s in range(losses.shape[1]):
        rows = batches[offsets[s] : offsets[s + 1]]
        for j in range(len(models)):
            m = models[j]
            losses[j, s] = step(
                X, targets, rows, scaling, W[m], bias[m], options[m], ones, z, flat, decay, c, shift
            )


@compiled
def step(X, targets, rows, scaling, W, bias, options, ones, z, flat, decay, c, shift):
    """Update one model by one batch; return the batch's mean loss before the update."""
    one = W.dtype.type(1)
    scale, offset = scaling[0], scaling[1]
    rate, l2, on_bias = options[0], options[1], options[2]
    n = len(rows)
    constants(W, bias, offset, ones, c)
    dot(X, rows, W, z)
    loss = residuals(z, flat, n, len(bias), targets, rows, scale, c, decay) / n
    per_row = rate / W.dtype.type(n)
    for k in range(len(bias)):
        total = z[0, k]
        for i in range(1, n):
            total += z[i, k]
        bias[k] = (one - 2 * rate * l2 * on_bias) * bias[k] - per_row * total
        shift[k] = -per_row * offset * total
    update(X, rows, z, W, one - 2 * rate * l2, -per_row * scale, shift)
    return loss


@compiled
def evaluate(X, targets, rows, scaling, W, bias, with_loss, ones):
    """Return the summed loss (0 unless asked for) and the number of right predictions."""
    width, n = W.shape[0], len(rows)
    n_outputs = len(bias)
    scale = scaling[0]
    flat = np.zeros((n + 2 * ROWS_OF_ONE) * width + lane_count(W), W.dtype)
    z = flat[: (n + ROWS_OF_ONE) * width].reshape(-1, width)
    decay = np.empty(n + lane_count(W), W.dtype)
    c = np.zeros(width, W.dtype)
    constants(W, bias, scaling[1], ones, c)
    dot(X, rows, W, z)
    correct = 0
    for i in range(n):
        predicted = 0
        if n_outputs == 1:
            predicted = 0 if scale * z[i, 0] + c[0] >= 0 else 1
        else:
            best = scale * z[i, 0] + c[0]
            for k in range(1, n_outputs):
                score = scale * z[i, k] + c[k]
                if score > best:
                    best, predicted = score, k
        correct += predicted == targets[rows[i]]
    loss = 0.0
    if with_loss:
        loss = residuals(z, flat, n, n_outputs, targets, rows, scale, c, decay)
    return loss, correct


@compiled
def work(
    counter, train, validation, batches, offsets, scaling, W, bias, options, models, models_a_job,
    losses, before_W, before_bias, rows_a_job, train_correct, validation_loss, validation_correct,
    ones,
):  # fmt: skip
    """Do jobs until none is left; every thread calls this with the same arguments.

    The first jobs train some models each; then each evaluates all models, as they were before this
    round, on a block of rows. `counter` deals the jobs out. What a job computes does not depend on
    who does it, and each has its own place for results.

    Parameters
    ----------
    train, validation : (X, targets, rows)
    train_correct, validation_correct, validation_loss : (len(models), blocks)
        No blocks: no evaluation.
    """
    training = -(-len(models) // models_a_job) if losses.shape[1] > 0 else 0
    on_train = training + train_correct.shape[1]
    on_validation = on_train + validation_correct.shape[1]
    while True:
        job = take_number(counter)
        if job >= on_validation:
            return
        if job < training:
            mine = slice(job * models_a_job, min((job + 1) * models_a_job, len(models)))
            advance(
                train[0], train[1], batches, offsets, scaling, W, bias, options, models[mine],
                losses[mine], ones,
            )  # fmt: skip
        elif job < on_train:
            block = job - training
            rows = train[2][block * rows_a_job : (block + 1) * rows_a_job]
            for j in range(len(models)):
                m = models[j]
                _, train_correct[j, block] = evaluate(
                    train[0], train[1], rows, scaling, before_W[m], before_bias[m], False, ones
                )
        else:
            block = job - on_train
            rows = validation[2][block * rows_a_job : (block + 1) * rows_a_job]
            for j in range(len(models)):
                m = models[j]
                validation_loss[j, block], validation_correct[j, block] = evaluate(
                    validation[0], validation[1], rows, scaling, before_W[m], before_bias[m], True,
                    ones,
                )  # fmt: skip
