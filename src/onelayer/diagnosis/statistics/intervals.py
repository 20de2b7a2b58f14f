"""Intervals of proportions, of the difference of two over different examples, and of a mean."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.statistics.quantiles import t_two_sided, z_two_sided


def wilson_interval(p: float, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval of a proportion (Wilson, 1927)."""
    z = z_two_sided(confidence)
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return float(centre - half), float(centre + half)


def difference_interval(
    p1: float, n1: int, p2: float, n2: int, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the interval of p1 - p2 of independent proportions (Newcombe, 1998, method 10).

    Two models on the same examples are not independent: see `PairedAccuracies`.
    """
    low1, high1 = wilson_interval(p1, n1, confidence)
    low2, high2 = wilson_interval(p2, n2, confidence)
    difference = p1 - p2
    low = difference - float(np.hypot(p1 - low1, high2 - p2))
    high = difference + float(np.hypot(high1 - p1, p2 - low2))
    return low, high


def mean_interval(values: NDArray[np.floating], confidence: float = 0.95) -> tuple[float, float]:
    """Return Student's interval of a mean; there are at least nine values."""
    mean = float(np.mean(values))
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    reach = t_two_sided(len(values) - 1, confidence) * error
    return mean - reach, mean + reach
