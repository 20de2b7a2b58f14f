"""The compiled kernels of a step, and of the evaluation of dense data.

A batch, or a block of an evaluation, is first gathered into a scratch array as scaled floats, where
it stays in the cache while all models use it. No copy of the data set is ever made.

The models of a stack lie one after another in memory: ``W`` (models, padded classes, padded
features), so that features are contiguous. Padded classes and features stay zero.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from onelayer.engines.compiled.compiler import LANES_BYTES, VECTOR_BYTES, WIDE, inlined, inner
from onelayer.engines.compiled.dot_tiles import make_dot_tile
from onelayer.engines.compiled.memory import scratch
from onelayer.engines.compiled.parts import Scratch
from onelayer.engines.compiled.residuals import (
    add_bias,
    add_totals,
    count_correct,
    example_weights,
    residuals,
    weigh,
)
from onelayer.engines.compiled.tiles import (
    make_outer_tile,
    prefetch_row,
    scale_row,
)
from onelayer.engines.compiled.update import accelerate_all, follow_all, kept, update_bias

CLASS_BLOCK = 5
"""Softmax models are padded to a multiple of this many classes."""

ROWS = 4 if WIDE else 2
"""Examples of a tile."""

VECTORS = 4 if WIDE else 2
"""Vectors of features in a tile of weights."""

FEATURE_BYTES = 4096
"""Features of a product that are added up together: so many of five classes and two examples stay
in the first-level cache, 1024 in single precision."""

ROUND = 4
"""Scratch arrays have a multiple of so many examples: whole tiles on every processor."""

MOST_ROWS_AT_ONCE = 128
BYTES_AT_ONCE = 2**19
"""Examples gathered at a time in an evaluation: few enough for the second-level cache. Losses are
added up block by block, so that their number is the same on every processor."""

ROWS_PER_SUM = 512
"""Examples whose gradients are added up in the type of the arithmetic, and then in float64."""

MOST_ADDED = 2 + max(n + -(-ROWS_PER_SUM // n) for n in (ROUND, MOST_ROWS_AT_ONCE))
"""Operations by which a sum is rounded until then: a block of examples is added up by itself, and
then to the blocks before it."""

TOGETHER = 4
"""Models of one output whose steps are made side by side, as if each were a class."""

ROWS_AHEAD = 8
"""How many examples before its turn the memory is asked for one."""

_dot_block = make_dot_tile(ROWS, CLASS_BLOCK)
_dot_one = make_dot_tile(ROWS, 1)
_outer_block = make_outer_tile(CLASS_BLOCK, VECTORS)
_outer_block_rest = make_outer_tile(CLASS_BLOCK, 1)
_outer_one = make_outer_tile(1, VECTORS)
_outer_one_rest = make_outer_tile(1, 1)


def padded_outputs(n_outputs: int) -> int:
    """Return how many classes are stored for a model."""
    return 1 if n_outputs == 1 else -(-n_outputs // CLASS_BLOCK) * CLASS_BLOCK


@inner
def gather(X, rows, scaling, x):
    """Set x[i, f] = scale[f] * X[rows[i], f] + offset[f], rounded once.

    The padding of ``x`` stays zero.
    """
    scale, offset = scaling[0], scaling[1]
    for i in range(len(rows)):
        if i + ROWS_AHEAD < len(rows):
            prefetch_row(X, rows[i + ROWS_AHEAD])
        scale_row(X, rows[i], scale, offset, x, i)


@inner
def dot(x, n, W, z):
    """Set z[i, k] = x[i] . W[k] for the first n examples, and for what fills the last tile.

    Some features are added up after others, in the same portions on every processor.
    """
    at_once = FEATURE_BYTES // W.itemsize
    for f in range(0, W.shape[1], at_once):
        count = min(at_once, W.shape[1] - f)
        if W.shape[0] == 1:
            for first in range(0, n, ROWS):
                _dot_one(x, first, W, 0, f, count, z)
        else:
            # Classes outside: their weights stay in the first-level cache for all examples.
            for k in range(0, W.shape[0], CLASS_BLOCK):
                for first in range(0, n, ROWS):
                    _dot_block(x, first, W, k, f, count, z)


@inner
def update_some(x, n, residuals, W, keep, rate, begin, end):
    """W = keep W + rate residuals^T x over the first n examples, in place, for some features."""
    lanes = VECTOR_BYTES // W.itemsize
    whole = begin + (end - begin) // (VECTORS * lanes) * VECTORS * lanes
    if W.shape[0] == 1:
        for f in range(begin, whole, VECTORS * lanes):
            _outer_one(x, n, residuals, 0, f, W, keep, rate)
        for f in range(whole, end, lanes):
            _outer_one_rest(x, n, residuals, 0, f, W, keep, rate)
    else:
        for f in range(begin, whole, VECTORS * lanes):
            for k in range(0, W.shape[0], CLASS_BLOCK):
                _outer_block(x, n, residuals, k, f, W, keep, rate)
        for f in range(whole, end, lanes):
            for k in range(0, W.shape[0], CLASS_BLOCK):
                _outer_block_rest(x, n, residuals, k, f, W, keep, rate)


@inlined
def update(x, n, residuals, W, keep, rate):
    """Do `update_some` for all features."""
    update_some(x, n, residuals, W, keep, rate, 0, W.shape[1])


@inlined
def step(scratch, part, rows, m, W, bias, rate, share, rule, carried):
    """Update model m by one gathered batch; return its mean loss before the update.

    Plain, W <- W - rate (x^T residuals / n + 2 l2 W), and so the bias, penalized or not.
    """
    x, z, slopes, n = scratch.x, scratch.z, scratch.slopes, len(rows)
    weights = example_weights(part, m)
    dot(x, n, W, z)
    add_bias(z, n, bias)
    loss = residuals(z, n, len(bias), part.targets, rows, weights, scratch.terms) / n
    weigh(z, n, weights, rows)
    if carried.velocity_of[m] < 0:
        update_bias(z, n, bias, rate, rule.l2[m], rule.on_bias[m])
        update(x, n, z, W, kept(rate, rule.l2[m], W), -rate / W.dtype.type(n))
    else:
        slopes[:] = 0
        update(x, n, z, slopes, W.dtype.type(1), W.dtype.type(1) / W.dtype.type(n))
        accelerate_all(m, W, bias, slopes, z, n, rate, rule, carried)
    if carried.average_of[m] >= 0:
        follow_all(m, W, W.dtype.type(1), bias, share, carried)
    return loss


@inlined
def total(
    scratch, part, rows, scaling, models, first, last, chosen, sums, losses, W_sums, bias_sums
):
    """Add up loss and gradient of some models over some examples, in float64.

    Parameters
    ----------
    scratch, part, scaling, models, first, last, chosen
        As for `onelayer.engines.compiled.steps.advance`.
    rows : int array
    sums : (last - first, padded outputs, padded features)
        Room for sums over few examples, in the type of the arithmetic.
    losses : (len(chosen),)
    W_sums : (len(chosen), padded outputs, padded features) float64
    bias_sums : (len(chosen), outputs) float64
        Get the sums of losses, of residuals^T x, and of residuals.
    """
    W, bias, x, z = models.W, models.bias, scratch.x, scratch.z
    one, at_once = W.dtype.type(1), len(scratch.x)
    held = 0
    for start in range(0, len(rows), at_once):
        some = rows[start : start + at_once]
        n = len(some)
        gather(part.X, some, scaling, x)
        for j in range(first, last):
            m = chosen[j]
            weights = example_weights(part, m)
            dot(x, n, W[m], z)
            losses[j] += add_totals(
                z, n, bias[m], part.targets, some, weights, scratch.terms, bias_sums[j]
            )
            update(x, n, z, sums[j - first], one if held > 0 else 0 * one, one)
        held += n
        if held >= ROWS_PER_SUM or start + at_once >= len(rows):
            for j in range(first, last):
                for k in range(W.shape[1]):
                    for f in range(W.shape[2]):
                        W_sums[j, k, f] += sums[j - first, k, f]
            held = 0


def step_scratch(batch: int, W: NDArray[np.floating], *, slopes: bool = False) -> Scratch:
    """Return room for the steps of batches of at most so many examples."""
    rows = -(-batch // ROUND) * ROUND
    # Scores of models of one output lie side by side, each row where a vector may be read.
    whole = LANES_BYTES // W.itemsize
    scores = TOGETHER * -(-batch // whole) * whole if W.shape[1] == 1 else rows
    shape = W.shape[1:] if slopes else (0, 0)
    return scratch((rows, W.shape[2]), (scores, W.shape[1]), scores, W.dtype, shape)


def evaluation_scratch(W: NDArray[np.floating]) -> Scratch:
    """Return room for an evaluation: as many examples as stay in the second-level cache."""
    fit = BYTES_AT_ONCE // (W.shape[2] * W.itemsize) // ROUND * ROUND
    return step_scratch(min(MOST_ROWS_AT_ONCE, max(ROUND, fit)), W)


@inlined
def evaluate(scratch, part, also, rows, scaling, models, chosen, losses, correct, also_correct):
    """Evaluate models on some examples.

    Parameters
    ----------
    scratch, part, scaling, models
        As for `onelayer.engines.compiled.steps.advance`.
    also : Part
        The same examples with other weights.
    rows : int array
    chosen : int array
        The numbers of the models.
    losses : (len(chosen),)
        Gets the summed losses; empty if they are not wanted.
    correct, also_correct : (len(chosen),)
        Get the summed weights of the examples with a right prediction, as ``part`` and as ``also``
        weigh them; the second is empty if it is not wanted.
    """
    W, bias, targets = models.W, models.bias, part.targets
    x, z, terms = scratch.x, scratch.z, scratch.terms
    at_once = len(x)
    correct[:] = 0
    also_correct[:] = 0
    losses[:] = 0
    for start in range(0, len(rows), at_once):
        some = rows[start : start + at_once]
        gather(part.X, some, scaling, x)
        for j in range(len(chosen)):
            m = chosen[j]
            weights = example_weights(part, m)
            n, n_outputs = len(some), bias.shape[1]
            dot(x, n, W[m], z)
            add_bias(z, n, bias[m])
            correct[j] += count_correct(z, 0, n_outputs, targets, some, weights)
            if len(also_correct) > 0:
                others = example_weights(also, m)
                also_correct[j] += count_correct(z, 0, n_outputs, targets, some, others)
            if len(losses) > 0:
                losses[j] += residuals(z, n, n_outputs, targets, some, weights, terms)
