"""Rows of two parts that are equal, by a hash."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Dataset
from onelayer.diagnosis.subjects.examples import Rows, blocks, dense


def equal_rows(train: Dataset, validation: Dataset) -> tuple[Rows, float]:
    """Return pairs (row of validation, row of training) that are equal, (n, 2), and a share.

    The share of training examples that are equal to another one of training. Found by a hash of
    64 bits; pairs are then compared.
    """
    packed = all(
        isinstance(part.X, np.ndarray) and part.X.dtype == np.uint8 for part in (train, validation)
    )
    hashes, told = _hashes(train, packed=packed)
    wanted, wanted_told = _hashes(validation, packed=packed)
    distinct, first, counts = np.unique(hashes, return_index=True, return_counts=True)
    place = np.minimum(np.searchsorted(distinct, wanted), len(distinct) - 1)
    rows = np.flatnonzero((distinct[place] == wanted) & wanted_told)
    pairs = np.stack([rows, first[place[rows]]], axis=1).astype(np.int64)
    equal = [
        bool(np.array_equal(dense(validation, slice(v, v + 1)), dense(train, slice(t, t + 1))))
        for v, t in pairs[:1000].tolist()
    ]
    pairs = np.concatenate([pairs[:1000][np.array(equal, bool)], pairs[1000:]])
    is_repeated = counts[np.searchsorted(distinct, hashes)] > 1
    return pairs, float(np.mean(is_repeated & told))


def _hashes(data: Dataset, *, packed: bool) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Return a hash of each row, and whether the row has values that tell it from others."""
    d = data.n_features
    factors = np.random.default_rng(16).integers(0, 2**63, d, dtype=np.uint64) * 2 + 1  # odd
    least = min(3, d // 20)
    if not isinstance(data.X, np.ndarray):
        terms = _mixed(data.X.data.astype(np.float64) + 0.0) * factors[data.X.indices]
        total = np.concatenate([[np.uint64(0)], np.cumsum(terms, dtype=np.uint64)])
        hashes = total[data.X.indptr[1:]] - total[data.X.indptr[:-1]]
        return hashes, np.diff(data.X.indptr) > least
    hashes = np.empty(data.n_examples, np.uint64)
    told = np.empty(data.n_examples, bool)
    for block in blocks(data.n_examples, 2048):
        X = np.asarray(data.X[block])
        told[block] = np.count_nonzero(X[:, :1] != X, axis=1) > least
        if packed:
            # Eight pixels at once; what is left of a row is filled with zeros.
            eights = np.pad(X, ((0, 0), (0, -d % 8))).view(np.uint64)
            hashes[block] = _mixed_bits(eights) @ factors[: eights.shape[1]]
        else:
            hashes[block] = _mixed(X.astype(np.float64) + 0.0) @ factors
    return hashes, told


def _mixed(values: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Return the bits of numbers, of which 0 remains 0; −0 was made 0 before."""
    return _mixed_bits(values.view(np.uint64))


def _mixed_bits(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return them with the high bits, which floats differ in, carried to the low ones."""
    return np.asarray(bits ^ (bits >> np.uint64(29)))
