"""Evaluation of data that is mostly zeros, like the background of pictures.

A feature is ``scale[f] * stored + offset[f]``. So a score is ``stored . (scale * w) + c``, with
``c = bias + offset . w``, and only the stored values that are not zero take part.

Models are packed into blocks: ``packed`` (blocks, features + 1, padded outputs), the outputs of a
block's models side by side. What pads them is zero, and the last row is c.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from onelayer.engines.compiled.compiler import VECTOR_BYTES, compiled, inlined, inner
from onelayer.engines.compiled.function_tiles import exp_inplace, log1p_into, log_into
from onelayer.engines.compiled.memory import scratch
from onelayer.engines.compiled.nonzero_tiles import CHAINS, GROUP, make_sparse_dot, take_nonzeros
from onelayer.engines.compiled.parts import Nonzeros, Scratch
from onelayer.engines.compiled.residuals import count_correct, example_weights, weight
from onelayer.engines.compiled.score_tiles import largest_score, sum_exp

ROWS_AT_ONCE = 128
"""Examples whose scores are held at a time."""

_dot_1, _dot_2 = make_sparse_dot(1), make_sparse_dot(2)


@compiled
def compress(X, feature_type):
    """Return the fields of `Nonzeros`; the numbers of features get the given type."""
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


def compressed(X: NDArray[np.generic]) -> Nonzeros:
    """Return the values of a dense array that are not zero."""
    number = np.uint16 if X.shape[1] <= 2**16 else np.uint32
    return Nonzeros(*compress(X, np.zeros(0, number)))  # type: ignore[no-untyped-call]


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


@inner
def dot(data, rows, W, z):
    """Set z[i] = X[rows[i]] . W + c, where c is the last row of ``W``."""
    add_products(data, rows, W, W.dtype.type(1), W[-1], z)


@inner
def dot_rows(data, rows, W, factor, nothing, z):
    """Set z[i] = factor * (X[rows[i]] . W); ``nothing`` is a row of zeros."""
    if W.shape[1] > 1:
        add_products(data, rows, W, factor, nothing, z)
        return
    values, features, begins = data.values, data.features, data.begins
    zero = W.dtype.type(0)
    for i in range(len(rows)):
        first, second, third, fourth = zero, zero, zero, zero
        for p in range(begins[rows[i]], begins[rows[i] + 1], CHAINS):
            first += values[p] * W[features[p], 0]
            second += values[p + 1] * W[features[p + 1], 0]
            third += values[p + 2] * W[features[p + 2], 0]
            fourth += values[p + 3] * W[features[p + 3], 0]
        z[i, 0] = factor * ((first + second) + (third + fourth))


@inner
def add_products(data, rows, W, factor, c, z):
    """Set z[i] = factor * (X[rows[i]] . W) + c, in whole vectors of outputs."""
    values, features, begins = data.values, data.features, data.begins
    lanes = VECTOR_BYTES // W.itemsize
    for i in range(len(rows)):
        begin, end = begins[rows[i]], begins[rows[i] + 1]
        k = 0
        while k + 2 * lanes <= W.shape[1]:
            _dot_2(values, features, begin, end, W, factor, c, z, i, k)
            k += 2 * lanes
        if k < W.shape[1]:
            _dot_1(values, features, begin, end, W, factor, c, z, i, k)


def evaluation_scratch(packed: NDArray[np.floating], models: int) -> Scratch:
    """Return room for an evaluation of so many models."""
    width = packed.shape[2]
    return scratch((1, width), (ROWS_AT_ONCE, width), ROWS_AT_ONCE * models, packed.dtype)


@inlined
def evaluate(scratch, part, also, rows, W, n_outputs, chosen, losses, correct, also_correct):
    """Evaluate the models of one block on some examples.

    Parameters
    ----------
    scratch : Scratch
        See `evaluation_scratch`.
    part, also, rows
        As for `onelayer.engines.compiled.dense.evaluate`.
    W : (n_features + 1, padded outputs)
        The block.
    n_outputs : int
        Of one model.
    chosen
        The numbers of those in the block.
    losses : (len(chosen),)
        Gets the summed losses; empty if they are not wanted.
    correct, also_correct : (len(chosen),)
        Get the summed weights of the examples with a right prediction.
    """
    targets, z = part.targets, scratch.z
    correct[:] = 0
    also_correct[:] = 0
    losses[:] = 0
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[start : start + ROWS_AT_ONCE]
        dot(part.X, some, W, z)
        for j in range(len(chosen)):
            weights = example_weights(part, chosen[j])
            correct[j] += count_correct(z, j * n_outputs, n_outputs, targets, some, weights)
            if len(also_correct) > 0:
                weights = example_weights(also, chosen[j])
                also_correct[j] += count_correct(
                    z, j * n_outputs, n_outputs, targets, some, weights
                )
        if len(losses) > 0:
            add_losses(z, scratch.terms, part, targets, chosen, n_outputs, some, losses)


@inner
def add_losses(z, terms, part, targets, chosen, n_outputs, rows, losses):
    """Add to the models' summed losses, in float64; the scores are overwritten.

    The forms are those of `onelayer.model.losses`.
    """
    if targets.ndim == 2:
        add_multilabel_losses(z, terms, part, targets, chosen, n_outputs, rows, losses)
        return
    if n_outputs == 1:
        add_logistic_losses(z, terms, part, chosen, rows, losses)
        return
    n, models, logs = len(rows), len(chosen), terms.logs
    for i in range(n):
        target = targets[rows[i]]
        for j in range(models):
            first = j * n_outputs
            top = largest_score(z, i, first, n_outputs)
            terms.exponentials[i * models + j] = sum_exp(z, i, first, n_outputs, top)
            z[i, first] = z[i, first + target] - top
    log_into(terms.exponentials, n * models, logs)
    for j in range(models):
        weights = example_weights(part, chosen[j])
        for i in range(n):
            loss = logs[i * models + j] - np.float64(z[i, j * n_outputs])
            losses[j] += weight(weights, rows[i]) * loss


@inner
def add_logistic_losses(z, terms, part, chosen, rows, losses):
    """Add to the summed losses of models of one output each."""
    targets, decays, logs = part.targets, terms.exponentials, terms.logs
    n, models = len(rows), len(chosen)
    for i in range(n):
        for j in range(models):
            decays[i * models + j] = -abs(z[i, j])
    exp_inplace(decays, n * models)
    log1p_into(decays, n * models, logs)
    for j in range(models):
        weights = example_weights(part, chosen[j])
        for i in range(n):
            score = np.float64(z[i, j])
            loss = max(score, 0.0) - (score if targets[rows[i]] == 0 else 0.0)
            loss += logs[i * models + j]
            losses[j] += weight(weights, rows[i]) * loss


@inner
def add_multilabel_losses(z, terms, part, targets, chosen, n_outputs, rows, losses):
    """Add to the summed losses of models with a matrix of targets, output by output."""
    n, decays, logs = len(rows), terms.exponentials, terms.logs
    for j in range(len(chosen)):
        weights = example_weights(part, chosen[j])
        for k in range(n_outputs):
            output = j * n_outputs + k
            for i in range(n):
                decays[i] = -abs(z[i, output])
            exp_inplace(decays, n)
            log1p_into(decays, n, logs)
            for i in range(n):
                score = np.float64(z[i, output])
                loss = max(score, 0.0) - (score if targets[rows[i], k] == 1 else 0.0)
                loss += logs[i]
                losses[j] += weight(weights, rows[i]) * loss
