"""Intervals and trends.

Not taken from SciPy: importing its parts takes up to a second and 50 MB, and nothing else in a
study needs them. The tests compare with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

_NORMAL = NormalDist()


def wilson_interval(p: float, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval of a proportion (Wilson, 1927)."""
    z = _NORMAL.inv_cdf(0.5 + confidence / 2)
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return float(centre - half), float(centre + half)


def difference_interval(
    p1: float, n1: int, p2: float, n2: int, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the interval of p1 - p2 of independent proportions (Newcombe, 1998, method 10)."""
    low1, high1 = wilson_interval(p1, n1, confidence)
    low2, high2 = wilson_interval(p2, n2, confidence)
    difference = p1 - p2
    low = difference - float(np.hypot(p1 - low1, high2 - p2))
    high = difference + float(np.hypot(high1 - p1, p2 - low2))
    return low, high


@dataclass(frozen=True)
class Trend:
    """A Theil-Sen slope with its 95% interval (Sen, 1968), and the value at either end of it."""

    slope: float
    low: float
    high: float

    @property
    def direction(self) -> int:
        """-1 falling, 1 rising, 0 if the interval holds zero."""
        return int(self.low > 0) - int(self.high < 0)


def trend(x: NDArray[np.floating], y: NDArray[np.floating]) -> Trend:
    """Return the median slope of y over x, which single dips do not sway."""
    later, earlier = np.triu_indices(len(x), 1)[::-1]
    slopes = np.sort((y[later] - y[earlier]) / (x[later] - x[earlier]))
    # Kendall's S has this variance when there is no trend (with a correction for equal values).
    n, (_, ties) = len(y), np.unique(y, return_counts=True)
    variance = (n * (n - 1) * (2 * n + 5) - np.sum(ties * (ties - 1) * (2 * ties + 5))) / 18
    reach = _NORMAL.inv_cdf(0.975) * float(np.sqrt(variance))
    low = max(round((len(slopes) - reach) / 2) - 1, 0)
    high = min(round((len(slopes) + reach) / 2), len(slopes) - 1)
    return Trend(float(np.median(slopes)), float(slopes[low]), float(slopes[high]))
