"""The compiled kernel for data that is mostly zeros, like the background of pictures.

A feature is ``scale * stored + offset``. So a score is ``scale * (stored . w) + c``, with
``c = bias + offset * sum(w)``, and only the stored values that are not zero take part in the
product, and in the update.

Models are packed into blocks: ``W`` (blocks, features, padded outputs), the outputs of a block's
models side by side. What pads them stays zero.
"""

from __future__ import annotations

import numpy as np

from onelayer.training.kernels.compiled import aligned
from onelayer.training.kernels.compiler import VECTOR_BYTES, compiled
from onelayer.training.kernels.sparse_tiles import CHAINS, make_sparse_add, make_sparse_dot
from onelayer.training.kernels.tiles import exp_inplace, take_number

_dot_1, _dot_2, _dot_4 = (make_sparse_dot(n) for n in (1, 2, 4))
_add_1, _add_2, _add_4 = (make_sparse_add(n) for n in (1, 2, 4))


@compiled
def compress(X, feature_type):
    """Return (values, features, begins): row i has values[begins[i]:begins[i + 1]].

    Zeros fill each row up to a multiple of `CHAINS` values.
    """
    begins = np.zeros(len(X) + 1, np.int64)
    for i in range(len(X)):
        count = 0
        for value in X[i]:
            count += value != 0
        begins[i + 1] = begins[i] + -(-count // CHAINS) * CHAINS
    values = np.zeros(begins[-1], X.dtype)
    features = np.zeros(begins[-1], feature_type.dtype)
    for i in range(len(X)):
        p = begins[i]
        for f in range(X.shape[1]):
            if X[i, f] != 0:
                values[p] = X[i, f]
                features[p] = f
                p += 1
    return values, features, begins


@compiled
def dot(data, rows, W, scale, c, z):
    """Set z[i] = scale * (X[rows[i]] . W) + c."""
    values, features, begins = data[0], data[1], data[2]
    lanes = VECTOR_BYTES // W.itemsize
    for i in range(len(rows)):
        begin, end = begins[rows[i]], begins[rows[i] + 1]
        k = 0
        while k + 4 * lanes <= W.shape[1]:
            _dot_4(values, features, begin, end, W, scale, c, z, i, k)
            k += 4 * lanes
        if k + 2 * lanes <= W.shape[1]:
            _dot_2(values, features, begin, end, W, scale, c, z, i, k)
            k += 2 * lanes
        if k < W.shape[1]:
            _dot_1(values, features, begin, end, W, scale, c, z, i, k)


@compiled
def add(data, rows, steps, W):
    """W += sum_i outer(X[rows[i]], steps[i]), example after example."""
    values, features, begins = data[0], data[1], data[2]
    lanes = VECTOR_BYTES // W.itemsize
    for i in range(len(rows)):
        begin, end = begins[rows[i]], begins[rows[i] + 1]
        k = 0
        while k + 4 * lanes <= W.shape[1]:
            _add_4(values, features, begin, end, steps, i, W, k)
            k += 4 * lanes
        if k + 2 * lanes <= W.shape[1]:
            _add_2(values, features, begin, end, steps, i, W, k)
            k += 2 * lanes
        if k < W.shape[1]:
            _add_1(values, features, begin, end, steps, i, W, k)


@compiled
def constants(W, bias, offset, c):
    """Set c = bias + offset * the sum of W over its features."""
    c[:] = 0
    if offset != 0:
        for f in range(len(W)):
            for k in range(len(c)):
                c[k] += W[f, k]
    for k in range(len(c)):
        c[k] = bias[k] + offset * c[k]


@compiled
def logistic_residuals(z, n, models, targets, rows, decay, losses):
    """Turn scores into residuals sigmoid(z) - y in place; add to the models' summed losses."""
    one = z.dtype.type(1)
    width = z.shape[1]
    for i in range(n):
        for k in range(width):
            decay[i * width + k] = -abs(z[i, k])
    exp_inplace(decay, n * width)
    for i in range(n):
        positive = targets[rows[i]] == 0
        for m in range(models):
            score, small = z[i, m], decay[i * width + m]
            loss = max(np.float64(score), 0.0) - (np.float64(score) if positive else 0.0)
            losses[m] += loss + np.log1p(np.float64(small))
            probability = (one if score >= 0 else small) / (one + small)
            z[i, m] = probability - (one if positive else 0 * one)
        z[i, models:] = 0


@compiled
def softmax_residuals(z, flat, n, models, n_outputs, targets, rows, losses):
    """Turn scores into residuals softmax(z) - onehot in place; add to the summed losses.

    `flat` is the same memory as `z`, seen as one row of values.
    """
    width = z.shape[1]
    for i in range(n):
        row = z[i]
        for m in range(models):
            first, last = m * n_outputs, (m + 1) * n_outputs
            top = row[first]
            for k in range(first + 1, last):
                top = max(top, row[k])
            for k in range(first, last):
                row[k] -= top
            losses[m] -= np.float64(row[first + targets[rows[i]]])
        row[models * n_outputs :] = 0
    exp_inplace(flat, n * width)
    for i in range(n):
        row = z[i]
        for m in range(models):
            first, last = m * n_outputs, (m + 1) * n_outputs
            total = row[first]
            for k in range(first + 1, last):
                total += row[k]
            losses[m] += np.log(np.float64(total))
            share = row.dtype.type(1) / total
            for k in range(first, last):
                row[k] *= share
            row[first + targets[rows[i]]] -= 1
        row[models * n_outputs :] = 0


@compiled
def residuals(z, flat, n, models, n_outputs, targets, rows, decay, losses):
    """Turn scores into residuals in place; add to the models' summed losses, in float64."""
    if n_outputs == 1:
        logistic_residuals(z, n, models, targets, rows, decay, losses)
    else:
        softmax_residuals(z, flat, n, models, n_outputs, targets, rows, losses)


@compiled
def scratch(n, W):
    """Return room for the scores of n examples, these flat, and as much again."""
    size = n * W.shape[1]
    spare = VECTOR_BYTES // W.itemsize
    flat = aligned(size + spare, W)
    return flat[:size].reshape(n, W.shape[1]), flat, aligned(size + spare, W)


@compiled
def advance(data, targets, batches, offsets, scaling, W, bias, options, models, n_outputs, losses):
    """Make one step of a block on each batch.

    Parameters
    ----------
    data : (values, features, begins)
    batches, offsets : int arrays
        The rows of batch s are ``batches[offsets[s]:offsets[s + 1]]``.
    scaling : (scale, offset)
    W, bias : (n_features, padded), (padded,)
        Updated in place.
    options : (3, padded)
        Learning rate, l2, and 1 if the bias is penalized else 0, of each output's model.
    models : int
        How many the block holds.
    losses : (steps, models or more)
        Gets the mean losses before the updates.
    """
    scale, offset = scaling[0], scaling[1]
    one = W.dtype.type(1)
    longest = 0
    for s in range(len(losses)):
        longest = max(longest, offsets[s + 1] - offsets[s])
    z, flat, decay = scratch(longest, W)
    c, total, shift, keep, factor = (
        aligned(W.shape[1], W), aligned(W.shape[1], W), aligned(W.shape[1], W),
        aligned(W.shape[1], W), aligned(W.shape[1], W),
    )  # fmt: skip
    for s in range(len(losses)):
        rows = batches[offsets[s] : offsets[s + 1]]
        n = len(rows)
        constants(W, bias, offset, c)
        dot(data, rows, W, scale, c, z)
        losses[s] = 0
        residuals(z, flat, n, models, n_outputs, targets, rows, decay, losses[s])
        losses[s] /= n
        total[:] = 0
        for i in range(n):
            for k in range(len(total)):
                total[k] += z[i, k]
        for k in range(len(total)):
            rate, l2, on_bias = options[0, k], options[1, k], options[2, k]
            per_example = rate / W.dtype.type(n)
            bias[k] = (one - 2 * rate * l2 * on_bias) * bias[k] - per_example * total[k]
            keep[k] = one - 2 * rate * l2
            shift[k] = -per_example * offset * total[k]
            factor[k] = -per_example * scale
        for f in range(len(W)):
            for k in range(len(total)):
                W[f, k] = keep[k] * W[f, k] + shift[k]
        for i in range(n):
            for k in range(len(total)):
                z[i, k] *= factor[k]
        add(data, rows, z, W)


@compiled
def evaluate(data, targets, rows, scaling, W, bias, models, n_outputs, losses, correct):
    """Set the summed losses (unless ``losses`` is empty) and the right predictions of a block."""
    z, flat, decay = scratch(len(rows), W)
    c = aligned(W.shape[1], W)
    constants(W, bias, scaling[1], c)
    dot(data, rows, W, scaling[0], c, z)
    correct[:] = 0
    for i in range(len(rows)):
        target = targets[rows[i]]
        for m in range(models):
            first = m * n_outputs
            best, predicted = z[i, first], 0
            if n_outputs == 1:
                predicted = 0 if best >= 0 else 1
            for k in range(1, n_outputs):
                if z[i, first + k] > best:
                    best, predicted = z[i, first + k], k
            correct[m] += predicted == target
    if len(losses) > 0:
        losses[:] = 0
        residuals(z, flat, len(rows), models, n_outputs, targets, rows, decay, losses)


@compiled
def work(
    counter, train, validation, batches, offsets, scaling, W, bias, options, models, n_outputs,
    losses, before_W, before_bias, rows_a_job, train_correct, validation_loss, validation_correct,
):  # fmt: skip
    """Do jobs until none is left; every thread calls this with the same arguments.

    The first jobs train a block each; then each evaluates a block, as it was before this round, on
    some rows. `counter` deals the jobs out.

    Parameters
    ----------
    train, validation : (data, targets, rows)
    models : (blocks,)
        How many models each block holds.
    losses : (blocks, steps, most models)
    train_correct, validation_correct, validation_loss : (pieces, blocks, most models)
        No pieces: no evaluation.
    """
    blocks = len(models)
    training = blocks if losses.shape[1] > 0 else 0
    on_train = training + len(train_correct) * blocks
    on_validation = on_train + len(validation_correct) * blocks
    no_losses = np.zeros(0)
    while True:
        job = take_number(counter)
        if job >= on_validation:
            return
        if job < training:
            advance(
                train[0], train[1], batches, offsets, scaling, W[job], bias[job], options[job],
                models[job], n_outputs, losses[job],
            )  # fmt: skip
        elif job < on_train:
            piece, block = divmod(job - training, blocks)
            rows = train[2][piece * rows_a_job : (piece + 1) * rows_a_job]
            evaluate(
                train[0], train[1], rows, scaling, before_W[block], before_bias[block],
                models[block], n_outputs, no_losses, train_correct[piece, block],
            )  # fmt: skip
        else:
            piece, block = divmod(job - on_train, blocks)
            rows = validation[2][piece * rows_a_job : (piece + 1) * rows_a_job]
            evaluate(
                validation[0], validation[1], rows, scaling, before_W[block], before_bias[block],
                models[block], n_outputs, validation_loss[piece, block],
                validation_correct[piece, block],
            )  # fmt: skip
