"""Tests of whether two samples are alike."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, gammaln


def mann_whitney(scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> tuple[float, float]:
    """Return how often a positive score exceeds another, ties as half, and the null variance."""
    _, inverse, sizes = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(sizes) - (sizes - 1) / 2
    n, m = int(positive.sum()), int((~positive).sum())
    area = (ranks[inverse][positive].sum() - n * (n + 1) / 2) / (n * m)
    total = n + m
    ties = float(np.sum(sizes.astype(np.float64) ** 3 - sizes)) / (total * (total - 1))
    return float(area), (total + 1 - ties) / (12 * n * m)


def log_choose(n: ArrayLike, k: ArrayLike) -> Any:
    """Return the logarithm of the number of ways to choose k of n."""
    n, k = np.asarray(n), np.asarray(k)
    return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)


def fisher(first: int, of_first: int, second: int, of_second: int) -> float:
    """Return how likely two shares are so far apart by chance, twice the smaller tail.

    Exact, given both totals (Fisher, 1934).

    Parameters
    ----------
    first, second : int
        How many of `of_first` and of `of_second` examples have it.
    """
    both = first + second
    possible = np.arange(max(0, both - of_second), min(both, of_first) + 1)
    logs = log_choose(of_first, possible) + log_choose(of_second, both - possible)
    chances = np.exp(logs - logs.max())
    tails = chances[possible <= first].sum(), chances[possible >= first].sum()
    return float(min(1.0, 2 * min(tails) / chances.sum()))


def counts_differ(table: NDArray[np.integer]) -> float:
    """Return how likely class counts of two samples are so different by chance.

    By chi², to which all classes add, and by Fisher's test of each class against the others, which
    sees the one class that differs among many that do not; both with Bonferroni's bound.

    Parameters
    ----------
    table : (2, k) int array
        Classes without an example say nothing.
    """
    table = table[:, table.sum(axis=0) > 0]
    sizes, sums, classes = table.sum(axis=1), table.sum(axis=0), table.shape[1]
    if classes < 2 or sizes.min() == 0:
        return 1.0
    expected = np.outer(sizes, sums) / sizes.sum()
    by_all = float(chdtrc(classes - 1, (np.square(table - expected) / expected).sum()))
    if classes == 2:  # both ask the same
        return by_all
    by_one = min(
        fisher(int(a), int(sizes[0]), int(b), int(sizes[1])) for a, b in table.T
    )  # fmt: skip
    return float(min(1.0, 2 * min(by_all, classes * by_one)))
