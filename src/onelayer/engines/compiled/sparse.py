"""Evaluation of data that is mostly zeros, like the background of pictures.

A feature is ``scale[f] * stored + offset[f]``. So a score is ``stored . (scale * w) + c``, with
``c = bias + offset . w``, and only the stored values that are not zero take part.

Models are packed into blocks: ``packed`` (blocks, features + 1, padded outputs), the outputs of a
block's models side by side. What pads them is zero, and the last row is c.
"""

from __future__ import annotations

import numpy as np

from onelayer.engines.compiled.compiler import VECTOR_BYTES, compiled
from onelayer.engines.compiled.memory import aligned
from onelayer.engines.compiled.residuals import count_correct, weight, weights_of
from onelayer.engines.compiled.score_tiles import largest_score, sum_exp
from onelayer.engines.compiled.sparse_tiles import CHAINS, GROUP, make_sparse_dot, take_nonzeros
from onelayer.engines.compiled.tiles import exp_inplace

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
    whole = X.shape[1] // GROUP * GROUP
    for i in range(len(X)):
        p = begins[i]
        for f in range(0, whole, GROUP):
            p = take_nonzeros(X, i, f, values, features, p)
        for f in range(whole, X.shape[1]):
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
def evaluate(part, also, rows, W, n_outputs, models, losses, correct, also_correct):
    """Evaluate the models of one block on some examples.

    Parameters
    ----------
    part, also, rows
        As for `onelayer.engines.compiled.dense.evaluate`.
    W : (n_features + 1, padded outputs)
        The block.
    n_outputs : int
        Of one model.
    models
        The numbers of those in the block.
    losses : (len(models),)
        Gets the summed losses; empty if they are not wanted.
    correct, also_correct : (len(models),)
        Get the summed weights of the examples with a right prediction.
    """
    _, targets, _, _, _, data = part
    width = W.shape[1]
    size = ROWS_AT_ONCE * width
    spare = VECTOR_BYTES // W.itemsize  # a whole vector is read from where a model's scores begin
    z = aligned(size + spare, W)[:size].reshape(ROWS_AT_ONCE, width)
    correct[:] = 0
    also_correct[:] = 0
    losses[:] = 0
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[start : start + ROWS_AT_ONCE]
        dot(data, some, W, z)
        for j in range(len(models)):
            weights = weights_of(part, models[j])
            correct[j] += count_correct(z, j * n_outputs, n_outputs, targets, some, weights)
            if len(also_correct) > 0:
                weights = weights_of(also, models[j])
                also_correct[j] += count_correct(
                    z, j * n_outputs, n_outputs, targets, some, weights
                )
        if len(losses) > 0:
            add_losses(z, part, models, n_outputs, some, losses)


@compiled
def add_losses(z, part, models, n_outputs, rows, losses):
    """Add to the models' summed losses, in float64; the scores are overwritten.

    The forms are those of `onelayer.model.losses`.
    """
    if n_outputs == 1:
        add_logistic_losses(z, part, models, rows, losses)
        return
    _, targets, _, _, _, _ = part
    # Apart from the logarithms: their calls would empty the registers of constants each time.
    for i in range(len(rows)):
        target = targets[rows[i]]
        for j in range(len(models)):
            first = j * n_outputs
            top = largest_score(z, i, first, n_outputs)
            total = sum_exp(z, i, first, n_outputs, top)
            z[i, first + 1] = z[i, first + target] - top
            z[i, first] = total
    for j in range(len(models)):
        first, weights = j * n_outputs, weights_of(part, models[j])
        for i in range(len(rows)):
            loss = np.log(np.float64(z[i, first])) - np.float64(z[i, first + 1])
            losses[j] += weight(weights, rows[i]) * loss


@compiled
def add_logistic_losses(z, part, models, rows, losses):
    """Add to the summed losses of models of one output each."""
    _, targets, _, _, _, _ = part
    n = len(rows)
    flat = aligned(n * len(models) + VECTOR_BYTES // z.itemsize, z)
    decay = flat[: n * len(models)].reshape(n, len(models))
    for i in range(n):
        for j in range(len(models)):
            decay[i, j] = -abs(z[i, j])
    exp_inplace(flat, n * len(models))
    for j in range(len(models)):
        weights = weights_of(part, models[j])
        for i in range(n):
            score = np.float64(z[i, j])
            loss = max(score, 0.0) - (score if targets[rows[i]] == 0 else 0.0)
            loss += np.log1p(np.float64(decay[i, j]))
            losses[j] += weight(weights, rows[i]) * loss
