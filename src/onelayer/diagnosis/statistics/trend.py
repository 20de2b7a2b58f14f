"""Trends of curves, whose neighbouring values are not independent."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.statistics.quantiles import t_two_sided

MOST_POINTS = 200
"""A longer curve is thinned to the means of so many equal stretches: pairs grow with the square."""

MOST_CORRELATION = 0.98
"""Of neighbours; a curve more correlated than this is no noise about a line."""

LEAST_INDEPENDENT = 4
"""To as few values a correlated curve may be worth, no fewer."""


@dataclass(frozen=True)
class Trend:
    """A Theil-Sen slope with its interval.

    Attributes
    ----------
    slope, low, high : float
        The interval covers the slope of a line about which the curve has noise whose neighbouring
        values may be correlated.
    correlation : float
        Of neighbouring values about the line, after thinning.
    """

    slope: float
    low: float
    high: float
    correlation: float = 0.0

    @property
    def direction(self) -> int:
        """-1 falling, 1 rising, 0 if the interval holds zero."""
        return self.beyond(0.0)

    def beyond(self, least: float) -> int:
        """Return -1 if it falls by more than this for sure, 1 if it rises so, 0 if neither."""
        return int(self.low > least) - int(self.high < -least)

    def is_within(self, least: float) -> bool:
        """Whether it neither falls nor rises by more than this, for sure."""
        return -least <= self.low and self.high <= least


def trend(x: NDArray[np.floating], y: NDArray[np.floating], confidence: float = 0.95) -> Trend:
    """Return the median slope of y over x, which single dips do not sway.

    Its interval is that of Sen (1968), for which Kendall's S has the variance of correlated values
    (Hamed and Rao, 1998; here of a first-order autoregression of the ranks, whose coefficient is
    corrected for the bias of short curves), and Student's t the freedom of as many independent
    values.

    Parameters
    ----------
    x, y : (n,) float arrays, n at least 3
        x is rising; all values are finite.
    """
    if len(x) > MOST_POINTS:
        x, y = _thinned(x), _thinned(y)
    n = len(y)
    later, earlier = np.triu_indices(n, 1)[::-1]
    slopes = np.sort((y[later] - y[earlier]) / (x[later] - x[earlier]))
    slope = float(np.median(slopes))
    correlation = _correlation(_ranks(y - slope * x))
    lags = np.arange(1, n)
    inflation = 1 + 2 * float(np.sum((1 - lags / n) * correlation**lags))
    independent = max(n / inflation, LEAST_INDEPENDENT)
    variance = n * (n - 1) * (2 * n + 5) / 18 * inflation
    reach = t_two_sided(independent - 2, confidence) * math.sqrt(variance)
    low = max(round((len(slopes) - reach) / 2) - 1, 0)
    high = min(round((len(slopes) + reach) / 2), len(slopes) - 1)
    return Trend(slope, float(slopes[low]), float(slopes[high]), correlation)


def _thinned(values: NDArray[np.floating]) -> NDArray[np.floating]:
    ends = np.linspace(0, len(values), MOST_POINTS + 1).astype(np.intp)
    sums: NDArray[np.floating] = np.add.reduceat(values, ends[:-1])
    return sums / np.diff(ends)


def _ranks(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the ranks; equal values share the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: NDArray[np.floating] = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return ranks


def _correlation(residuals: NDArray[np.floating]) -> float:
    """Return the correlation of neighbours, from 0 up.

    About a fitted line it is too small by about (2 + 4 rho) / n (Kendall, 1954; for a line, Tiao
    and Xu, 1993).
    """
    centred = residuals - np.mean(residuals)
    n, square = len(centred), float(centred @ centred)
    if square == 0 or n <= 8:
        return 0.0
    raw = float(centred[1:] @ centred[:-1]) / square
    return min(max((n * raw + 2) / (n - 4), 0.0), MOST_CORRELATION)
