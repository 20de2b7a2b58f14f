"""Tests of whether two samples are alike."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def mann_whitney(scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> tuple[float, float]:
    """Return how often a positive score exceeds another, ties as half, and the null variance."""
    _, inverse, sizes = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(sizes) - (sizes - 1) / 2
    n, m = int(positive.sum()), int((~positive).sum())
    area = (ranks[inverse][positive].sum() - n * (n + 1) / 2) / (n * m)
    total = n + m
    ties = float(np.sum(sizes.astype(np.float64) ** 3 - sizes)) / (total * (total - 1))
    return float(area), (total + 1 - ties) / (12 * n * m)


def chi2_tail(statistic: float, freedom: int) -> float:
    """Return how likely a chi² value is exceeded, by recurrence over the degrees of freedom."""
    if freedom < 1 or statistic <= 0:
        return 1.0
    half = statistic / 2
    tail = math.erfc(math.sqrt(half)) if freedom % 2 else math.exp(-half)
    for k in range(1 + (freedom + 1) % 2, freedom, 2):  # from k to k + 2 degrees
        tail += math.exp(k / 2 * math.log(half) - half - math.lgamma(k / 2 + 1))
    return min(tail, 1.0)
