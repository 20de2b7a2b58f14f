"""The compiled kernels of a step on sparse data, whose cost grows with the stored values.

A model lies with its features first: ``V`` (features, padded outputs), so that a stored value meets
one short row of weights. Its weights are ``factor * V``: the penalty, which shrinks all weights in
every step, then costs one multiplication (Bottou, "Stochastic Gradient Descent Tricks", 2012,
section 5.1). Momentum and averages move every weight in every step: there the factor stays 1, or
is multiplied in, and the cost grows with the features.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from onelayer.data import Scaling
from onelayer.engines.compiled.compiler import VECTOR_BYTES, inlined, inner
from onelayer.engines.compiled.memory import scratch
from onelayer.engines.compiled.nonzero_tiles import CHAINS, make_sparse_add
from onelayer.engines.compiled.nonzeros import dot_rows
from onelayer.engines.compiled.parts import Nonzeros, Scratch
from onelayer.engines.compiled.residuals import (
    add_bias,
    add_totals,
    example_weights,
    residuals,
    weigh,
)
from onelayer.engines.compiled.update import accelerate_all, follow_all, kept, update_bias

SMALLEST_FACTOR = 1e-6
"""Below it a model's factor is multiplied into its weights, so that nothing overflows."""

_add = make_sparse_add()


def padded_outputs(n_outputs: int, lanes: int) -> int:
    """Return how many outputs are stored for a model."""
    return 1 if n_outputs == 1 else -(-n_outputs // lanes) * lanes


def as_nonzeros(X: sparse.csr_array, scaling: Scaling, dtype: np.dtype[np.floating]) -> Nonzeros:
    """Return the stored values with the scale multiplied in."""
    counts = np.diff(X.indptr).astype(np.int64)
    begins = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(-(-counts // CHAINS) * CHAINS, out=begins[1:])
    places = np.arange(len(X.data)) + np.repeat(begins[:-1] - X.indptr[:-1], counts)
    values, features = np.zeros(begins[-1], dtype), np.zeros(begins[-1], np.uint32)
    scale, _ = scaling.per_feature(X.shape[1])
    values[places] = X.data * scale[X.indices]
    features[places] = X.indices
    return Nonzeros(values, features, begins)


def step_scratch(batch: int, V: NDArray[np.floating], *, slopes: bool = False) -> Scratch:
    """Return room for the steps of batches of at most so many examples."""
    shape = V.shape[1:] if slopes else (0, 0)
    return scratch((1, V.shape[2]), (batch, V.shape[2]), batch, V.dtype, shape)


@inlined
def advance(scratch, part, steps, models, rule, carried, first, last, chosen, losses):
    """Make all steps, with each of some models in turn.

    Parameters
    ----------
    part : Part
        Of `Nonzeros`.
    models : ScaledModels
        Updated in place.
    scratch, steps, rule, carried, first, last, chosen, losses
        As for `onelayer.engines.compiled.steps.advance`.
    """
    V, factors, bias = models.V, models.factors, models.bias
    for s in range(losses.shape[1]):
        rows = steps.rows[steps.offsets[s] : steps.offsets[s + 1]]
        for j in range(first, last):
            m = chosen[j]
            share = steps.averaging[j, s] if carried.average_of[m] >= 0 else V.dtype.type(1)
            losses[j, s] = step(
                scratch, part, rows, m, V[m], factors[m : m + 1], bias[m], steps.rates[j, s],
                share, rule, carried,
            )  # fmt: skip


@inlined
def total(scratch, part, rows, models, chosen, j, losses, V_sums, bias_sums):
    """Add up loss and gradient of model chosen[j] over some examples.

    Parameters
    ----------
    scratch, part, models, chosen
        As for `advance`; the factors are 1.
    rows : int array
    losses, bias_sums
        As for `onelayer.engines.compiled.dense.total`.
    V_sums : (len(chosen), features, padded outputs)
        Gets x^T residuals, in the type of the arithmetic.
    """
    V, bias, z = models.V, models.bias, scratch.z
    m, one, at_once = chosen[j], models.V.dtype.type(1), len(scratch.z)
    weights = example_weights(part, m)
    for start in range(0, len(rows), at_once):
        some = rows[start : start + at_once]
        n = len(some)
        dot_rows(part.X, some, V[m], one, scratch.x[0], z)
        losses[j] += add_totals(
            z, n, bias[m], part.targets, some, weights, scratch.terms, bias_sums[j]
        )
        add_rows(part.X, some, z, one, V_sums[j])


@inlined
def step(scratch, part, rows, m, V, factor, bias, rate, share, rule, carried):
    """Update model m by one batch; return its mean loss before the update."""
    z, slopes, n = scratch.z, scratch.slopes, len(rows)
    weights = example_weights(part, m)
    dot_rows(part.X, rows, V, factor[0], scratch.x[0], z)
    add_bias(z, n, bias)
    loss = residuals(z, n, len(bias), part.targets, rows, weights, scratch.terms) / n
    weigh(z, n, weights, rows)
    if carried.velocity_of[m] < 0:
        update_bias(z, n, bias, rate, rule.l2[m], rule.on_bias[m])
        factor[0] *= kept(rate, rule.l2[m], V)
        if not abs(factor[0]) >= SMALLEST_FACTOR:
            for f in range(len(V)):
                for k in range(V.shape[1]):
                    V[f, k] *= factor[0]
            factor[0] = 1
        add_rows(part.X, rows, z, -rate / (V.dtype.type(n) * factor[0]), V)
    else:
        slopes[:] = 0
        add_rows(part.X, rows, z, V.dtype.type(1) / V.dtype.type(n), slopes)
        accelerate_all(m, V, bias, slopes, z, n, rate, rule, carried)
    if carried.average_of[m] >= 0:
        follow_all(m, V, factor[0], bias, share, carried)
    return loss


@inner
def add_rows(data, rows, residuals, rate, V):
    """Set V[f] += rate * sum_i X[rows[i], f] * residuals[i], for the features that are stored."""
    values, features, begins = data.values, data.features, data.begins
    lanes = VECTOR_BYTES // V.itemsize
    for i in range(len(rows)):
        begin, end = begins[rows[i]], begins[rows[i] + 1]
        if V.shape[1] == 1:
            for p in range(begin, end):
                V[features[p], 0] += values[p] * (rate * residuals[i, 0])
        for k in range(0, V.shape[1] // lanes * lanes, lanes):
            _add(values, features, begin, end, residuals, i, rate, V, k)
