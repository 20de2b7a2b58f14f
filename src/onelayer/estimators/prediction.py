"""Scores and probabilities from coefficients, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

Floats = NDArray[np.float64]

_VALUES_AT_ONCE = 2**20

# Coefficients of a diverged run may give scores beyond float64; differences of these do not.
_LARGEST = 1e300


def blocks(n: int, values_a_row: int) -> Iterator[slice]:
    """Yield slices of rows, of about a million values each."""
    rows = max(1, _VALUES_AT_ONCE // max(1, values_a_row))
    for start in range(0, n, rows):
        yield slice(start, min(start + rows, n))


def linear_scores(X: Any, coef: Floats, intercept: Floats) -> Floats:
    """Return X @ coef.T + intercept in float64, shape (n, n_outputs).

    A memory map is read block by block, and only a block at a time becomes float64.
    """
    scores = np.empty((X.shape[0], len(coef)))
    with np.errstate(over="ignore", invalid="ignore"):
        if issparse(X):
            scores[:] = X @ coef.T + intercept
        else:
            for rows in blocks(len(X), X.shape[1]):
                scores[rows] = X[rows].astype(np.float64, copy=False) @ coef.T + intercept
    return np.clip(np.nan_to_num(scores, copy=False), -_LARGEST, _LARGEST, out=scores)


def log_probabilities(scores: Floats) -> Floats:
    """Return the logarithms of the class probabilities, shape (n, K).

    One score is the log-odds of the second of two classes; otherwise there is one a class.
    """
    if scores.shape[1] == 1:
        return -np.logaddexp(0, np.hstack([scores, -scores]))
    shifted: Floats = scores - scores.max(axis=1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return shifted


def predicted(scores: Floats) -> NDArray[np.int64]:
    """Return the index of the predicted class; log-odds of exactly 0 are the second class."""
    if scores.shape[1] == 1:
        return (scores[:, 0] >= 0).astype(np.int64)
    best: NDArray[np.int64] = scores.argmax(axis=1)
    return best
