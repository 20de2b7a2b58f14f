"""The compiled kernels of a step on sparse data, whose cost grows with the stored values.

A model lies with its features first: ``V`` (features, padded outputs), so that a stored value meets
one short row of weights. Its weights are ``factor * V``: the penalty, which shrinks all weights in
every step, then costs one multiplication (Bottou, "Stochastic Gradient Descent Tricks", 2012,
section 5.1).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from onelayer.data import Scaling
from onelayer.engines.compiled.compiler import VECTOR_BYTES, compiled
from onelayer.engines.compiled.memory import aligned
from onelayer.engines.compiled.residuals import (
    add_bias,
    residuals,
    update_bias,
    weigh,
    weights_of,
)
from onelayer.engines.compiled.sparse import dot_rows
from onelayer.engines.compiled.sparse_tiles import CHAINS, make_sparse_add

SMALLEST_FACTOR = 1e-6
"""Below it a model's factor is multiplied into its weights, so that nothing overflows."""

_add = make_sparse_add()


def padded_outputs(n_outputs: int, lanes: int) -> int:
    """Return how many outputs are stored for a model."""
    return 1 if n_outputs == 1 else -(-n_outputs // lanes) * lanes


def as_data(
    X: sparse.csr_array, scaling: Scaling, dtype: np.dtype[np.floating]
) -> tuple[NDArray[np.floating], NDArray[np.uint32], NDArray[np.int64]]:
    """Return (values, features, begins) as `sparse.compress` does, with the scale multiplied in."""
    counts = np.diff(X.indptr).astype(np.int64)
    begins = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(-(-counts // CHAINS) * CHAINS, out=begins[1:])
    places = np.arange(len(X.data)) + np.repeat(begins[:-1] - X.indptr[:-1], counts)
    values, features = np.zeros(begins[-1], dtype), np.zeros(begins[-1], np.uint32)
    scale, _ = scaling.per_feature(X.shape[1])
    values[places] = X.data * scale[X.indices]
    features[places] = X.indices
    return values, features, begins


@compiled
def advance(part, batches, offsets, V, factors, bias, options, models, losses):
    """Make one step on each batch, every model in turn.

    Parameters
    ----------
    V, factors : (n, n_features, padded), (n,)
        Updated in place, as is `bias`.
    part, batches, offsets, bias, options, models, losses
        As for `onelayer.engines.compiled.dense.advance`.
    """
    longest = 0
    for s in range(losses.shape[1]):
        longest = max(longest, offsets[s + 1] - offsets[s])
    spare = VECTOR_BYTES // V.itemsize
    flat = aligned(longest * V.shape[2] + spare, V)
    z = flat[: longest * V.shape[2]].reshape(longest, V.shape[2])
    column = aligned(longest + spare, V)
    for s in range(losses.shape[1]):
        rows = batches[offsets[s] : offsets[s + 1]]
        for j in range(len(models)):
            m = models[j]
            losses[j, s] = step(
                part, rows, weights_of(part, m), V[m], factors[m : m + 1], bias[m], options[m], z,
                column,
            )  # fmt: skip


@compiled
def step(part, rows, weights, V, factor, bias, options, z, column):
    """Update one model by one batch; return its mean loss before the update."""
    _, targets, _, _, _, data = part
    n, rate, l2 = len(rows), options[0], options[1]
    dot_rows(data, rows, V, factor[0], z)
    add_bias(z, n, bias)
    loss = residuals(z, n, len(bias), targets, rows, weights, column) / n
    weigh(z, n, weights, rows)
    update_bias(z, n, bias, options)
    factor[0] *= V.dtype.type(1) - 2 * rate * l2
    if not abs(factor[0]) >= SMALLEST_FACTOR:
        for f in range(len(V)):
            for k in range(V.shape[1]):
                V[f, k] *= factor[0]
        factor[0] = 1
    add_rows(data, rows, z, -rate / (V.dtype.type(n) * factor[0]), V)
    return loss


@compiled
def add_rows(data, rows, residuals, rate, V):
    """Set V[f] += rate * sum_i X[rows[i], f] * residuals[i], for the features that are stored."""
    values, features, begins = data
    lanes = VECTOR_BYTES // V.itemsize
    for i in range(len(rows)):
        begin, end = begins[rows[i]], begins[rows[i] + 1]
        if V.shape[1] == 1:
            for p in range(begin, end):
                V[features[p], 0] += values[p] * (rate * residuals[i, 0])
        for k in range(0, V.shape[1] // lanes * lanes, lanes):
            _add(values, features, begin, end, residuals, i, rate, V, k)
