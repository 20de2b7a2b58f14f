"""The bias that lets a sample's predictions have given shares, for many outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from onelayer.model import LOSSES

Array = NDArray[Any]
Wide = NDArray[np.float64]

_MOST_STEPS = 8
_NEAR = 1e-3
"""As a share of each share: the sample is not as good as that."""


def balancing_bias(scores: Array, wanted: Wide, counts: Wide | None) -> Wide | None:
    """Return what is to be added to softmax scores; None if Newton's steps do not find it.

    Parameters
    ----------
    scores : array, shape (n_sample, n_outputs)
    wanted : array, shape (n_outputs,)
        The mean of the predicted probabilities that is asked for, of sum 1.
    counts : array, shape (n_sample,), or None
        How much each example counts, with mean 1.
    """
    added, before = np.zeros(len(wanted)), np.inf
    for _ in range(_MOST_STEPS):
        p = LOSSES["softmax"].probabilities(scores + added.astype(scores.dtype))
        counted = p if counts is None else p * counts[:, None].astype(p.dtype)
        shares = np.asarray(counted.mean(axis=0), np.float64)
        off = float(np.abs(shares / wanted - 1).max())
        if off <= _NEAR:
            return added
        if not off < before:
            return None
        before = off
        hessian = np.diag(shares) - np.asarray(counted.T @ p, np.float64) / len(p)
        hessian += np.outer(wanted, wanted)  # a bias that is the same for all changes nothing
        factor, failed = linalg.lapack.dpotrf(hessian, lower=True)
        if failed:
            return None
        step, _ = linalg.lapack.dpotrs(factor, wanted - shares, lower=True)
        added += step
    return added if before < 0.1 else None
