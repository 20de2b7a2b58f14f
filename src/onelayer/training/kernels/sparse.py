"""Evaluation of data that is mostly zeros, like the background of pictures.

A feature is ``scale[f] * stored + offset[f]``. So a score is ``stored . (scale * w) + c``, with
``c = bias + offset . w``, and only the stored values that are not zero take part.

Models are packed into blocks: ``packed`` (blocks, features + 1, padded outputs), the outputs of a
block's models side by side. What pads them is zero, and the last row is c.
"""

from __future__ import annotations

import numpy as np

from onelayer.training.kernels.compiler import VECTOR_BYTES, compiled
from onelayer.training.kernels.dense import weight, weights_of
from onelayer.training.kernels.memory import aligned
from onelayer.training.kernels.sparse_tiles import CHAINS, make_sparse_dot
from onelayer.training.kernels.tiles import exp_inplace

ROWS_AT_ONCE = 128
"""Examples whose scores are held at a time."""

_dot_1, _dot_2 = make_sparse_dot(1), make_sparse_dot(2)


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
def pack(W, bias, scaling, models, a_block, packed):
    """Lay models of W (all models, outputs, features) out in ``packed``, so many to a block.

    Each row of a block holds the weights of one feature times its scale; the last row holds c.
    """
    n_features, n_outputs = packed.shape[1] - 1, bias.shape[1]
    for j in range(len(models)):
        block, first = j // a_block, j % a_block * n_outputs
        for k in range(n_outputs):
            c = bias[models[j], k]
            for f in range(n_features):
                packed[block, f, first + k] = W[models[j], k, f] * scaling[0, f]
                c += W[models[j], k, f] * scaling[1, f]
            packed[block, n_features, first + k] = c


@compiled
def dot(data, rows, W, z):
    """Set z[i] = X[rows[i]] . W + c, where c is the last row of ``W``."""
    add_products(data, rows, W, W.dtype.type(1), W[-1], z)


@compiled
def dot_rows(data, rows, W, factor, z):
    """Set z[i] = factor * (X[rows[i]] . W)."""
    if W.shape[1] > 1:
        add_products(data, rows, W, factor, aligned(W.shape[1], W), z)
        return
    values, features, begins = data
    zero = W.dtype.type(0)
    for i in range(len(rows)):
        first, second, third, fourth = zero, zero, zero, zero
        for p in range(begins[rows[i]], begins[rows[i] + 1], CHAINS):
            first += values[p] * W[features[p], 0]
            second += values[p + 1] * W[features[p + 1], 0]
            third += values[p + 2] * W[features[p + 2], 0]
            fourth += values[p + 3] * W[features[p + 3], 0]
        z[i, 0] = factor * ((first + second) + (third + fourth))


@compiled
def add_products(data, rows, W, factor, c, z):
    """Set z[i] = factor * (X[rows[i]] . W) + c, in whole vectors of outputs."""
    values, features, begins = data
    lanes = VECTOR_BYTES // W.itemsize
    for i in range(len(rows)):
        begin, end = begins[rows[i]], begins[rows[i] + 1]
        k = 0
        while k + 2 * lanes <= W.shape[1]:
            _dot_2(values, features, begin, end, W, factor, c, z, i, k)
            k += 2 * lanes
        if k < W.shape[1]:
            _dot_1(values, features, begin, end, W, factor, c, z, i, k)


@compiled
def evaluate(part, rows, W, n_outputs, models, losses, correct):
    """Evaluate the models of one block on some examples.

    Parameters
    ----------
    part, rows
        As for `onelayer.training.kernels.dense.evaluate`.
    W : (n_features + 1, padded outputs)
        The block.
    n_outputs : int
        Of one model.
    models
        The numbers of those in the block.
    losses : (len(models),)
        Gets the summed losses; empty if they are not wanted.
    correct : (len(models),)
        Gets the summed weights of the examples with a right prediction.
    """
    _, targets, _, _, _, data = part
    width = W.shape[1]
    size = ROWS_AT_ONCE * width
    flat = aligned(size + VECTOR_BYTES // W.itemsize, W)
    z = flat[:size].reshape(ROWS_AT_ONCE, width)
    correct[:] = 0
    losses[:] = 0
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[start : start + ROWS_AT_ONCE]
        dot(data, some, W, z)
        for j in range(len(models)):
            correct[j] += count_correct(
                z, j * n_outputs, n_outputs, targets, some, weights_of(part, models[j])
            )
        if len(losses) > 0:
            add_losses(z, flat, part, models, n_outputs, some, losses)


@compiled
def count_correct(z, first, n_outputs, targets, rows, weights):
    """Return the summed weights of the examples that one model predicts right."""
    correct = 0.0
    for i in range(len(rows)):
        best, predicted = z[i, first], 0
        if n_outputs == 1:
            predicted = 0 if best >= 0 else 1
        for k in range(1, n_outputs):
            if z[i, first + k] > best:
                best, predicted = z[i, first + k], k
        if predicted == targets[rows[i]]:
            correct += weight(weights, rows[i])
    return correct


@compiled
def add_losses(z, flat, part, models, n_outputs, rows, losses):
    """Add to the models' summed losses, in float64. `flat` is the memory of the scores ``z``.

    The forms are those of `onelayer.model.losses`; the scores are overwritten.
    """
    _, targets, _, _, _, _ = part
    n, width = len(rows), z.shape[1]
    for i in range(n):
        target = targets[rows[i]]
        for m in range(len(models)):
            first = m * n_outputs
            own = weight(weights_of(part, models[m]), rows[i])
            if n_outputs == 1:
                score = np.float64(z[i, m])
                losses[m] += own * (max(score, 0.0) - (score if target == 0 else 0.0))
                z[i, m] = -abs(z[i, m])
                continue
            top = z[i, first]
            for k in range(first + 1, first + n_outputs):
                top = max(top, z[i, k])
            for k in range(first, first + n_outputs):
                z[i, k] -= top
            losses[m] -= own * np.float64(z[i, first + target])
        z[i, len(models) * n_outputs :] = 0
    exp_inplace(flat, n * width)
    for i in range(n):
        for m in range(len(models)):
            first = m * n_outputs
            own = weight(weights_of(part, models[m]), rows[i])
            if n_outputs == 1:
                losses[m] += own * np.log1p(np.float64(z[i, m]))
                continue
            total = z[i, first]
            for k in range(first + 1, first + n_outputs):
                total += z[i, k]
            losses[m] += own * np.log(np.float64(total))
