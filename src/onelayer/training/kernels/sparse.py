"""Evaluation of data that is mostly zeros, like the background of pictures.

A feature is ``scale * stored + offset``. So a score is ``scale * (stored . w) + c``, with
``c = bias + offset * sum(w)``, and only the stored values that are not zero take part.

Models are packed into blocks: ``packed`` (blocks, features, padded outputs), the outputs of a
block's models side by side. What pads them is zero.
"""

from __future__ import annotations

import numpy as np

from onelayer.training.kernels.compiler import VECTOR_BYTES, compiled
from onelayer.training.kernels.memory import aligned
from onelayer.training.kernels.score_tiles import is_predicted, largest_score, sum_exp
from onelayer.training.kernels.sparse_tiles import CHAINS, GROUP, make_sparse_dot, take_nonzeros
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
def pack(W, models, a_block, n_outputs, packed):
    """Lay models of W (all models, outputs, features) out in ``packed``, so many to a block."""
    for j in range(len(models)):
        block, first = j // a_block, j % a_block * n_outputs
        for k in range(n_outputs):
            for f in range(packed.shape[1]):
                packed[block, f, first + k] = W[models[j], k, f]


@compiled
def dot(data, rows, W, scale, c, z):
    """Set z[i] = scale * (X[rows[i]] . W) + c."""
    values, features, begins = data
    lanes = VECTOR_BYTES // W.itemsize
    for i in range(len(rows)):
        begin, end = begins[rows[i]], begins[rows[i] + 1]
        k = 0
        while k + 2 * lanes <= W.shape[1]:
            _dot_2(values, features, begin, end, W, scale, c, z, i, k)
            k += 2 * lanes
        if k < W.shape[1]:
            _dot_1(values, features, begin, end, W, scale, c, z, i, k)


@compiled
def constants(W, bias, models, offset, c):
    """Set c to each output's bias + offset * the sum of its weights."""
    n_features, n_outputs = len(W), bias.shape[1]
    for j in range(len(models)):
        for k in range(n_outputs):
            c[j * n_outputs + k] = bias[models[j], k]
    if offset != 0:
        # The scores of an example whose stored values are all the offset.
        begins = np.array([0, -(-n_features // CHAINS) * CHAINS])
        values, features = np.zeros(begins[1], W.dtype), np.zeros(begins[1], np.uint32)
        for f in range(n_features):
            values[f], features[f] = offset, f
        dot((values, features, begins), begins[:1], W, W.dtype.type(1), c, c.reshape(1, len(c)))


@compiled
def evaluate(data, targets, rows, scaling, W, bias, models, losses, correct):
    """Evaluate the models of one block on some examples.

    Parameters
    ----------
    data : (values, features, begins)
    targets, rows, scaling
        As for `onelayer.training.kernels.dense.evaluate`.
    W : (n_features, padded outputs)
        The block.
    bias, models
        Of all models; the numbers of those in the block.
    losses : (len(models),)
        Gets the summed losses; empty if they are not wanted.
    correct : (len(models),)
        Gets the numbers of right predictions.
    """
    width, n_outputs = W.shape[1], bias.shape[1]
    size = ROWS_AT_ONCE * width
    spare = VECTOR_BYTES // W.itemsize  # a whole vector is read from where a model's scores begin
    z = aligned(size + spare, W)[:size].reshape(ROWS_AT_ONCE, width)
    c = aligned(width, W)
    constants(W, bias, models, scaling[1], c)
    correct[:] = 0
    losses[:] = 0
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[start : start + ROWS_AT_ONCE]
        dot(data, some, W, scaling[0], c, z)
        count_correct(z, len(models), n_outputs, targets, some, correct)
        if len(losses) > 0:
            add_losses(z, len(models), n_outputs, targets, some, losses)


@compiled
def count_correct(z, models, n_outputs, targets, rows, correct):
    """Add to the models' numbers of right predictions."""
    for i in range(len(rows)):
        target = targets[rows[i]]
        for m in range(models):
            if n_outputs == 1:
                right = z[i, m] >= 0 if target == 0 else z[i, m] < 0
            else:
                right = is_predicted(z, i, m * n_outputs, n_outputs, target)
            correct[m] += right


@compiled
def add_losses(z, models, n_outputs, targets, rows, losses):
    """Add to the models' summed losses, in float64; the scores are overwritten.

    The forms are those of `onelayer.model.losses`.
    """
    if n_outputs == 1:
        add_logistic_losses(z, models, targets, rows, losses)
        return
    # Apart from the logarithms: their calls would empty the registers of constants each time.
    for i in range(len(rows)):
        target = targets[rows[i]]
        for m in range(models):
            first = m * n_outputs
            top = largest_score(z, i, first, n_outputs)
            total = sum_exp(z, i, first, n_outputs, top)
            z[i, first + 1] = z[i, first + target] - top
            z[i, first] = total
    for i in range(len(rows)):
        for m in range(models):
            first = m * n_outputs
            loss = np.log(np.float64(z[i, first])) - np.float64(z[i, first + 1])
            losses[m] += loss


@compiled
def add_logistic_losses(z, models, targets, rows, losses):
    """Add to the summed losses of models of one output each."""
    n = len(rows)
    flat = aligned(n * models + VECTOR_BYTES // z.itemsize, z)
    decay = flat[: n * models].reshape(n, models)
    for i in range(n):
        for m in range(models):
            decay[i, m] = -abs(z[i, m])
    exp_inplace(flat, n * models)
    for i in range(n):
        positive = targets[rows[i]] == 0
        for m in range(models):
            score = np.float64(z[i, m])
            loss = max(score, 0.0) - (score if positive else 0.0)
            loss += np.log1p(np.float64(decay[i, m]))
            losses[m] += loss
